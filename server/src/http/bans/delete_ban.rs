//! `DELETE /rooms/{room_id}/bans/{participant_id}`

use axum::extract::State;
use axum::http::StatusCode;
use engine::ParticipantId;

use crate::app::App;
use crate::http::extract::Path;
use crate::http::idempotency::Write;
use crate::http::{OpenRoomPath, ParticipantParameter, Problems, RoomParameter};
use crate::net::Peer;
use crate::refusal::Refusal;

/// Lifts a ban. Allowed to the host, co-hosts and moderators.
#[utoipa::path(delete, path = "/{participant_id}", operation_id = "deleteBan", tag = "rooms",
    security(("token" = [])),
    params(RoomParameter,
           ParticipantParameter),
    responses((status = 204, description = "Lifted"), Problems))]
#[tracing::instrument(name = "http.delete_ban", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn delete_ban(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    Path(ParticipantParameter { participant_id }): Path<ParticipantParameter>,
) -> Result<StatusCode, Refusal> {
    let proof = app.access.authorize(&write.caller, &room)?;
    app.rooms.check_moderates(&proof, peer.address).await?;
    app.access.bans().lift(&room.room_id, &ParticipantId::new(&participant_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
