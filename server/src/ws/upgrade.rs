//! `GET /rooms/{room_id}/ws`: ticket, origin and subprotocol are checked before the upgrade, so that
//! each refusal is a problem that the client can read.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::{ErrorCode, FRAME_BYTES_MAX, SUBPROTOCOL};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio_tungstenite::WebSocketStream;
use tungstenite::handshake::derive_accept_key;
use tungstenite::protocol::{Role, WebSocketConfig};

use super::socket::Socket;
use super::strict::Strict;
use super::{handshake, life};
use crate::app::App;
use crate::http::{Problems, Query, RoomParameter, RoomPath};
use crate::id;
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
    params(RoomParameter,
           ("ticket" = String, Query, description = "From `join`; valid once", max_length = 52,
            pattern = "^[0-9A-HJKMNP-TV-Z]{52}$")),
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
    let accept = derive_accept_key(handshake::check(&parts.headers)?.as_bytes());
    let on_upgrade = parts.extensions.remove::<OnUpgrade>();
    let on_upgrade = on_upgrade.filter(|_| parts.method == Method::GET).ok_or_else(|| {
        let detail = "this path speaks WebSocket: ask by GET and HTTP/1.1";
        Refusal::new(ErrorCode::UpgradeRequired, detail)
    })?;
    let offered = handshake::offers(&parts.headers, SUBPROTOCOL);
    if !offered {
        let detail = format!("ask for the subprotocol {SUBPROTOCOL}");
        return Err(Refusal::new(ErrorCode::SubprotocolUnsupported, detail));
    }
    let redeemed = app.members.redeem_ticket(query.ticket.as_deref(), &room.room_id).await?;
    let caller = redeemed.caller;
    app.access.check_valid(&caller)?;
    let participant_id = id::participant_id(&room.room_id, &caller.user_id);
    // The node that issued the ticket may have made the grant a moment ago.
    let grants = app.access.grants();
    grants.catch_up(&room.room_id, &participant_id, redeemed.grant_number).await?;
    let proof = app.access.authorize(&caller, &room)?;
    let capacity = Capacity::of_websockets(app.shares.websockets, &app.config.limits);
    let slot = app.connections.take(peer.address, capacity)?;

    let (client, last_read) = (Arc::new(peer.client()), peer.last_read);
    tokio::spawn(async move {
        // Otherwise the client left before it was told.
        let Ok(upgraded) = on_upgrade.await else { return };
        let stream = Strict::new(TokioIo::new(upgraded));
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config())).await;
        life::live(app, Socket::new(socket, last_read), proof, client, slot).await;
    });
    Ok(switching_protocols(&accept))
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX))
}

fn switching_protocols(accept: &str) -> Response {
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let accept = HeaderValue::from_str(accept).expect("base64 is plain");
    for (name, value) in [
        (header::CONNECTION, HeaderValue::from_static("upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, accept),
        (header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL)),
    ] {
        response.headers_mut().insert(name, value);
    }
    response
}
