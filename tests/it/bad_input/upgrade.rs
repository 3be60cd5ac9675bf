//! Handshakes that are refused with a problem before the upgrade.

use contracts::WsTicket;
use harness::Upgrade;
use harness::http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::party::Party;
use crate::problem;

#[tokio::test]
async fn a_ticket_is_valid_once_and_for_its_own_room() {
    let mut party = Party::watching().await;
    let other = party.guest_api.create_room("Elsewhere").await.unwrap();
    let here = ticket(&party).await;
    let foreign = party.guest_api.join(&other.room_id).await.unwrap().ws;

    let refused = |upgrade: Upgrade, asked: &'static str| async move {
        problem::check(&upgrade.refusal().await.unwrap(), "ticket_invalid", asked);
    };
    refused(Upgrade::new(&here.url), "no ticket").await;
    refused(Upgrade::new(&here.url).ticket(""), "an empty ticket").await;
    refused(Upgrade::new(&here.url).ticket("nonsense"), "an invented ticket").await;
    refused(Upgrade::new(&here.url).ticket(&foreign.ticket), "a foreign room's ticket").await;
    let mut socket = Upgrade::with(&here).connect().await.unwrap();
    refused(Upgrade::with(&here), "a ticket that is in use").await;
    socket.hello(&[]).await.unwrap();
    socket.close().await.unwrap();
    refused(Upgrade::with(&here), "a ticket that was used").await;
    party.nothing_happened().await;
}

#[tokio::test]
async fn pages_of_foreign_origins_cannot_connect() {
    let mut party = Party::watching().await;
    let own = party.server.page().trim_end_matches('/').to_owned();
    let port = own.rsplit(':').next().expect("it names its port").to_owned();
    let rebound = format!("http://rebound.example:{port}");
    let elsewhere = "http://127.0.0.1:1".to_owned();
    for origin in ["https://evil.example", "null", "", "file://", &rebound, &elsewhere] {
        let upgrade = Upgrade::with(&ticket(&party).await).origin(origin);
        let response = upgrade.refusal().await.unwrap();
        problem::check(&response, "origin_forbidden", origin);
    }
    let mut socket = Upgrade::with(&ticket(&party).await).origin(&own).connect().await.unwrap();
    socket.hello(&[]).await.unwrap();
    party.nothing_happened().await;
}

#[tokio::test]
async fn only_the_playhead_subprotocol_is_accepted() {
    let mut party = Party::watching().await;
    for subprotocol in [None, Some("playhead.v2.json"), Some("chat, superchat"), Some("")] {
        let upgrade = Upgrade::with(&ticket(&party).await).subprotocol(subprotocol);
        let response = upgrade.refusal().await.unwrap();
        problem::check(&response, "subprotocol_unsupported", &format!("{subprotocol:?}"));
    }
    let several = Some("playhead.v2.json, playhead.v1.json");
    let upgrade = Upgrade::with(&ticket(&party).await).subprotocol(several);
    upgrade.connect().await.unwrap().hello(&[]).await.unwrap();
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_request_that_is_not_an_upgrade_is_a_problem() {
    let mut party = Party::watching().await;
    let ticket = ticket(&party).await;
    let path = format!("rooms/{}/ws?ticket={}", party.room_id, ticket.ticket);
    let response = party.guest_api.request(Method::GET, &path, None).await.unwrap();
    problem::check(&response, "upgrade_required", "a plain GET");
    let response = party.guest_api.request(Method::POST, &path, None).await.unwrap();
    problem::check(&response, "method_not_allowed", "a POST");
    let nowhere = party.server.page().replace("http", "ws") + "api/v1/rooms/AAAAA-AAAAA/ws";
    let response = Upgrade::new(&nowhere).ticket(&ticket.ticket).refusal().await.unwrap();
    problem::check(&response, "room_not_found", "an unknown room");
    // None of these requests used up the ticket.
    Upgrade::with(&ticket).connect().await.unwrap().hello(&[]).await.unwrap();
    party.nothing_happened().await;
}

#[tokio::test]
async fn an_offer_of_compression_is_declined() {
    // Compression would delay frames, and so distort the measured round trip.
    let mut party = Party::watching().await;
    let ticket = ticket(&party).await;
    let address = party.server.address();
    let request = format!(
        "GET /api/v1/rooms/{}/ws?ticket={} HTTP/1.1\r\nhost: {address}\r\nupgrade: websocket\r\n\
         connection: upgrade\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: playhead.v1.json\r\n\
         sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
        party.room_id, ticket.ticket
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a whole answer"));
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    assert!(head.starts_with("http/1.1 101"), "{head}");
    assert!(!head.contains("sec-websocket-extensions"), "{head}");
    party.nothing_happened().await;
}

async fn ticket(party: &Party) -> WsTicket {
    party.guest_api.join(&party.room_id).await.unwrap().ws
}
