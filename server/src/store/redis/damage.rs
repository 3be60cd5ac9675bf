//! What somebody else has changed in Redis: a disk, a hand, another program. Each damage is logged once, and
//! what other copies remember completes what is left of a room.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::{Ops, Room, RoomId};

/// How many damages are remembered as logged. Beyond that, some are logged again.
const TOLD_MAX: usize = 1_024;

/// The damages that were told and aren't mended yet, by room and field.
#[derive(Debug, Default)]
pub(super) struct Damage(Mutex<HashSet<(RoomId, String)>>);

impl Damage {
    /// Forgets what was told of a room, because it is mended.
    pub(super) fn forget(&self, room_id: &RoomId) {
        self.lock().retain(|(room, _)| room != room_id);
    }

    /// Remembers a damage. Returns whether it is to be told.
    pub(super) fn begin(&self, room_id: &RoomId, field: &str) -> bool {
        let mut told = self.lock();
        if told.len() >= TOLD_MAX {
            told.clear();
        }
        told.insert((room_id.clone(), field.to_owned()))
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<(RoomId, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds the commands that other copies remember to those that a damaged room still does, so that none of
/// them takes effect twice.
pub(super) fn remember_more<'a>(room: &mut Room, others: impl Iterator<Item = &'a Arc<Room>>) {
    let mut ops = Ops::default();
    for other in others {
        ops = add_missing(&ops, &other.ops);
    }
    room.ops = add_missing(&ops, &room.ops);
}

fn add_missing(ops: &Ops, more: &Ops) -> Ops {
    let missing = more.iter().filter(|committed| ops.find(&committed.op).is_none());
    ops.iter().chain(missing).cloned().collect()
}
