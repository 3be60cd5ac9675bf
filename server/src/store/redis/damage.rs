//! What somebody else has changed in Redis: a disk, a hand, another program. A damaged state is rebuilt, a
//! key of another type is replaced, and either is told once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::{Ops, Room, RoomId};

use super::codec::{json, text};
use super::keys;
use super::message::Message;
use super::node::Node;
use super::script::CHECK;
use crate::store::StoreError;

/// How many damages are remembered as told. Beyond, some are told again.
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
    fn begin(&self, room_id: &RoomId, field: &str) -> bool {
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

impl Node {
    /// Tells the operator of a damaged field or entry of a room, once.
    pub(super) fn tell_damaged(&self, room_id: &RoomId, field: &str, words: &str) {
        if self.damage.begin(room_id, field) {
            tracing::warn!(
                room.id = %room_id,
                field,
                words,
                "a room is damaged in Redis; what can't be read comes from another copy, or is lost"
            );
        }
    }

    /// Tells the operator of keys of a room that a script has replaced. Nodes tell again what was in them.
    pub(super) async fn tell_mended(&self, room_id: &RoomId, mended: &[String]) {
        for field in mended {
            tracing::warn!(
                room.id = %room_id,
                field,
                "a key of a room was unusable in Redis and is replaced"
            );
        }
        if mended.iter().any(|field| matches!(field.as_str(), "members" | "joined" | "present")) {
            let lost = vec![keys::channel(room_id).into(), json(&Message::PresenceLost)];
            if let Err(error) = self.client.call("PUBLISH", lost).await {
                tracing::debug!(%error, "nobody was asked to tell presence again");
            }
        }
    }

    /// Replaces the keys of a room that are of another type.
    pub(super) async fn mend(&self, room_id: &RoomId) -> Result<(), StoreError> {
        self.run("mend", &CHECK, room_id, vec![text(room_id)]).await.map(drop)
    }
}
