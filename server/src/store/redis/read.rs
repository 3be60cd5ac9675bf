//! Reads a room.

use std::sync::Arc;

use bytes::Bytes;
use engine::{Place, Room, RoomId, should_adopt};

use super::client::Reply;
use super::codec::{ScriptReply, bytes_of, decode_room, number_of, text};
use super::keys;
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
    /// A state that can't be decoded.
    Unreadable {
        /// The life in which it was read; empty if the running process wrote it.
        life: Bytes,
        /// The process that wrote it.
        run: Bytes,
        /// Where it is in the order.
        place: Place,
        /// What is wrong with it.
        words: String,
    },
}

/// Why a reply can't be decoded.
enum Flaw {
    /// It isn't what the script answers.
    Reply(String),
    /// The room in it can't be read. In which life that was read, if an earlier process wrote it.
    Room { words: String, life: Bytes },
}

impl From<String> for Flaw {
    fn from(words: String) -> Self {
        Self::Reply(words)
    }
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
            StoredRoom::Stale { .. }
            | StoredRoom::Absent { .. }
            | StoredRoom::Unreadable { .. } => {
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
        match decode(&reply) {
            Ok(stored) => Ok(stored),
            Err(Flaw::Reply(words)) => Err(StoreError::new("load", words)),
            Err(Flaw::Room { words, life }) => self.read_unreadable(room_id, words, life).await,
        }
    }

    /// Reads where a state that can't be decoded is in the order, which is kept beside it.
    async fn read_unreadable(
        &self,
        room_id: &RoomId,
        words: String,
        life: Bytes,
    ) -> Result<StoredRoom, StoreError> {
        let fields: Vec<Bytes> =
            vec![keys::state(room_id).into(), "run".into(), "epoch".into(), "version".into()];
        let reply = self.client.call("HMGET", fields).await;
        let reply = reply.map_err(self.failed("load"))?;
        if let Reply::List(fields) = &reply
            && let [run, epoch, version] = fields.as_slice()
            && let (Some(run), Some(epoch), Some(version)) =
                (bytes_of(run), number_of(epoch), number_of(version))
        {
            return Ok(StoredRoom::Unreadable {
                life,
                run,
                place: Place { epoch, version },
                words,
            });
        }
        Err(StoreError::new("load", words))
    }
}

fn decode(reply: &ScriptReply) -> Result<StoredRoom, Flaw> {
    let missing = || "a room without a body".to_owned();
    match (reply.status.as_str(), reply.values.as_slice()) {
        ("same", _) => Ok(StoredRoom::Known),
        ("absent", [life]) => Ok(StoredRoom::Absent { life: bytes_of(life).ok_or_else(missing)? }),
        ("ok", [body, Reply::List(ops)]) => {
            let body = bytes_of(body).ok_or_else(missing)?;
            let unreadable = |words| Flaw::Room { words, life: Bytes::new() };
            Ok(StoredRoom::Current(Arc::new(decode_room(&body, ops).map_err(unreadable)?)))
        }
        ("stale", [life, run, body, Reply::List(ops)]) => {
            let (life, run) = (bytes_of(life), bytes_of(run));
            let (life, run) = life.zip(run).ok_or_else(missing)?;
            let body = bytes_of(body).ok_or_else(missing)?;
            match decode_room(&body, ops) {
                Ok(room) => Ok(StoredRoom::Stale { life, run, room: Arc::new(room) }),
                Err(words) => Err(Flaw::Room { words, life }),
            }
        }
        (status, _) => Err(Flaw::Reply(format!("unexpected answer {status}"))),
    }
}
