//! Reads a room.

use std::sync::Arc;

use bytes::Bytes;
use engine::{Room, RoomId, should_adopt};

use super::client::Reply;
use super::codec::{ScriptReply, bytes_of, decode_room, text};
use super::node::Node;
use super::script::LOAD;
use crate::id;
use crate::store::StoreError;

/// What Redis holds of a room. A `life` of Redis ends when it restarts or is emptied.
#[derive(Debug)]
pub(super) enum StoredRoom {
    /// A state that the running process wrote.
    Current(Arc<Room>),
    /// The state that the caller knows already.
    Known,
    /// A state that an earlier process wrote.
    Stale {
        /// The life in which it was read.
        life: Bytes,
        /// The process that wrote it.
        run: Bytes,
        /// The state.
        room: Arc<Room>,
    },
    /// Nothing.
    Absent {
        /// The life in which that was read.
        life: Bytes,
    },
}

impl Node {
    /// Returns the newest state of a room, rebuilt if it was lost.
    pub(super) async fn load_newest(
        self: &Arc<Self>,
        room_id: &RoomId,
    ) -> Result<Option<Arc<Room>>, StoreError> {
        let followed = self.followed.find(room_id);
        let known = followed.as_ref().and_then(|followed| followed.newest());
        let room = match self.read(room_id, known.as_deref()).await? {
            StoredRoom::Known => return Ok(known),
            StoredRoom::Current(room) => room,
            StoredRoom::Stale { .. } | StoredRoom::Absent { .. } => {
                return self.recover(room_id).await;
            }
        };
        let Some(followed) = followed else { return Ok(Some(room)) };
        if let Some(known) = known.filter(|known| should_adopt(&room, known)) {
            self.adopt(&room, &known).await?;
            let newest = followed.newest().filter(|newest| newest.place() > room.place());
            return Ok(Some(newest.unwrap_or(room)));
        }
        self.learn(&followed, &room);
        Ok(Some(room))
    }

    /// Reads what Redis holds of a room. A state at the place of `known` isn't transferred again.
    pub(super) async fn read(
        &self,
        room_id: &RoomId,
        known: Option<&Room>,
    ) -> Result<StoredRoom, StoreError> {
        let (epoch, version) = match known {
            Some(room) => (text(room.epoch), text(room.version)),
            None => (Bytes::new(), Bytes::new()),
        };
        let args = vec![epoch, version, text(id::secret())];
        let reply = self.run("load", &LOAD, room_id, args).await?;
        decode(&reply).map_err(|words| StoreError::new("load", words))
    }
}

fn decode(reply: &ScriptReply) -> Result<StoredRoom, String> {
    let missing = || "a room without a body".to_owned();
    match (reply.status.as_str(), reply.values.as_slice()) {
        ("same", _) => Ok(StoredRoom::Known),
        ("absent", [life]) => Ok(StoredRoom::Absent { life: bytes_of(life).ok_or_else(missing)? }),
        ("ok", [body, Reply::List(ops)]) => {
            let body = bytes_of(body).ok_or_else(missing)?;
            Ok(StoredRoom::Current(Arc::new(decode_room(&body, ops)?)))
        }
        ("stale", [life, run, body, Reply::List(ops)]) => {
            let (life, run) = (bytes_of(life), bytes_of(run));
            let (life, run) = life.zip(run).ok_or_else(missing)?;
            let body = bytes_of(body).ok_or_else(missing)?;
            Ok(StoredRoom::Stale { life, run, room: Arc::new(decode_room(&body, ops)?) })
        }
        (status, _) => Err(format!("unexpected answer {status}")),
    }
}
