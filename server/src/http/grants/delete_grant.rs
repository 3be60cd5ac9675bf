//! `DELETE /rooms/{room_id}/grants/{grant_id}`

use axum::extract::State;
use axum::http::StatusCode;
use contracts::ErrorCode;
use tracing::Instrument;

use super::GrantParameter;
use crate::app::App;
use crate::http::extract::Path;
use crate::http::idempotency::Write;
use crate::http::{OpenRoomPath, Problems, RoomParameter};
use crate::net::Peer;
use crate::refusal::Refusal;

/// Revokes a grant: closes the connections of whoever holds it with `grant_ended`, and takes back a role that commands or
/// moderates. They may come back as others may enter. Allowed to the host, co-hosts and moderators, each only for people
/// with a lower role.
#[utoipa::path(delete, path = "/{grant_id}", operation_id = "deleteGrant", tag = "rooms",
    security(("token" = [])),
    params(RoomParameter,
           GrantParameter),
    responses((status = 204, description = "Revoked"), Problems))]
#[tracing::instrument(name = "http.delete_grant", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn delete_grant(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    Path(GrantParameter { grant_id }): Path<GrantParameter>,
) -> Result<StatusCode, Refusal> {
    let proof = app.access.authorize(&write.caller, &room)?;
    // A client that hangs up leaves no grant half revoked.
    let ending = async move { app.rooms.end_grant(&proof, &grant_id, peer.address).await };
    match tokio::spawn(ending.in_current_span()).await {
        Ok(ended) => ended.map(|()| StatusCode::NO_CONTENT),
        Err(_) => Err(Refusal::new(ErrorCode::Internal, "the grant couldn't be revoked")),
    }
}
