//! `PATCH /rooms/{room_id}/knocks/{participant_id}`

use axum::extract::State;
use axum::http::StatusCode;
use contracts::KnockAnswer;
use engine::ParticipantId;

use crate::app::App;
use crate::http::extract::{Json, Path};
use crate::http::idempotency::Write;
use crate::http::{OpenRoomPath, ParticipantParameter, Problems, RoomParameter};
use crate::net::Peer;
use crate::refusal::Refusal;

/// Answers somebody who asks to join: lets them in with their next try, or doesn't. Somebody who was let in already
/// stays, whatever the answer. Allowed to the host, co-hosts and moderators.
#[utoipa::path(patch, path = "/{participant_id}", operation_id = "answerKnock", tag = "rooms",
    security(("token" = [])), request_body = KnockAnswer,
    params(RoomParameter,
           ParticipantParameter),
    responses((status = 204, description = "Answered"), Problems))]
#[tracing::instrument(name = "http.answer_knock", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn answer_knock(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    Path(ParticipantParameter { participant_id }): Path<ParticipantParameter>,
    Json(KnockAnswer { admitted }): Json<KnockAnswer>,
) -> Result<StatusCode, Refusal> {
    let proof = app.access.authorize(&write.caller, &room)?;
    let id = ParticipantId::new(&participant_id);
    app.rooms.answer_knock(&proof, &id, admitted, peer.address).await?;
    Ok(StatusCode::NO_CONTENT)
}
