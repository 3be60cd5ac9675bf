//! `GET /rooms/{room_id}/invites`

use axum::extract::State;
use contracts::{Invite, InvitePage};

use crate::access::{Caller, InviteRow};
use crate::app::App;
use crate::clock::WallTime;
use crate::http::cursor::{PageQuery, page_token};
use crate::http::extract::{Json, Query};
use crate::http::{OpenRoomPath, Problems, RoomParameter};
use crate::net::Peer;
use crate::refusal::Refusal;
use crate::wire;

/// Lists the invites that can still be used, the newest first, to those who moderate the room.
#[utoipa::path(get, path = "", operation_id = "listInvites", tag = "rooms",
    security(("token" = [])),
    params(RoomParameter, PageQuery),
    responses((status = 200, body = InvitePage, description = "A page"), Problems))]
#[tracing::instrument(name = "http.list_invites", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn list_invites(
    State(app): State<App>,
    caller: Caller,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    Query(query): Query<PageQuery>,
) -> Result<Json<InvitePage>, Refusal> {
    let proof = app.access.authorize(&caller, &room)?;
    app.rooms.check_moderates(&proof, peer.address).await?;
    let window = query.window()?;
    let invites = app.access.invites();
    let mut invites = invites.list(&room.room_id, window.after, window.take + 1).await?;
    let has_more = invites.len() > window.take;
    invites.truncate(window.take);
    let last = invites.last().map(|(number, _)| *number).filter(|_| has_more);
    Ok(Json(InvitePage {
        items: invites.into_iter().map(|(_, invite)| encode(invite)).collect(),
        next_page_token: last.as_ref().map(page_token),
    }))
}

fn encode(invite: InviteRow) -> Invite {
    let expires_at_ms = invite.end().map(WallTime::as_millis);
    let InviteRow { invite_id, role, uses, used, by, created_at, .. } = invite;
    let (role, created_at_ms) = (role.map(wire::role), created_at.as_millis());
    Invite { invite_id, role, uses, used, by, created_at_ms, expires_at_ms }
}
