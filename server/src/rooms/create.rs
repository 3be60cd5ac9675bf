//! Creates a room.

use std::sync::Arc;

use engine::{ChatSettings, NewRoom, Profile, Rejection, Room, RoomId, Settings};

use super::Rooms;
use crate::access::Proof;
use crate::id;
use crate::refusal::Refusal;

/// What a new room is to be.
#[derive(Clone, Debug)]
pub struct RoomSpec {
    /// Its name.
    pub name: String,
    /// Whether it is listed.
    pub is_public: bool,
    /// How it behaves.
    pub settings: Settings,
}

impl Rooms {
    /// Returns the id of a room to create: the same each time for the same user and idempotency key.
    pub fn id_of_new(&self, user_id: &str, key: Option<&str>) -> RoomId {
        key.map_or_else(id::room_id, |key| id::named_room_id(user_id, key))
    }

    /// Creates the room that `proof` names, with its user as host and member, connected or not. A
    /// repeated call with the same spec returns the room that exists.
    pub async fn create(&self, proof: &Proof, spec: RoomSpec) -> Result<Arc<Room>, Refusal> {
        let room = self.find_or_create(proof, spec).await?;
        self.members.join(proof).await?;
        Ok(room)
    }

    async fn find_or_create(&self, proof: &Proof, spec: RoomSpec) -> Result<Arc<Room>, Refusal> {
        let room_id = proof.room_id();
        if let Some(existing) = self.store.load(room_id).await? {
            let Profile { name, is_public, settings, .. } = &existing.profile;
            let same = (name, *is_public, *settings) == (&spec.name, spec.is_public, spec.settings);
            return if same { Ok(existing) } else { Err(Rejection::IdReused.into()) };
        }
        let rooms = self.sql.count_rooms().await;
        let rooms = rooms.map_err(|error| Refusal::store_unavailable().caused_by(error))?;
        self.limiters.check_rooms(rooms)?;
        let now = self.clock.now();
        let code = id::room_code();
        let epoch = self
            .sql
            .create_room(room_id, &code, now)
            .await
            .map_err(|error| Refusal::store_unavailable().caused_by(error))?;
        let new = NewRoom {
            creator_id: proof.participant_id().clone(),
            room_id: room_id.clone(),
            code,
            profile: Profile {
                name: spec.name,
                is_public: spec.is_public,
                settings: spec.settings,
                chat: ChatSettings { enabled: true, slow_mode_ms: 0 },
            },
            epoch,
        };
        let room = Room::new(new, now);
        if let Err(error) = self.store.create(room.clone()).await {
            // A concurrent request with the same key was first, or the store's reply was lost.
            return match self.store.load_newest(room_id).await {
                Ok(Some(existing)) if existing.profile == room.profile => Ok(existing),
                _ => Err(error.into()),
            };
        }
        tracing::info!(room.id = %room_id, "room created");
        Ok(Arc::new(room))
    }
}
