//! `POST /rooms/{room_id}/join`

use axum::extract::State;
use axum::http::HeaderMap;
use contracts::{INVITE_MAX, JoinRequest, Joined, PASSWORD_BYTES_MAX, SUBPROTOCOL, WsTicket};

use crate::access::Caller;
use crate::app::App;
use crate::clock::WallTime;
use crate::http::extract::Json;
use crate::http::{OpenRoomPath, Problems, RoomParameter, field};
use crate::net::Peer;
use crate::refusal::Refusal;
use crate::rooms::Entrance;
use crate::wire;

/// Joins a room. The response holds a ticket for its WebSocket, and its state, so that the media can
/// load while the WebSocket opens.
#[utoipa::path(post, path = "/join", operation_id = "joinRoom", tag = "rooms",
    security(("token" = [])), request_body = Option<JoinRequest>,
    params(RoomParameter),
    responses((status = 200, body = Joined, description = "The ticket and the state"), Problems))]
#[tracing::instrument(name = "http.join_room", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn join_room(
    State(app): State<App>,
    caller: Caller,
    peer: Peer,
    OpenRoomPath { room }: OpenRoomPath,
    headers: HeaderMap,
    body: Option<Json<Option<JoinRequest>>>,
) -> Result<Json<Joined>, Refusal> {
    // Refused here already, where a page can read why, and not at its WebSocket only.
    app.origins.check(&headers, &peer, &app.config)?;
    app.limiters.check_join(peer.address, &caller.user_id)?;
    let room_id = &room.room_id;
    let JoinRequest { invite, password } = body.and_then(|Json(body)| body).unwrap_or_default();
    field::at_most("invite", invite.as_deref(), INVITE_MAX)?;
    field::at_most("password", password.as_deref(), PASSWORD_BYTES_MAX)?;
    let (invite, password) = (invite.as_deref(), password.as_deref());
    let with = Entrance { invite, password, address: peer.address };
    let proof = app.rooms.enter(&caller, &room, with).await?;
    app.members.join(&proof, &room).await?;
    let viewers = app.members.viewers(room_id).await?;
    let ticket = app.members.issue_ticket(caller, &proof).await?;
    Ok(Json(Joined {
        participant_id: proof.participant_id().to_string(),
        role: wire::role(proof.role_in(&room)),
        ws: WsTicket {
            url: peer.base.websocket(&format!("api/v1/rooms/{room_id}/ws")),
            ticket: ticket.secret,
            protocol: SUBPROTOCOL.to_owned(),
            expires_in_ms: ticket.expires_in_ms,
            expires_at_ms: WallTime::now().plus_millis(ticket.expires_in_ms).as_millis(),
        },
        state: wire::room_state(&room, viewers, app.clock.now().max(room.at)),
    }))
}
