//! `POST /rooms/{room_id}/invites`

use axum::extract::State;
use axum::http::StatusCode;
use contracts::{CreatedInvite, INVITE_USES_MAX, InviteRequest};

use crate::app::App;
use crate::http::extract::Json;
use crate::http::idempotency::Write;
use crate::http::{OpenRoomPath, Problems, RoomParameter, field};
use crate::net::Peer;
use crate::refusal::Refusal;
use crate::rooms::NewInvite;
use crate::wire;

/// How many people an invite may be for.
const USES: std::ops::RangeInclusive<u64> = 1..=INVITE_USES_MAX;

/// Makes an invite, which lets people into the room whatever its `entry`. Allowed to the host, co-hosts and moderators,
/// each only with a role lower than their own.
#[utoipa::path(post, path = "", operation_id = "createInvite", tag = "rooms",
    security(("token" = [])), request_body = Option<InviteRequest>,
    params(RoomParameter),
    responses((status = 201, body = CreatedInvite, description = "The invite"), Problems))]
#[tracing::instrument(name = "http.create_invite", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn create_invite(
    State(app): State<App>,
    write: Write,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    body: Option<Json<Option<InviteRequest>>>,
) -> Result<(StatusCode, Json<CreatedInvite>), Refusal> {
    let proof = app.access.authorize(&write.caller, &room)?;
    let body = body.and_then(|Json(body)| body).unwrap_or_default();
    let new = NewInvite {
        role: body.role.map(wire::role_from_wire),
        uses: body.uses.map(|uses| field::within("uses", uses, &USES)).transpose()?,
        until: field::end("expires_at_ms", body.expires_at_ms)?,
    };
    let (invite_id, invite) = app.rooms.invite(&proof, new, peer.address).await?;
    // The fragment stays in the browser.
    let url = peer.base.page(&format!("r/{}#invite={invite}", room.code));
    Ok((StatusCode::CREATED, Json(CreatedInvite { invite_id, invite, url })))
}
