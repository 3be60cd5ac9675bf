//! Who is connected to a room, through any node.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Room, RoomId};

use super::Members;
use crate::hub::{ParticipantCursor, ParticipantPage, Presence, Roster};
use crate::store::StoreError;
use crate::wire::Viewers;

/// How long the roster of a large room that this node isn't told of is kept.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// How many rosters are loaded at once. Strangers may ask for any room's, and each costs as much as it is long.
pub(super) const LOADED_AT_ONCE: usize = 4;

/// A roster with the most participants that the room ever had, and when it was loaded.
pub(super) type Loaded = (Instant, Arc<Roster>, u64);

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
        let (_, roster, peak) = self.load_roster(room_id).await?;
        let count = roster.count();
        Ok(Viewers { count, peak: peak.max(count) })
    }

    /// Lists up to `take` connected participants behind a cursor: the host first, then the longest
    /// connected. The list of a large room may be a second old.
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
        let (_, roster, _) = self.load_roster(room_id).await?;
        Ok(roster.page(room, after, take))
    }

    /// Loads who is connected to a room that this node isn't told of. A large roster is kept for a moment.
    pub(super) async fn load_roster(&self, room_id: &RoomId) -> Result<Loaded, StoreError> {
        if let Some(kept) = self.find_loaded(room_id) {
            return Ok(kept);
        }
        // The semaphore is never closed.
        let _permit = self.loading.acquire().await.ok();
        if let Some(kept) = self.find_loaded(room_id) {
            return Ok(kept);
        }
        let elsewhere = self.store.load_presence(room_id).await?;
        let roster = Arc::new(Roster::of(Presence::of_remote(&elsewhere)));
        let loaded = (Instant::now(), roster, elsewhere.peak);
        if loaded.1.is_large() {
            let mut all = self.loaded();
            all.retain(|_, (at, ..)| at.elapsed() < KEPT_FOR);
            all.insert(room_id.clone(), loaded.clone());
        }
        Ok(loaded)
    }

    fn find_loaded(&self, room_id: &RoomId) -> Option<Loaded> {
        let kept = self.loaded().get(room_id).cloned();
        kept.filter(|(at, ..)| at.elapsed() < KEPT_FOR)
    }
}
