//! Rooms whose snapshot is yet to be written to SQL. Only the newest state of each waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::{Room, RoomId};
use tokio::sync::Notify;

/// How many snapshots one transaction writes.
const ROWS_MAX: usize = 500;

/// Rooms whose snapshot waits, at most one state of each.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    // A std mutex: never held across an await.
    waiting: Mutex<HashMap<RoomId, Arc<Room>>>,
    /// Notified when a snapshot should be written at once.
    pub(super) urgent: Notify,
}

impl Backlog {
    /// Adds a room that has changed. The end of a room is urgent.
    pub(super) fn add(&self, room: &Arc<Room>) {
        let mut waiting = self.lock();
        let known = waiting.get(&room.room_id);
        if known.is_none_or(|known| known.place() < room.place()) {
            waiting.insert(room.room_id.clone(), room.clone());
        }
        if !room.is_open() {
            self.urgent.notify_one();
        }
    }

    /// Returns a room whose snapshot waits.
    pub(super) fn find(&self, room_id: &RoomId) -> Option<Arc<Room>> {
        self.lock().get(room_id).cloned()
    }

    /// Removes a room that is gone.
    pub(super) fn remove(&self, room_id: &RoomId) {
        self.lock().remove(room_id);
    }

    /// Takes out the rooms of one transaction.
    pub(super) fn take(&self) -> Vec<Arc<Room>> {
        let mut waiting = self.lock();
        let ids: Vec<RoomId> = waiting.keys().take(ROWS_MAX).cloned().collect();
        ids.iter().filter_map(|id| waiting.remove(id)).collect()
    }

    /// The number of rooms that wait.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Arc<Room>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
