//! Creates a room, once however often the same request is repeated.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use contracts::ErrorCode;
use engine::{ChatSettings, NewRoom, Profile, Rejection, Room, RoomId, Settings};
use tokio::time::{sleep, timeout};

use super::{COMMAND_TIMEOUT, Rooms};
use crate::access::Proof;
use crate::id;
use crate::refusal::Refusal;
use crate::sql::{Creation, CreationKey, SqlError, Taken};

/// How many ids are drawn to find one of a room that can be stored.
const DRAWS_MAX: usize = 64;
/// How often a room that another node is creating is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What a new room is to be.
#[derive(Clone, Debug)]
pub struct RoomSpec {
    /// Its name.
    pub name: String,
    /// Whether it is listed.
    pub is_public: bool,
    /// The language that is spoken in it.
    pub language: Option<String>,
    /// What it is about.
    pub tags: Vec<String>,
    /// How it behaves.
    pub settings: Settings,
    /// The hash of its password, if it has one.
    pub password_hash: Option<String>,
}

/// The beginning of a creation: which room it makes. The room may exist already.
#[derive(Debug)]
pub struct Beginning {
    room_id: RoomId,
    code: String,
    /// The room's first epoch, if it is registered already and this is the request to create it.
    epoch: Option<u64>,
    /// Whether the same request may have come before.
    is_named: bool,
    /// Whether the room was made then.
    is_created: bool,
}

impl Beginning {
    /// The room's id.
    pub fn room_id(&self) -> &RoomId {
        &self.room_id
    }

    /// Whether the same request may have come before, and may have made the room.
    pub fn is_named(&self) -> bool {
        self.is_named
    }
}

impl Rooms {
    /// Begins to create a room. The same key leads to the same room, for as long as the database
    /// remembers it; if that room is gone, the request is refused. Only a request that may make a room is
    /// counted as one of the user and the address.
    pub async fn begin(
        &self,
        user_id: &str,
        address: IpAddr,
        key: Option<CreationKey<'_>>,
    ) -> Result<Beginning, Refusal> {
        let (room_id, code) = (self.draw_room_id(), id::room_code());
        let Some(key) = key else {
            self.check_new(user_id, address).await?;
            let (epoch, is_named, is_created) = (None, false, false);
            return Ok(Beginning { room_id, code, epoch, is_named, is_created });
        };
        let begun = {
            // Of several that come at once under one key, only the first makes a room.
            let _turn = self.beginning.take(&format!("{user_id} {}", key.key)).await;
            let now = self.clock.now();
            if !self.sql.has_creation(key, now).await.map_err(unavailable)? {
                self.check_new(user_id, address).await?;
            }
            self.sql.begin_creation(key, &room_id, &code, now).await
        };
        let Creation { room_id, code, payload_hash, is_created, has_ended, epoch } =
            begun.map_err(unavailable)?;
        if payload_hash != key.payload_hash {
            return Err(Rejection::IdReused.into());
        }
        if has_ended {
            return Err(gone());
        }
        Ok(Beginning { room_id, code, epoch, is_named: true, is_created })
    }

    /// Counts a new room, and refuses one too many of the address, of the user or of the server.
    async fn check_new(&self, user_id: &str, address: IpAddr) -> Result<(), Refusal> {
        self.limiters.check_room(address, user_id)?;
        let rooms = self.sql.count_rooms().await.map_err(unavailable)?;
        self.limiters.check_rooms(rooms)
    }

    /// Draws a room's id: of a room that can be stored, if any can.
    fn draw_room_id(&self) -> RoomId {
        let mut drawn = (0..DRAWS_MAX).map(|_| id::room_id());
        drawn.find(|room_id| self.hub.is_reachable(room_id)).unwrap_or_else(id::room_id)
    }

    /// Creates the room that `beginning` and `proof` name, with its user as host and member, connected
    /// or not. A repeated call returns the room that exists.
    pub async fn create(
        &self,
        proof: &Proof,
        beginning: Beginning,
        spec: RoomSpec,
    ) -> Result<Arc<Room>, Refusal> {
        let is_unnoted = beginning.is_named && !beginning.is_created;
        let room = self.find_or_create(proof, beginning, spec).await?;
        if is_unnoted {
            // Before anybody is answered with it, so that it is never made a second time.
            self.sql.note_created(&room.room_id).await.map_err(unavailable)?;
        }
        self.members.join(proof, &room).await?;
        Ok(room)
    }

    async fn find_or_create(
        &self,
        proof: &Proof,
        beginning: Beginning,
        spec: RoomSpec,
    ) -> Result<Arc<Room>, Refusal> {
        let Beginning { room_id, code, epoch, is_named, is_created } = beginning;
        let _turn = self.creating.take(room_id.as_str()).await;
        if is_named {
            match self.store.load(&room_id).await? {
                Some(existing) if existing.is_open() => return Ok(existing),
                Some(_) => return Err(gone()),
                // The database may have been away when it was deleted.
                None if is_created => return Err(gone()),
                None => {}
            }
        }
        let now = self.clock.now();
        let epoch = match epoch {
            Some(epoch) => epoch,
            None => match self.sql.create_room(&room_id, &code, now).await {
                Ok(epoch) => epoch,
                // The same request at another node has been faster.
                Err(SqlError::Taken(Taken::RoomId)) if is_named => {
                    return self.await_creation(&room_id).await;
                }
                Err(error) => return Err(unavailable(error)),
            },
        };
        if let Some(hash) = &spec.password_hash {
            self.access.passwords().set(&room_id, hash).await?;
        }
        let new = NewRoom {
            creator_id: proof.participant_id().clone(),
            room_id: room_id.clone(),
            code,
            profile: Profile {
                name: spec.name,
                is_public: spec.is_public,
                language: spec.language,
                tags: spec.tags,
                settings: spec.settings,
                chat: ChatSettings { enabled: true, slow_mode_ms: 0 },
            },
            epoch,
        };
        let room = Room::new(new, now);
        if let Err(error) = self.store.create(room.clone()).await {
            // The same request was first at another node, or the store's reply was lost.
            return match self.store.load_newest(&room_id).await {
                Ok(Some(existing)) => Ok(existing),
                _ => Err(error.into()),
            };
        }
        tracing::info!(room.id = %room_id, "room created");
        Ok(Arc::new(room))
    }

    /// Waits a moment for a room that the same request is just creating at another node. Whether it will
    /// isn't known then.
    async fn await_creation(&self, room_id: &RoomId) -> Result<Arc<Room>, Refusal> {
        let created = async {
            loop {
                if let Some(room) = self.store.load_newest(room_id).await? {
                    return Ok(room);
                }
                sleep(LOOK_AGAIN).await;
            }
        };
        timeout(COMMAND_TIMEOUT, created)
            .await
            .unwrap_or_else(|_| Err(Refusal::store_unavailable()))
    }
}

fn gone() -> Refusal {
    let detail = "the room that this Idempotency-Key created is gone; take another key";
    Refusal::new(ErrorCode::RoomClosed, detail)
}

fn unavailable(error: SqlError) -> Refusal {
    Refusal::store_unavailable().caused_by(error)
}
