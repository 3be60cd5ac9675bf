use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use contracts::{ErrorCode, JoinRequest, Joined, SUBPROTOCOL, WsTicket};

use crate::App;
use crate::auth::{Caller, Ticket};
use crate::extract::{Json, RoomPath};
use crate::id;
use crate::peer::Peer;
use crate::refusal::Refusal;
use crate::wire;

/// Joins a room and gives a ticket for its WebSocket, and what is watched, so that it can load meanwhile.
#[utoipa::path(post, path = "/rooms/{room_id}/join", operation_id = "joinRoom", tag = "rooms",
    security(("token" = [])), request_body = JoinRequest,
    params(("room_id" = String, Path, description = "A room's id or code")),
    responses((status = 200, body = Joined, description = "The place"),
              crate::openapi::Problems))]
#[tracing::instrument(name = "http.join_room", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn join_room(
    State(app): State<App>,
    caller: Caller,
    peer: Peer,
    room: RoomPath,
    headers: HeaderMap,
    // Checked, though nothing in it is needed yet.
    _: Option<Json<JoinRequest>>,
) -> Result<Answer<Joined>, Refusal> {
    app.limiters.check_join(peer.address)?;
    let room_id = room.room_id;
    let room = app.rooms.find(&room_id).await?;
    if !room.lifecycle.state.is_open() {
        return Err(Refusal::new(ErrorCode::RoomClosed, "the party is over"));
    }
    app.join(&caller, &room_id).await?;
    let participant_id = caller.participant_id(&room_id);
    let role = room.role_of_participant(&participant_id, caller.base());
    let url = url(&app, &headers, &peer, room_id.as_str());
    let viewers = app.viewers(&room_id).await?;
    let (secret, ticket) = (id::secret(), Ticket::new(room_id, caller, app.clock.now()));
    let expires_at_ms = ticket.expires_at.as_millis();
    app.store.keep_ticket(&secret, ticket).await?;
    Ok(Answer(Joined {
        participant_id: participant_id.to_string(),
        role: wire::role(role),
        ws: WsTicket { url, ticket: secret, protocol: SUBPROTOCOL.to_owned(), expires_at_ms },
        state: wire::room_state(&room, viewers, app.clock.now().max(room.at)),
    }))
}

/// The WebSocket's absolute address: by the public URL, else as the client reached this server.
fn url(app: &App, headers: &HeaderMap, peer: &Peer, room_id: &str) -> String {
    let path = format!("api/v1/rooms/{room_id}/ws");
    if let Some(public) = app.config.public_url.as_ref() {
        let scheme = if public.scheme() == "https" { "wss" } else { "ws" };
        let authority = public[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
        return format!("{scheme}://{authority}/{path}");
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.map_or_else(|| peer.local.to_string(), str::to_owned);
    format!("ws://{host}/{path}")
}
