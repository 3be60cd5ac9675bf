//! `DELETE /rooms/{room_id}/invites/{invite_id}`

use axum::extract::State;
use axum::http::StatusCode;

use super::InviteParameter;
use crate::app::App;
use crate::http::extract::Path;
use crate::http::idempotency::Write;
use crate::http::{OpenRoomPath, Problems, RoomParameter};
use crate::net::Peer;
use crate::refusal::Refusal;

/// Revokes an invite. Those who have used it stay. Allowed to the host, co-hosts and moderators.
#[utoipa::path(delete, path = "/{invite_id}", operation_id = "deleteInvite", tag = "rooms",
    security(("token" = [])),
    params(RoomParameter,
           InviteParameter),
    responses((status = 204, description = "Revoked"), Problems))]
#[tracing::instrument(name = "http.delete_invite", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn delete_invite(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    Path(InviteParameter { invite_id }): Path<InviteParameter>,
) -> Result<StatusCode, Refusal> {
    let proof = app.access.authorize(&write.caller, &room)?;
    app.rooms.check_moderates(&proof, peer.address).await?;
    app.access.invites().revoke(&room.room_id, &invite_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
