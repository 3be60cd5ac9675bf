//! `DELETE /rooms/{room_id}/participants/{participant_id}`

use axum::extract::State;
use axum::http::StatusCode;
use engine::ParticipantId;

use crate::app::App;
use crate::http::extract::Path;
use crate::http::idempotency::Write;
use crate::http::{OpenRoomPath, ParticipantParameter, Problems, RoomParameter};
use crate::net::Peer;
use crate::refusal::Refusal;

/// Removes a participant: closes all their connections. They may join again. Allowed to the host, co-hosts and
/// moderators, each only for people with a lower role.
#[utoipa::path(delete, path = "/{participant_id}", operation_id = "removeParticipant",
    tag = "rooms", security(("token" = [])),
    params(RoomParameter,
           ParticipantParameter),
    responses((status = 204, description = "Removed"), Problems))]
#[tracing::instrument(name = "http.remove_participant", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn remove_participant(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    Path(ParticipantParameter { participant_id }): Path<ParticipantParameter>,
) -> Result<StatusCode, Refusal> {
    let proof = app.access.authorize(&write.caller, &room)?;
    app.rooms.remove(&proof, &ParticipantId::new(&participant_id), peer.address).await?;
    Ok(StatusCode::NO_CONTENT)
}
