//! REST writes enter the write path as commands of the caller's participant, connected or not.

use axum::http::HeaderMap;
use contracts::{COMMAND_ID_MAX, ErrorCode};
use engine::{Command, Envelope, Op, Request, RoomId};
use serde::Serialize;

use crate::auth::Caller;
use crate::id;
use crate::refusal::Refusal;

/// A command of `caller`, named by the `Idempotency-Key` if there is one.
pub(crate) fn request(
    caller: &Caller,
    room_id: &RoomId,
    headers: &HeaderMap,
    command: Command,
    operation: &str,
    body: &impl Serialize,
) -> Result<Request, Refusal> {
    let op = idempotency_key(headers)?.map(|key| {
        let body = serde_json::to_value(body).unwrap_or_default();
        Op {
            participant_id: caller.participant_id(room_id),
            id: key.to_owned(),
            payload_hash: id::payload_hash(operation, &body),
        }
    });
    let envelope = Envelope { op, ..Envelope::of(caller.actor(room_id)) };
    Ok(Request { envelope, command })
}

/// The caller's own name for a write.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok();
    let key = key.filter(|key| (1..=COMMAND_ID_MAX).contains(&key.chars().count()));
    key.map(Some).ok_or_else(|| {
        let detail = format!("Idempotency-Key must be 1 to {COMMAND_ID_MAX} characters");
        Refusal::new(ErrorCode::InvalidRequest, detail)
    })
}
