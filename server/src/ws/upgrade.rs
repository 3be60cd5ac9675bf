//! `GET /rooms/{room_id}/ws`: ticket, origin and subprotocol are checked before the upgrade, so that
//! each refusal is a problem that the client can read.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderValue;
use axum::response::Response;
use contracts::{ErrorCode, FRAME_BYTES_MAX, SUBPROTOCOL};
use serde::Deserialize;

use super::socket::Socket;
use super::{handshake, life};
use crate::app::App;
use crate::http::{Problems, Query, RoomPath};
use crate::net::{Capacity, Peer};
use crate::refusal::Refusal;

// A read buffer is allocated for each socket and cleared before each read, so the default of 128 KiB
// costs memory and time. Frames are small.
const READ_BUFFER_BYTES: usize = 256;
const WRITE_BUFFER_BYTES: usize = 4096;
const WRITE_BUFFER_BYTES_MAX: usize = 512 * 1024;

#[derive(Deserialize)]
pub(crate) struct TicketQuery {
    ticket: Option<String>,
}

/// Opens the WebSocket of a room: subprotocol `playhead.v1.json`, text frames, JSON.
#[utoipa::path(get, path = "", operation_id = "connect", tag = "rooms",
    params(("room_id" = String, Path, description = "A room's id or code"),
           ("ticket" = String, Query, description = "From `join`; valid once")),
    responses((status = 101, description = "The upgrade; send `hello` within five seconds"),
              Problems))]
#[tracing::instrument(name = "http.connect", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn connect(
    State(app): State<App>,
    RoomPath { room }: RoomPath,
    peer: Peer,
    Query(query): Query<TicketQuery>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, _) = request.into_parts();
    app.origins.check(&parts.headers, &peer, &app.config)?;
    handshake::check(&mut parts.headers)?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &app).await;
    let mut upgrade = upgrade.map_err(not_an_upgrade)?;
    let offered = upgrade.requested_protocols().any(|protocol| protocol == SUBPROTOCOL);
    if !offered {
        let detail = format!("ask for the subprotocol {SUBPROTOCOL}");
        return Err(Refusal::new(ErrorCode::SubprotocolUnsupported, detail));
    }
    let caller = app.members.redeem_ticket(query.ticket.as_deref(), &room.room_id).await?;
    app.access.check_unexpired(&caller)?;
    let proof = app.access.prove(&caller, &room.room_id);
    let capacity = Capacity::of_websockets(app.shares.websockets, &app.config.limits);
    let slot = app.connections.take(peer.address, capacity)?;

    upgrade.set_selected_protocol(HeaderValue::from_static(SUBPROTOCOL));
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX);
    let last_read = peer.last_read;
    Ok(upgrade
        .on_upgrade(move |socket| life::live(app, Socket::new(socket, last_read), proof, slot)))
}

fn not_an_upgrade(rejection: WebSocketUpgradeRejection) -> Refusal {
    let detail = format!("this path speaks WebSocket: {rejection}");
    Refusal::new(ErrorCode::UpgradeRequired, detail)
}
