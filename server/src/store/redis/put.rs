//! Writing a whole room: a new one, or one that was rebuilt.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use engine::{Commit, INACTIVE_MS, LifecycleState, Room, Timestamp};

use super::read::{encode, json, text};
use super::script::PUT;
use super::snapshots::row_of;
use super::{Node, failed, keys};
use crate::store::StoreError;

/// What must be there for a room to be written in its place.
#[derive(Clone, Debug)]
pub(super) enum Instead {
    /// Nothing, in a Redis that never had the room.
    New,
    /// Nothing, in this life of Redis.
    Nothing {
        /// In which it was read.
        life: Bytes,
    },
    /// Exactly this.
    Of {
        /// In which life of Redis it was read; empty: it can't have changed.
        life: Bytes,
        /// Written by this process.
        run: Bytes,
        /// At this epoch.
        epoch: u64,
        /// At this version.
        version: u64,
    },
}

impl Node {
    /// Stores a new room, in SQL too: whatever Redis loses from now on can be rebuilt.
    pub(super) async fn create(self: &Arc<Self>, room: Room) -> Result<(), StoreError> {
        let code = vec![
            keys::code(&room.code).into(),
            Bytes::copy_from_slice(room.room_id.as_str().as_bytes()),
            "NX".into(),
            "PX".into(),
            text(keys::KEEP_MS),
        ];
        let reply = self.link.call("SET", code).await.map_err(self.failed("create"))?;
        if reply == super::link::Reply::Nil {
            return Err(failed("create", "the code is taken"));
        }
        if !self.put(&room, None, &Instead::New).await? {
            let _ = self.link.call("DEL", vec![keys::code(&room.code).into()]).await;
            return Err(failed("create", "the room id is taken"));
        }
        self.list_changed.fetch_or(room.profile.is_public, Ordering::Relaxed);
        if let Err(error) = self.sql.write_snapshots(&[row_of(&room)]).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, room.id = %room.room_id, "the first snapshot waits");
            self.backlog.note(&Arc::new(room));
        }
        Ok(())
    }

    /// Writes a whole room, and tells `commit` if there is one. `false` if what is there isn't
    /// `instead`.
    pub(super) async fn put(
        &self,
        room: &Room,
        commit: Option<&Commit>,
        instead: &Instead,
    ) -> Result<bool, StoreError> {
        let absent = Bytes::from_static(b"absent");
        let (life, run, epoch, version) = match instead {
            Instead::New => (Bytes::new(), absent, 0, 0),
            Instead::Nothing { life } => (life.clone(), absent, 0, 0),
            Instead::Of { life, run, epoch, version } => {
                (life.clone(), run.clone(), *epoch, *version)
            }
        };
        let hosted = room.lifecycle.state == LifecycleState::Live && room.host_id.is_some();
        let lease_ms = hosted.then_some(room.profile.settings.host_lease_ms);
        let mut args = vec![
            text(&room.room_id),
            run,
            text(epoch),
            text(version),
            text(room.epoch),
            text(room.version),
            text(room.at.as_millis()),
            encode(room),
            commit.map(json).unwrap_or_default(),
            maybe(room.deadline()),
            idle_ms(room),
            listed(room),
            keys::channel(&room.room_id).into(),
            lease_ms.map(text).unwrap_or_default(),
            life,
        ];
        args.extend(room.ops.iter().map(json));
        let answer = self.run("put", &PUT, &room.room_id, args).await?;
        match answer.word.as_str() {
            "ok" => Ok(true),
            "moved" => Ok(false),
            word => Err(failed("put", format!("unexpected answer {word}"))),
        }
    }
}

/// A deadline as an argument.
pub(super) fn maybe(at: Option<Timestamp>) -> Bytes {
    at.map(|at| text(at.as_millis())).unwrap_or_default()
}

/// After how long without anybody a room ends, if it does.
pub(super) fn idle_ms(room: &Room) -> Bytes {
    let idles = matches!(room.lifecycle.state, LifecycleState::Live | LifecycleState::Grace);
    if idles { text(INACTIVE_MS) } else { Bytes::new() }
}

/// Whether a room is in the list.
pub(super) fn listed(room: &Room) -> Bytes {
    let listed = room.profile.is_public && room.lifecycle.state.is_open();
    Bytes::from_static(if listed { b"1" } else { b"0" })
}
