//! A panic over one room ends what was done for that room, and nothing else.

use std::panic::AssertUnwindSafe;

use contracts::CloseCode;
use engine::RoomId;
use futures_util::FutureExt;

use super::Rooms;

impl Rooms {
    /// Does something for one room. If that panics, its connections are closed, so that their
    /// clients come back to what the store has.
    pub(super) async fn guard<T>(
        &self,
        room_id: &RoomId,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        // What a panic leaves behind its locks is made anew by whoever takes them next.
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(done) => Some(done),
            Err(_) => {
                count_panic();
                tracing::error!(room.id = %room_id, "a panic; the room's connections start anew");
                if let Some(hub) = self.hub.find(room_id) {
                    hub.close_all(CloseCode::INTERNAL);
                }
                None
            }
        }
    }
}

/// Counts a panic over one room.
pub fn count_panic() {
    metrics::counter!("playhead_room_panics_total").increment(1);
}

#[cfg(test)]
mod tests;
