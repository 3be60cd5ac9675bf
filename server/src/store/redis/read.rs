//! Reads a room.

use std::sync::Arc;

use bytes::Bytes;
use engine::{Place, Room, RoomId, Timestamp, should_adopt};

use super::client::Reply;
use super::codec::{ScriptReply, decode_damaged, decode_room, flag, number_of, text, text_of};
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
    /// An older state than this node has known, or another one: somebody has put it back.
    SetBack(Arc<Room>),
    /// A state that an earlier process wrote.
    Stale {
        /// The life in which it was read.
        life: Bytes,
        /// The process that wrote it.
        run: Bytes,
        /// The state.
        room: Arc<Room>,
    },
    /// Redis holds no state of this room.
    Absent {
        /// The life in which that was read.
        life: Bytes,
    },
    /// A state that somebody else has changed.
    Damaged {
        /// The life in which it was read.
        life: Bytes,
        /// A fingerprint of exactly that state.
        fingerprint: Bytes,
        /// The field or key that shows it.
        field: String,
        /// What is wrong with it.
        words: String,
        /// The room, if it can be read all the same. It may remember fewer commands than it did.
        room: Option<Arc<Room>>,
    },
}

impl Node {
    /// Returns the newest state of a room, rebuilt if it was lost.
    pub(super) async fn load_newest(
        self: &Arc<Self>,
        room_id: &RoomId,
    ) -> Result<Option<Arc<Room>>, StoreError> {
        let followed = self.followed.find(room_id);
        let known = self.memory_of(room_id);
        let room = match self.read(room_id, known.as_deref()).await? {
            StoredRoom::Known => return Ok(known),
            StoredRoom::Current(room) => room,
            StoredRoom::SetBack(_)
            | StoredRoom::Stale { .. }
            | StoredRoom::Absent { .. }
            | StoredRoom::Damaged { .. } => {
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
        let [epoch, version, at] = match known {
            Some(room) => [text(room.epoch), text(room.version), text(room.at.as_millis())],
            None => [const { Bytes::new() }; 3],
        };
        let args = vec![epoch, version, at, text(id::secret()), flag(false)];
        let before = self.memory_of(room_id);
        let reply = self.run("load", &LOAD, room_id, args).await?;
        match decode(room_id, &reply) {
            Ok(StoredRoom::Current(room))
                if is_set_back(room.place(), room.at, before.as_deref())
                    || self.followed.is_doubted(room_id, room.epoch) =>
            {
                return Ok(StoredRoom::SetBack(room));
            }
            Ok(stored) => return Ok(stored),
            Err(_) => {}
        }
        // What is needed to replace it is sent only now.
        let unknown = Bytes::new;
        let args = vec![unknown(), unknown(), unknown(), text(id::secret()), flag(true)];
        let reply = self.run("load", &LOAD, room_id, args).await?;
        decode(room_id, &reply).map_err(|words| StoreError::new("load", words))
    }
}

/// Whether somebody else has put an older state of a room back, which is now at `place`, committed at `at`: a
/// node only knows what Redis held, so that nothing `known` before that was read can be ahead of it, and the
/// time of a room never goes back.
pub(super) fn is_set_back(place: Place, at: Timestamp, known: Option<&Room>) -> bool {
    known.is_some_and(|known| place < known.place() || (place == known.place() && at != known.at))
}

/// Decodes the answer of the script. The error says why there is no room in it.
fn decode(room_id: &RoomId, reply: &ScriptReply) -> Result<StoredRoom, String> {
    match (reply.status.as_str(), reply.values.as_slice()) {
        ("same", _) => Ok(StoredRoom::Known),
        ("absent", [Reply::Bytes(life)]) => Ok(StoredRoom::Absent { life: life.clone() }),
        ("ok", [epoch, version, Reply::Bytes(body), Reply::List(ops)]) => {
            let room = decode_at([epoch, version], room_id, body, ops)?;
            Ok(StoredRoom::Current(room))
        }
        ("stale", [epoch, version, Reply::Bytes(body), Reply::List(ops), life, run]) => {
            let [Reply::Bytes(life), Reply::Bytes(run)] = [life, run] else {
                return Err("unexpected values".to_owned());
            };
            let room = decode_at([epoch, version], room_id, body, ops)?;
            Ok(StoredRoom::Stale { life: life.clone(), run: run.clone(), room })
        }
        ("damaged", [field, Reply::Bytes(body), Reply::List(ops), life, fingerprint]) => {
            let [Reply::Bytes(life), Reply::Bytes(fingerprint)] = [life, fingerprint] else {
                return Err("unexpected values".to_owned());
            };
            let field = text_of(field).unwrap_or_default();
            let (room, words) = decode_damaged(room_id, body, ops);
            let (life, fingerprint) = (life.clone(), fingerprint.clone());
            let room = room.map(Arc::new);
            Ok(StoredRoom::Damaged { life, fingerprint, field, words, room })
        }
        (status, _) => Err(format!("unexpected answer {status}")),
    }
}

/// Decodes a room, which must be at the place that is kept beside it.
fn decode_at(
    place: [&Reply; 2],
    room_id: &RoomId,
    body: &[u8],
    ops: &[Reply],
) -> Result<Arc<Room>, String> {
    let room = decode_room(room_id, body, ops)?;
    let [epoch, version] = place.map(number_of);
    if (Some(room.epoch), Some(room.version)) == (epoch, version) {
        Ok(Arc::new(room))
    } else {
        Err(format!("it is at {:?}, not at {epoch:?} and {version:?}", room.place()))
    }
}
