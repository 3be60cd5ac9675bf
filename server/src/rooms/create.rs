//! Makes a room.

use std::sync::Arc;

use contracts::ErrorCode;
use engine::{ChatSettings, NewRoom, Profile, Rejection, Room, Settings};

use super::Rooms;
use crate::auth::Caller;
use crate::id;
use crate::refusal::Refusal;

/// What a new room is to be.
#[derive(Clone, Debug)]
pub struct RoomSpec {
    /// What it is called.
    pub name: String,
    /// Whether it is listed.
    pub is_public: bool,
    /// How it behaves.
    pub settings: Settings,
}

impl Rooms {
    /// Makes a room whose creator is host, connected or not. The same `key` of the same user names
    /// the same room.
    pub async fn create(
        &self,
        caller: &Caller,
        spec: RoomSpec,
        key: Option<&str>,
    ) -> Result<Arc<Room>, Refusal> {
        let room_id = key.map_or_else(id::room_id, |key| id::named_room_id(&caller.user_id, key));
        if let Some(made) = self.store.load(&room_id).await? {
            let Profile { name, is_public, settings, .. } = &made.profile;
            let same = (name, *is_public, *settings) == (&spec.name, spec.is_public, spec.settings);
            return if same { Ok(made) } else { Err(Rejection::IdReused.into()) };
        }
        let rooms = self.sql.count_rooms().await;
        let rooms = rooms.map_err(|error| Refusal::store_unavailable().caused_by(error))?;
        if usize::try_from(rooms).unwrap_or(usize::MAX) >= self.limits.rooms {
            return Err(Refusal::new(ErrorCode::LimitReached, "this server takes no more rooms"));
        }
        let now = self.clock.now();
        let code = id::room_code();
        let epoch = self
            .sql
            .create_room(&room_id, &code, now)
            .await
            .map_err(|error| Refusal::store_unavailable().caused_by(error))?;
        let new = NewRoom {
            creator_id: caller.participant_id(&room_id),
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
            // Somebody was quicker with the same key, or it was made though no answer came.
            return match self.store.load_newest(&room_id).await {
                Ok(Some(made)) if made.profile == room.profile => Ok(made),
                _ => Err(error.into()),
            };
        }
        tracing::info!(room.id = %room_id, "room created");
        Ok(Arc::new(room))
    }
}
