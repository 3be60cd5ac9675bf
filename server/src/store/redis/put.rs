//! Writes a whole room: a new one, or one that was rebuilt.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use engine::{Commit, Place, Room};

use super::client::Reply;
use super::codec::{encode_room, flag, json, optional_time, text, text_of};
use super::keys;
use super::node::Node;
use super::read::StoredRoom;
use super::script::PUT;
use crate::store::StoreError;
use crate::store::snapshots::snapshot_of;

/// The place that the script gets for a room that must be absent.
const NO_PLACE: Place = Place { epoch: 0, version: 0 };

/// What Redis must hold for a whole room to be written. A `life` of Redis ends when it restarts or is
/// emptied.
#[derive(Clone, Debug)]
pub(super) enum Precondition {
    /// Nothing: the room is new.
    New,
    /// Nothing, since it was read.
    Absent {
        /// The life in which it was read.
        life: Bytes,
    },
    /// The state that was read.
    Unchanged {
        /// The life in which it was read. Empty if the running process wrote the state.
        life: Bytes,
        /// The process that wrote the state.
        run: Bytes,
        /// The place of the state.
        place: Place,
    },
    /// The damaged state that was read.
    Damaged {
        /// The life in which it was read.
        life: Bytes,
        /// A fingerprint of exactly that state.
        fingerprint: Bytes,
    },
}

impl Precondition {
    /// The epoch that Redis holds; 0 if it holds none that can be relied on.
    pub(super) fn epoch(&self) -> u64 {
        match self {
            Self::Unchanged { place, .. } => place.epoch,
            Self::New | Self::Absent { .. } | Self::Damaged { .. } => NO_PLACE.epoch,
        }
    }
}

impl Node {
    /// Stores a new room, in SQL too, so that it can be rebuilt whatever Redis loses.
    pub(super) async fn create(self: &Arc<Self>, room: Room) -> Result<(), StoreError> {
        // SQL keeps codes too, and no two rooms have the same there.
        if !self.masters.is_away(&keys::code(&room.code)) {
            self.take_code(&room).await?;
        }
        if !self.put(&room, None, &Precondition::New).await? {
            // The code stays if the same creation has been faster, whose room has it.
            if let Ok(StoredRoom::Current(existing)) = self.read(&room.room_id, None).await
                && existing.code != room.code
            {
                let _ = self.masters.call("DEL", vec![keys::code(&room.code).into()]).await;
            }
            return Err(StoreError::new("create", "the room id is taken"));
        }
        self.list_changed.fetch_or(room.is_listed(), Ordering::Relaxed);
        if let Err(error) = self.sql.write_snapshots(&[snapshot_of(&room)]).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, room.id = %room.room_id, "the first snapshot waits");
            self.backlog.add(&Arc::new(room));
        }
        Ok(())
    }

    /// Takes the code of a new room.
    async fn take_code(&self, room: &Room) -> Result<(), StoreError> {
        let key = keys::code(&room.code);
        let ms = text(keys::KEEP_MS);
        let code = vec![key.clone().into(), text(&room.room_id), "NX".into(), "PX".into(), ms];
        let reply = self.masters.call("SET", code).await.map_err(self.failed("create"))?;
        if reply == Reply::Nil {
            let holder = self.masters.call("GET", vec![key.into()]).await;
            let holder = holder.map_err(self.failed("create"))?;
            // The same creation may have got this far before, or be repeated at the same time.
            if text_of(&holder).is_none_or(|holder| holder != room.room_id.as_str()) {
                return Err(StoreError::new("create", "the code is taken"));
            }
        }
        Ok(())
    }

    /// Writes a whole room, and publishes `commit` if there is one. Returns `false` if what Redis holds
    /// doesn't meet the precondition.
    pub(super) async fn put(
        &self,
        room: &Room,
        commit: Option<&Commit>,
        precondition: &Precondition,
    ) -> Result<bool, StoreError> {
        let absent = Bytes::from_static(b"absent");
        let nowhere = || (text(NO_PLACE.epoch), text(NO_PLACE.version));
        let (life, expected, (epoch, version)) = match precondition {
            Precondition::New => (Bytes::new(), absent, nowhere()),
            Precondition::Absent { life } => (life.clone(), absent, nowhere()),
            Precondition::Unchanged { life, run, place } => {
                (life.clone(), run.clone(), (text(place.epoch), text(place.version)))
            }
            Precondition::Damaged { life, fingerprint } => {
                let damaged = Bytes::from_static(b"damaged");
                (life.clone(), damaged, (fingerprint.clone(), Bytes::new()))
            }
        };
        let mut args = vec![
            text(&room.room_id),
            expected,
            epoch,
            version,
            text(room.epoch),
            text(room.version),
            text(room.at.as_millis()),
            encode_room(room),
            commit.map(json).unwrap_or_default(),
            optional_time(room.deadline()),
            room.idle_ms().map(text).unwrap_or_default(),
            flag(room.is_listed()),
            keys::channel(&room.room_id).into(),
            room.lease_ms().map(text).unwrap_or_default(),
            life,
            text(self.clock.now().as_millis()),
        ];
        args.extend(room.ops.iter().map(json));
        let reply = self.run("put", &PUT, &room.room_id, args).await?;
        match reply.status.as_str() {
            "ok" => Ok(true),
            "moved" => Ok(false),
            status => Err(StoreError::new("put", format!("unexpected answer {status}"))),
        }
    }
}
