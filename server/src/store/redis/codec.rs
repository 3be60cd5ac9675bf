//! Encodes arguments and stored values, and decodes replies.

use bytes::Bytes;
use engine::{CommittedOp, Ops, Room, RoomId, Timestamp};

use super::client::{ClientError, Reply};

/// The answer of a script about a room: a status, then values.
#[derive(Debug)]
pub(super) struct ScriptReply {
    /// `ok`, or why nothing was done.
    pub(super) status: String,
    /// The keys that the script has replaced, because they were of another type.
    pub(super) mended: Vec<String>,
    /// The values.
    pub(super) values: Vec<Reply>,
}

impl ScriptReply {
    /// Decodes a reply.
    pub(super) fn decode(reply: Reply) -> Result<Self, ClientError> {
        let Reply::List(mut values) = reply else { return Err(ClientError::unexpected(&reply)) };
        if values.is_empty() {
            return Err(ClientError::unexpected(&Reply::List(values)));
        }
        let Some(status) = text_of(&values.remove(0)) else {
            return Err(ClientError::unexpected(&Reply::List(values)));
        };
        let (status, mended) = match status.split_once(' ') {
            Some((status, keys)) => {
                (status.to_owned(), keys.split(',').map(str::to_owned).collect())
            }
            None => (status, Vec::new()),
        };
        Ok(Self { status, mended, values })
    }

    /// Whether the room is lost: absent, written by another Redis process, or damaged.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self.status.as_str(), "absent" | "stale" | "damaged")
    }
}

/// Encodes a room without the commands that it remembers, which have a key of their own.
pub(super) fn encode_room(room: &Room) -> Bytes {
    json(&Room { ops: Ops::default(), ..room.clone() })
}

/// Decodes a room from its body and the commands that it remembers. The error is for the log.
pub(super) fn decode_room(room_id: &RoomId, body: &[u8], ops: &[Reply]) -> Result<Room, String> {
    let unreadable = |error: serde_json::Error| format!("it can't be read: {error}");
    let mut room: Room = serde_json::from_slice(body).map_err(unreadable)?;
    if room.room_id != *room_id {
        return Err(format!("it is that of {}", room.room_id));
    }
    if room.epoch > engine::WHOLE_MAX || room.version > engine::WHOLE_MAX {
        return Err(format!("no room is at {:?}", room.place()));
    }
    let ops = ops.iter().filter_map(bytes_of);
    let ops = ops.map(|op| serde_json::from_slice::<CommittedOp>(&op).map_err(unreadable));
    room.ops = ops.collect::<Result<Vec<_>, _>>()?.into_iter().collect::<Ops>();
    Ok(room)
}

/// Decodes what can be read of a damaged room, and says what can't.
pub(super) fn decode_damaged(
    room_id: &RoomId,
    body: &[u8],
    ops: &[Reply],
) -> (Option<Room>, String) {
    let mut room = match decode_room(room_id, body, &[]) {
        Ok(room) => room,
        Err(words) => return (None, words),
    };
    let readable = |op: &Reply| serde_json::from_slice::<CommittedOp>(&bytes_of(op)?).ok();
    let readable: Vec<CommittedOp> = ops.iter().filter_map(readable).collect();
    let unreadable = ops.len() - readable.len();
    room.ops = readable.into_iter().collect();
    let words = match unreadable {
        0 => "it isn't what was written".to_owned(),
        some => format!("{some} of its commands can't be read"),
    };
    (Some(room), words)
}

/// Encodes plain data as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Bytes {
    serde_json::to_vec(value).expect("it is plain data").into()
}

/// Encodes a value as text.
pub(super) fn text(value: impl ToString) -> Bytes {
    value.to_string().into()
}

/// Encodes a time as milliseconds; `None` is empty.
pub(super) fn optional_time(at: Option<Timestamp>) -> Bytes {
    at.map(|at| text(at.as_millis())).unwrap_or_default()
}

/// Encodes a yes or no as `1` or `0`.
pub(super) fn flag(is_set: bool) -> Bytes {
    Bytes::from_static(if is_set { b"1" } else { b"0" })
}

/// Returns the bytes of a reply that is a single value.
pub(super) fn bytes_of(reply: &Reply) -> Option<Bytes> {
    match reply {
        Reply::Bytes(bytes) => Some(bytes.clone()),
        Reply::Int(number) => Some(text(number)),
        Reply::Nil | Reply::List(_) => None,
    }
}

/// Returns the text of a reply that is a single value.
pub(super) fn text_of(reply: &Reply) -> Option<String> {
    bytes_of(reply).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the number of a reply that is one, or that spells one.
pub(super) fn number_of(reply: &Reply) -> Option<u64> {
    std::str::from_utf8(&bytes_of(reply)?).ok()?.parse().ok()
}
