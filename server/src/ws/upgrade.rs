//! `GET /rooms/{room}/ws`: ticket, origin and subprotocol are checked before the upgrade, so that
//! each refusal is a problem that can be read.

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderValue;
use axum::response::Response;
use contracts::{ErrorCode, FRAME_BYTES_MAX, SUBPROTOCOL};
use serde::Deserialize;

use super::socket::Socket;
use super::{origin, session};
use crate::App;
use crate::connections::Most;
use crate::extract::{Query, RoomPath};
use crate::peer::Peer;
use crate::refusal::Refusal;

// A read buffer is allocated for each socket and cleared at each read, so the default of 128 KiB
// costs memory and time; frames are small.
const READ_BUFFER_BYTES: usize = 256;
const WRITE_BUFFER_BYTES: usize = 4096;
const WRITE_BUFFER_BYTES_MAX: usize = 512 * 1024;

#[derive(Deserialize)]
pub(crate) struct TicketQuery {
    ticket: Option<String>,
}

/// Opens the WebSocket of a room: subprotocol `playhead.v1.json`, text frames, JSON.
#[utoipa::path(get, path = "/rooms/{room_id}/ws", operation_id = "connect", tag = "rooms",
    params(("room_id" = String, Path, description = "A room's id or code"),
           ("ticket" = String, Query, description = "From `join`; good once")),
    responses((status = 101, description = "The upgrade; say `hello` within five seconds"),
              crate::openapi::Problems))]
#[tracing::instrument(name = "http.connect", skip_all, fields(room.id = %room.room_id))]
pub(crate) async fn connect(
    State(app): State<App>,
    room: RoomPath,
    peer: Peer,
    Query(query): Query<TicketQuery>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, _) = request.into_parts();
    origin::check(&parts.headers, &peer, &app.config)?;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &app).await;
    let mut upgrade = upgrade.map_err(not_an_upgrade)?;
    let offered = upgrade.requested_protocols().any(|protocol| protocol == SUBPROTOCOL);
    if !offered {
        let detail = format!("ask for the subprotocol {SUBPROTOCOL}");
        return Err(Refusal::new(ErrorCode::SubprotocolUnsupported, detail));
    }
    let ticket = match query.ticket {
        Some(secret) => app.store.redeem_ticket(&secret).await?,
        None => None,
    };
    let ticket = ticket.filter(|ticket| ticket.room_id == room.room_id);
    let ticket = ticket.ok_or_else(|| {
        Refusal::new(
            ErrorCode::TicketInvalid,
            "the ticket is missing, used, expired or another room's",
        )
    })?;
    let place = app.connections.take(peer.address, Most::configured(&app.config.limits, 0))?;

    upgrade.set_selected_protocol(HeaderValue::from_static(SUBPROTOCOL));
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX);
    let last_read = peer.last_read;
    Ok(upgrade
        .on_upgrade(move |socket| session::run(app, Socket::new(socket, last_read), ticket, place)))
}

fn not_an_upgrade(rejection: WebSocketUpgradeRejection) -> Refusal {
    Refusal::new(ErrorCode::UpgradeRequired, format!("this path speaks WebSocket: {rejection}"))
}
