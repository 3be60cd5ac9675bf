//! Reading a room.

use std::sync::Arc;

use bytes::Bytes;
use engine::{CommittedOp, Ops, Room, RoomId, should_adopt};

use super::link::{LinkError, Reply};
use super::script::{LOAD, Script};
use super::{Node, failed, keys};
use crate::id;
use crate::store::StoreError;

/// What Redis holds of a room.
#[derive(Debug)]
pub(super) enum Standing {
    /// The room, by the running process.
    Current(Arc<Room>),
    /// What the asker knows is the newest.
    Same,
    /// A room that another process wrote, before this one started.
    Stale {
        /// In which life of Redis it was read.
        life: Bytes,
        /// Which process wrote it.
        run: Bytes,
        /// What it wrote.
        room: Arc<Room>,
    },
    /// Nothing.
    Absent {
        /// In which life of Redis that was read.
        life: Bytes,
    },
}

impl Node {
    /// The newest state, rebuilt if it was lost.
    pub(super) async fn load_newest(
        self: &Arc<Self>,
        room_id: &RoomId,
    ) -> Result<Option<Arc<Room>>, StoreError> {
        let followed = self.find_followed(room_id);
        let known = followed.as_ref().and_then(|followed| followed.newest());
        let room = match self.read(room_id, known.as_deref()).await? {
            Standing::Same => return Ok(known),
            Standing::Current(room) => room,
            Standing::Stale { .. } | Standing::Absent { .. } => return self.recover(room_id).await,
        };
        let Some(followed) = followed else { return Ok(Some(room)) };
        if let Some(known) = known.filter(|known| should_adopt(&room, known)) {
            self.adopt(&room, &known).await?;
            let newest = followed.newest().filter(|newest| newest.place() > room.place());
            return Ok(Some(newest.unwrap_or(room)));
        }
        self.notice(&followed, &room);
        Ok(Some(room))
    }

    /// What Redis holds of a room. `known` isn't sent again.
    pub(super) async fn read(
        &self,
        room_id: &RoomId,
        known: Option<&Room>,
    ) -> Result<Standing, StoreError> {
        let (epoch, version) = match known {
            Some(room) => (text(room.epoch), text(room.version)),
            None => (Bytes::new(), Bytes::new()),
        };
        let reply =
            self.run("load", &LOAD, room_id, vec![epoch, version, text(id::secret())]).await?;
        standing(reply).map_err(|words| failed("load", words))
    }

    /// Runs a script about a room.
    pub(super) async fn run(
        &self,
        operation: &'static str,
        script: &Script,
        room_id: &RoomId,
        args: Vec<Bytes>,
    ) -> Result<Answer, StoreError> {
        let reply = self.link.run(script, keys::of_room(room_id), args).await;
        let reply = reply.map_err(self.failed(operation))?;
        Answer::of(reply).map_err(self.failed(operation))
    }
}

/// What a script about a room says: a word, then more.
#[derive(Debug)]
pub(super) struct Answer {
    /// `ok`, or why not.
    pub(super) word: String,
    /// The rest.
    pub(super) rest: Vec<Reply>,
}

impl Answer {
    fn of(reply: Reply) -> Result<Self, LinkError> {
        let Reply::List(mut rest) = reply else { return Err(LinkError::unexpected(&reply)) };
        if rest.is_empty() {
            return Err(LinkError::unexpected(&Reply::List(rest)));
        }
        match bytes_of(&rest.remove(0)).map(|word| String::from_utf8_lossy(&word).into_owned()) {
            Some(word) => Ok(Self { word, rest }),
            None => Err(LinkError::unexpected(&Reply::List(rest))),
        }
    }

    /// Whether the room is lost: not there, or another process's.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self.word.as_str(), "absent" | "stale")
    }
}

fn standing(answer: Answer) -> Result<Standing, String> {
    let missing = || "a room without a body".to_owned();
    match (answer.word.as_str(), answer.rest.as_slice()) {
        ("same", _) => Ok(Standing::Same),
        ("absent", [life]) => Ok(Standing::Absent { life: bytes_of(life).ok_or_else(missing)? }),
        ("ok", [body, Reply::List(ops)]) => {
            let body = bytes_of(body).ok_or_else(missing)?;
            Ok(Standing::Current(Arc::new(decode(&body, ops)?)))
        }
        ("stale", [life, run, body, Reply::List(ops)]) => {
            let (life, run) = (bytes_of(life), bytes_of(run));
            let (life, run) = life.zip(run).ok_or_else(missing)?;
            let body = bytes_of(body).ok_or_else(missing)?;
            Ok(Standing::Stale { life, run, room: Arc::new(decode(&body, ops)?) })
        }
        (word, _) => Err(format!("unexpected answer {word}")),
    }
}

/// A room of its body and the commands it remembers.
fn decode(body: &[u8], ops: &[Reply]) -> Result<Room, String> {
    let unreadable = |error: serde_json::Error| format!("a room can't be read: {error}");
    let mut room: Room = serde_json::from_slice(body).map_err(unreadable)?;
    let ops = ops.iter().filter_map(bytes_of);
    let ops = ops.map(|op| serde_json::from_slice::<CommittedOp>(&op).map_err(unreadable));
    room.ops = ops.collect::<Result<Vec<_>, _>>()?.into_iter().collect::<Ops>();
    Ok(room)
}

/// A room without the commands it remembers, which are kept beside it.
pub(super) fn encode(room: &Room) -> Bytes {
    let bare = Room { ops: Ops::default(), ..room.clone() };
    json(&bare)
}

/// Plain data as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Bytes {
    serde_json::to_vec(value).expect("it is plain data").into()
}

/// The bytes of an answer.
pub(super) fn bytes_of(reply: &Reply) -> Option<Bytes> {
    match reply {
        Reply::Bytes(bytes) => Some(bytes.clone()),
        Reply::Int(number) => Some(text(number)),
        Reply::Nil | Reply::List(_) => None,
    }
}

/// The number that an answer says.
pub(super) fn number_of(reply: &Reply) -> Option<u64> {
    std::str::from_utf8(&bytes_of(reply)?).ok()?.parse().ok()
}

/// An argument.
pub(super) fn text(value: impl ToString) -> Bytes {
    value.to_string().into()
}
