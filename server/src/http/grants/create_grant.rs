//! `POST /rooms/{room_id}/grants`

use axum::extract::State;
use axum::http::StatusCode;
use contracts::{ANY_USER_ID_MAX, ErrorCode, GrantRequest, MadeGrant};
use tracing::Instrument;

use super::encode_made;
use crate::app::App;
use crate::http::extract::Json;
use crate::http::idempotency::Write;
use crate::http::{OpenRoomPath, Problems, RoomParameter, field};
use crate::net::Peer;
use crate::refusal::Refusal;
use crate::rooms::NewGrant;
use crate::wire;

/// Grants a user access to the room whatever its `entry`, in place of an earlier grant. Allowed to the host, co-hosts and
/// moderators, each only with a role lower than their own, to people whose role is. Connections that the user has open
/// with another role are closed with `grant_ended`, so that they come back with the new one.
#[utoipa::path(post, path = "", operation_id = "createGrant", tag = "rooms",
    security(("token" = [])), request_body = GrantRequest,
    params(RoomParameter),
    responses((status = 201, body = MadeGrant, description = "The grant"), Problems))]
#[tracing::instrument(name = "http.create_grant", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn create_grant(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    Json(body): Json<GrantRequest>,
) -> Result<(StatusCode, Json<MadeGrant>), Refusal> {
    let proof = app.access.authorize(&write.caller, &room)?;
    field::user_id(&body.user_id, ANY_USER_ID_MAX)?;
    let new = NewGrant {
        role: body.role.map(wire::role_from_wire),
        until: field::end("expires_at_ms", body.expires_at_ms)?,
    };
    // A client that hangs up leaves no grant half made.
    let granting = async move { app.rooms.grant(&proof, &body.user_id, new, peer.address).await };
    match tokio::spawn(granting.in_current_span()).await {
        Ok(grant) => Ok((StatusCode::CREATED, Json(encode_made(&grant?)))),
        Err(_) => Err(Refusal::new(ErrorCode::Internal, "the grant couldn't be made")),
    }
}
