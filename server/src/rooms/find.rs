//! Finds a room by id or code.

use std::sync::Arc;

use contracts::ErrorCode;
use engine::{Room, RoomId};
use tokio::time::timeout;

use super::{COMMAND_TIMEOUT, Rooms};
use crate::refusal::Refusal;

impl Rooms {
    /// Finds a room as this node knows it.
    pub async fn find(&self, room_id: &RoomId) -> Result<Arc<Room>, Refusal> {
        let room = timeout(COMMAND_TIMEOUT, self.store.load(room_id)).await;
        let room = room.map_err(|_| Refusal::store_unavailable())??;
        room.ok_or_else(not_found)
    }

    /// Finds a room by its code, in canonical form.
    pub async fn find_by_code(&self, code: &str) -> Result<Arc<Room>, Refusal> {
        let Some(room_id) = self.store.find_code(code).await? else { return Err(not_found()) };
        match self.find(&room_id).await {
            Ok(room) if room.code == code => return Ok(room),
            Err(refusal) if refusal.code() != ErrorCode::RoomNotFound => return Err(refusal),
            _ => {}
        }
        // The store says what isn't so; codes are kept in SQL, too.
        let known = self.sql.find_code(code).await;
        match known.map_err(|error| Refusal::store_unavailable().caused_by(error))? {
            Some(room_id) => self.find(&room_id).await,
            None => Err(not_found()),
        }
    }

    /// Finds the newest durable state of a room.
    pub async fn find_newest(&self, room_id: &RoomId) -> Result<Arc<Room>, Refusal> {
        self.store.load_newest(room_id).await?.ok_or_else(not_found)
    }

    /// Finds the newest durable state of a room, if it isn't `known`.
    pub(super) async fn find_newer(&self, known: &Room) -> Result<Option<Arc<Room>>, Refusal> {
        let newest = self.find_newest(&known.room_id).await?;
        Ok((newest.place() != known.place()).then_some(newest))
    }
}

/// Refuses a request that names no room.
pub fn not_found() -> Refusal {
    Refusal::new(ErrorCode::RoomNotFound, "there is no such room")
}

/// Refuses to let anybody into a room that is over.
pub fn closed() -> Refusal {
    Refusal::new(ErrorCode::RoomClosed, "the party is over")
}
