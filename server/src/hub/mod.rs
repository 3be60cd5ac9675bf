//! Fan-out: who is connected to this node, and one commit to every connection.

mod outbox;
mod room_hub;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, RwLock};

use contracts::CloseCode;
use engine::{RoomId, Timestamp};

pub use outbox::{OrderedFrame, Outbox, Outgoing};
pub use room_hub::{Connection, NewConnection, RoomHub};

/// Every room that this node has seen, with its connections.
#[derive(Debug, Default)]
pub struct Hub {
    // Std locks: never held across an await.
    rooms: RwLock<HashMap<RoomId, Arc<RoomHub>>>,
    stirred: Mutex<HashSet<RoomId>>,
}

impl Hub {
    /// A room's connections; made empty on first sight.
    pub fn room(&self, room_id: &RoomId, now: Timestamp) -> Arc<RoomHub> {
        if let Some(room) = self.find(room_id) {
            return room;
        }
        let mut rooms = self.rooms.write().expect("not poisoned");
        let make = || Arc::new(RoomHub::new(room_id.clone(), now));
        rooms.entry(room_id.clone()).or_insert_with(make).clone()
    }

    /// A room's connections, if this node has seen the room.
    pub fn find(&self, room_id: &RoomId) -> Option<Arc<RoomHub>> {
        self.rooms.read().expect("not poisoned").get(room_id).cloned()
    }

    /// Forgets a room that is gone.
    pub fn forget(&self, room_id: &RoomId) {
        self.rooms.write().expect("not poisoned").remove(room_id);
    }

    /// How many rooms this node has seen.
    pub fn room_count(&self) -> usize {
        self.rooms.read().expect("not poisoned").len()
    }

    /// Every room that this node has seen.
    pub fn all(&self) -> Vec<Arc<RoomHub>> {
        self.rooms.read().expect("not poisoned").values().cloned().collect()
    }

    /// Closes every connection after what is on its way.
    pub fn close_all(&self, code: CloseCode) {
        for room in self.all() {
            room.close_all(code);
        }
    }

    /// Notes that the presence of a room has changed, to be told with the next beat.
    pub fn stir(&self, room_id: &RoomId) {
        self.stirred.lock().expect("not poisoned").insert(room_id.clone());
    }

    /// Rooms whose presence has changed since the last call.
    pub fn take_stirred(&self) -> Vec<Arc<RoomHub>> {
        let stirred = std::mem::take(&mut *self.stirred.lock().expect("not poisoned"));
        stirred.iter().filter_map(|room_id| self.find(room_id)).collect()
    }
}
