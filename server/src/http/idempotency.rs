//! REST writes as commands of the caller's participant, connected or not, named by the
//! `Idempotency-Key`.

use axum::http::HeaderMap;
use contracts::{COMMAND_ID_MAX, ErrorCode};
use engine::{Envelope, Op};
use serde::Serialize;

use utoipa::IntoParams;

use crate::access::{Caller, Proof};
use crate::id;
use crate::refusal::Refusal;
use crate::rooms::CreationKey;

/// The header, as the OpenAPI document shows it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents the header that `key` reads")]
pub(crate) struct IdempotencyKey {
    /// Names the write: repeated under the same key, it takes effect once. 1 to 64 characters of ASCII.
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        max_length = 64,
        pattern = "^[!-~]([ -~]*[!-~])?$"
    )]
    idempotency_key: Option<String>,
}

/// Makes the envelope of a write. `operation` and `body` tell a repeated write from another one under
/// the same key.
pub(crate) fn envelope(
    proof: &Proof,
    headers: &HeaderMap,
    operation: &str,
    body: &impl Serialize,
) -> Result<Envelope, Refusal> {
    let op = key(headers)?.map(|key| {
        let body = serde_json::to_value(body).unwrap_or_default();
        Op {
            participant_id: proof.participant_id().clone(),
            id: key.to_owned(),
            payload_hash: id::payload_hash(operation, &body),
        }
    });
    Ok(Envelope { op, ..Envelope::of(proof.actor()) })
}

/// Returns what tells a repeated creation of a room from another one, if it has an `Idempotency-Key`.
pub(crate) fn creation_key<'a>(
    caller: &'a Caller,
    headers: &'a HeaderMap,
    body: &impl Serialize,
) -> Result<Option<CreationKey<'a>>, Refusal> {
    let user_id = &caller.user_id;
    let body = serde_json::to_value(body).unwrap_or_default();
    let payload_hash = id::payload_hash("create_room", &body);
    Ok(key(headers)?.map(|key| CreationKey { user_id, key, payload_hash }))
}

/// Returns the `Idempotency-Key`, if there is one.
fn key(headers: &HeaderMap) -> Result<Option<&str>, Refusal> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok();
    let is_plain = |key: &&str| key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let key = key.filter(|key| (1..=COMMAND_ID_MAX).contains(&key.len())).filter(is_plain);
    key.map(Some).ok_or_else(|| {
        let detail = format!("Idempotency-Key must be 1 to {COMMAND_ID_MAX} characters of ASCII");
        Refusal::new(ErrorCode::InvalidRequest, detail)
    })
}
