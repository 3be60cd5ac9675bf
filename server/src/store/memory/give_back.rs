//! Gives back the time in which this process stood still, as that of an outage: nobody could come back
//! meanwhile. This is done before any deadline is carried out.

use std::sync::Arc;

use engine::{RoomId, rebase};
use futures_util::future::join_all;

use super::freeze::GAP_MS;
use super::store::MemoryStore;
use crate::store::{RoomStore, StoreError};

/// How many rooms are changed at once: fewer than may wait for the writer.
const AT_ONCE: usize = 256;
/// How often rooms are tried that somebody changes meanwhile.
const TRIES_MAX: usize = 8;

impl MemoryStore {
    /// Gives back the time in which the process stood still, if it did since the last call. To be called
    /// before each look for due rooms; while it fails, none may be carried out.
    pub(super) async fn give_back_freeze(&self) -> Result<(), StoreError> {
        let Some(stopped_at) = self.freeze.note(self.clock.now()) else { return Ok(()) };
        let until = self.clock.now();
        let frozen_ms = until.millis_since(stopped_at);
        self.tables.renew_signs(until);
        // What began later began after the process went on.
        let went_on = stopped_at.plus_millis(GAP_MS);
        let mut waiting = Vec::new();
        for _ in 0..TRIES_MAX {
            waiting = self.tables.list_waiting(went_on);
            if waiting.is_empty() {
                break;
            }
            for rooms in waiting.chunks(AT_ONCE) {
                let issued = self.sql.raise_epochs(rooms).await;
                let issued = issued.map_err(|error| StoreError::new("epoch", error))?;
                let moved = issued.iter().map(async |(room_id, epoch)| {
                    self.move_deadline(room_id, *epoch, frozen_ms).await
                });
                join_all(moved).await.into_iter().collect::<Result<(), _>>()?;
            }
        }
        for room_id in &waiting {
            tracing::warn!(room.id = %room_id, "a host doesn't get back the time of a standstill");
        }
        self.freeze.end();
        let seconds = frozen_ms / 1000;
        tracing::warn!(seconds, "this process stood still; hosts get the time back");
        Ok(())
    }

    /// Moves the deadline of a room that waits for its host. If somebody changes the room meanwhile,
    /// nothing is done.
    async fn move_deadline(
        &self,
        room_id: &RoomId,
        epoch: u64,
        frozen_ms: u64,
    ) -> Result<(), StoreError> {
        let Some(room) = self.tables.find(room_id) else { return Ok(()) };
        if !room.lifecycle.moves_with_outages() {
            return Ok(());
        }
        match rebase(&room, epoch, false, self.clock.now(), frozen_ms) {
            Some(rebuilt) => self.commit(&room, Arc::new(rebuilt.commit)).await.map(drop),
            None => Ok(()),
        }
    }
}
