//! Who is connected to a room, through any node.

use engine::{Room, RoomId};

use super::Members;
use crate::hub::{ParticipantCursor, ParticipantPage, Presence};
use crate::store::StoreError;
use crate::wire::Viewers;

impl Members {
    /// Counts who is connected, as this node knows it from the other nodes. `None` if it isn't told.
    pub fn known_viewers(&self, room_id: &RoomId) -> Option<Viewers> {
        let hub = self.hub.find(room_id).filter(|hub| hub.knows_remote())?;
        Some(hub.viewers())
    }

    /// Counts who is connected.
    pub async fn viewers(&self, room_id: &RoomId) -> Result<Viewers, StoreError> {
        if let Some(known) = self.known_viewers(room_id) {
            return Ok(known);
        }
        let elsewhere = self.store.load_presence(room_id).await?;
        let count = Presence::of_remote(&elsewhere).count();
        Ok(Viewers { count, peak: elsewhere.peak.max(count) })
    }

    /// Lists up to `take` connected participants behind a cursor: the host first, then the longest
    /// connected.
    pub async fn list_participants(
        &self,
        room: &Room,
        after: Option<&ParticipantCursor>,
        take: usize,
    ) -> Result<ParticipantPage, StoreError> {
        let room_id = &room.room_id;
        if let Some(hub) = self.hub.find(room_id).filter(|hub| hub.knows_remote()) {
            return Ok(hub.list_participants(room, after, take));
        }
        let elsewhere = self.store.load_presence(room_id).await?;
        Ok(Presence::of_remote(&elsewhere).list(room, after, take))
    }
}
