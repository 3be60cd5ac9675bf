//! The committed deadlines of the rooms that this node follows.

use std::collections::{BTreeSet, HashMap};

use engine::{RoomId, Timestamp};

/// Deadlines by time.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    by_time: BTreeSet<(Timestamp, RoomId)>,
    /// Invariant: the same entries as `by_time`.
    by_room: HashMap<RoomId, Timestamp>,
}

impl Deadlines {
    /// Replaces the deadline of a room.
    pub(super) fn set(&mut self, room_id: &RoomId, deadline: Option<Timestamp>) {
        let before = match deadline {
            Some(at) => self.by_room.insert(room_id.clone(), at),
            None => self.by_room.remove(room_id),
        };
        if let Some(before) = before {
            self.by_time.remove(&(before, room_id.clone()));
        }
        self.by_time.extend(deadline.map(|at| (at, room_id.clone())));
    }

    /// Lists rooms whose deadline has come at `now`, the earliest first.
    pub(super) fn due(&self, now: Timestamp) -> impl Iterator<Item = &RoomId> {
        let due = self.by_time.iter().take_while(move |(at, _)| *at <= now);
        due.map(|(_, room_id)| room_id)
    }
}
