use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use contracts::{ErrorCode, PatchParticipant};
use engine::{Command, ParticipantId};
use serde::Deserialize;

use super::write;
use crate::App;
use crate::auth::Caller;
use crate::extract::{Json, Path, RoomPath};
use crate::refusal::Refusal;
use crate::wire;

#[derive(Deserialize)]
pub(crate) struct Parameters {
    participant_id: String,
}

/// Gives a participant a role; the host alone may.
#[utoipa::path(patch, path = "/rooms/{room_id}/participants/{participant_id}",
    operation_id = "changeParticipant", tag = "rooms", security(("token" = [])),
    request_body = PatchParticipant,
    params(("room_id" = String, Path, description = "A room's id or code"),
           ("participant_id" = String, Path, description = "Whom"),
           ("Idempotency-Key" = Option<String>, Header, description = "Names the write")),
    responses((status = 204, description = "Done"), crate::openapi::Problems))]
#[tracing::instrument(name = "http.change_participant", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn change_participant(
    State(app): State<App>,
    caller: Caller,
    room: RoomPath,
    Path(Parameters { participant_id }): Path<Parameters>,
    headers: HeaderMap,
    Json(body): Json<PatchParticipant>,
) -> Result<StatusCode, Refusal> {
    app.limiters.check_write(&caller.user_id)?;
    let room_id = room.room_id;
    let participant = ParticipantId::new(&participant_id);
    let Some(role) = body.role else {
        return Err(Refusal::new(ErrorCode::InvalidRequest, "give what is to change: `role`"));
    };
    let command = Command::SetRole { participant: participant.clone(), role: wire::role(role) };
    let named = (&participant_id, &body);
    let request =
        write::request(&caller, &room_id, &headers, command, "change_participant", &named)?;
    // The role comes first: whether somebody exists is not everybody's to know.
    if app.rooms.admit(&room_id, request.command.kind(), &request.envelope).await?.is_some() {
        return Ok(StatusCode::NO_CONTENT);
    }
    if app.store.find_member(&room_id, &participant).await?.is_none() {
        let detail = "nobody of this id has joined the room";
        return Err(Refusal::new(ErrorCode::ParticipantNotFound, detail));
    }
    app.rooms.handle(&room_id, &request).await?;
    Ok(StatusCode::NO_CONTENT)
}
