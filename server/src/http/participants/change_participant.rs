//! `PATCH /rooms/{room_id}/participants/{participant_id}`

use axum::extract::State;
use axum::http::StatusCode;
use contracts::{ErrorCode, PatchParticipant};
use engine::{Command, ParticipantId, Request};

use crate::app::App;
use crate::http::extract::{Json, Path};
use crate::http::idempotency::{self, Write};
use crate::http::{ParticipantParameter, Problems, RoomParameter, RoomPath};
use crate::limit::Asker;
use crate::net::Peer;
use crate::refusal::Refusal;
use crate::wire;

/// Gives a participant a role. Only the host may.
#[utoipa::path(patch, path = "/{participant_id}",
    operation_id = "changeParticipant", tag = "rooms", security(("token" = [])),
    request_body = PatchParticipant,
    params(RoomParameter,
           ParticipantParameter,
           idempotency::IdempotencyKey),
    responses((status = 204, description = "Done"), Problems))]
#[tracing::instrument(name = "http.change_participant", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn change_participant(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    RoomPath { room }: RoomPath,
    Path(ParticipantParameter { participant_id }): Path<ParticipantParameter>,
    Json(body): Json<PatchParticipant>,
) -> Result<StatusCode, Refusal> {
    let Some(role) = body.role else {
        let detail = "give what is to change: `role`";
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    };
    let proof = app.access.authorize(&write.caller, &room)?;
    let named = (&participant_id, &body);
    let envelope = write.envelope(&proof, "change_participant", &named);
    let participant = ParticipantId::new(&participant_id);
    let command = Command::SetRole { participant, role: wire::role_from_wire(role) };
    let from = Asker { user_id: proof.user_id(), address: peer.address };
    app.rooms.handle(&room.room_id, &Request { envelope, command }, from).await?;
    Ok(StatusCode::NO_CONTENT)
}
