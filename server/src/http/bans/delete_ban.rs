//! `DELETE /rooms/{room_id}/bans/{participant_id}`

use axum::extract::State;
use axum::http::StatusCode;
use engine::ParticipantId;
use serde::Deserialize;

use crate::app::App;
use crate::http::extract::Path;
use crate::http::idempotency::Write;
use crate::http::{OpenRoomPath, Problems};
use crate::net::Peer;
use crate::refusal::Refusal;

#[derive(Deserialize)]
pub(crate) struct Parameters {
    participant_id: String,
}

/// Lifts a ban. Allowed to the host, co-hosts and moderators.
#[utoipa::path(delete, path = "/{participant_id}", operation_id = "deleteBan", tag = "rooms",
    security(("token" = [])),
    params(("room_id" = String, Path, description = "A room's id or code"),
           ("participant_id" = String, Path, description = "The participant's id")),
    responses((status = 204, description = "Lifted"), Problems))]
#[tracing::instrument(name = "http.delete_ban", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn delete_ban(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    Path(Parameters { participant_id }): Path<Parameters>,
) -> Result<StatusCode, Refusal> {
    let proof = app.access.authorize(&write.caller, &room.room_id)?;
    app.rooms.check_moderates(&proof, peer.address).await?;
    app.access.bans().lift(&room.room_id, &ParticipantId::new(&participant_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
