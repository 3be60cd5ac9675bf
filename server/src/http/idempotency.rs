//! REST writes as commands of the caller's participant, connected or not, named by the
//! `Idempotency-Key`.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use contracts::{COMMAND_ID_MAX, ErrorCode};
use engine::{Envelope, Op};
use serde::Serialize;
use utoipa::IntoParams;

use crate::access::{Caller, Proof};
use crate::app::App;
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

/// A user's write to a room, counted against the limit on writes. Handlers get the envelopes of their commands from
/// it alone, so none forgets to count.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    /// Who writes.
    pub caller: Caller,
    key: Option<String>,
}

impl FromRequestParts<App> for Write {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let caller = Caller::from_request_parts(parts, app).await?;
        app.limiters.check_write(&caller.user_id)?;
        let key = key(&parts.headers)?.map(str::to_owned);
        Ok(Self { caller, key })
    }
}

impl Write {
    /// Makes the envelope of the command. `operation` and `body` tell a repeated write from another one under the
    /// same key.
    pub(crate) fn envelope(
        &self,
        proof: &Proof,
        operation: &str,
        body: &impl Serialize,
    ) -> Envelope {
        let op = self.key.as_ref().map(|key| {
            let body = serde_json::to_value(body).unwrap_or_default();
            Op {
                participant_id: proof.participant_id().clone(),
                id: key.clone(),
                payload_hash: id::payload_hash(operation, &body),
            }
        });
        Envelope { op, ..Envelope::of(proof.actor()) }
    }
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
