//! Contains panics: one in the work for a room ends that work and closes that room's connections,
//! nothing else.

use std::panic::AssertUnwindSafe;

use contracts::CloseCode;
use engine::RoomId;
use futures_util::FutureExt;

use super::Rooms;

impl Rooms {
    /// Runs work for one room. If it panics, the room's connections are closed, so that their clients
    /// reconnect to the state in the store. Returns `None` then.
    pub(super) async fn guard<T>(
        &self,
        room_id: &RoomId,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        // Whatever a panic leaves under a lock is rebuilt by the next one to take that lock.
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(done) => Some(done),
            Err(_) => {
                count_panic();
                tracing::error!(room.id = %room_id, "a panic; closing the room's connections");
                if let Some(hub) = self.hub.find(room_id) {
                    hub.close_all(CloseCode::INTERNAL);
                }
                None
            }
        }
    }
}

/// Counts a panic in the work for one room.
pub fn count_panic() {
    metrics::counter!("playhead_room_panics_total").increment(1);
}
