//! Random bytes and random well-formed frames: each frame gets exactly one answer, and neither other
//! clients nor the process are affected. A failure prints its seed; `PLAYHEAD_FUZZ_SEED` repeats it.

mod generator;

use std::collections::BTreeMap;
use std::sync::Arc;

use contracts::{ErrorCode, PatchRoom, Playback};
use harness::frame::opcode;
use harness::http::Method;
use harness::{Api, WsClient};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::party::{Party, new_room, number, options, resident_bytes, text};
use generator::{Random, Seed, World};

/// Connections that send well-formed frames, and how many each sends.
const CONNECTIONS: usize = 12;
const FRAMES_EACH: usize = 250;
const BATCH: usize = 10;
/// Random texts. A connection tolerates ten unusable ones, so they need many connections.
const TEXTS: usize = 400;
const REQUESTS: usize = 400;
const GROWTH_BYTES_MAX: u64 = 100 * 1024 * 1024;

#[tokio::test]
async fn each_random_well_formed_frame_gets_exactly_one_answer_and_the_room_stays_consistent() {
    let seed = Seed::new();
    let server = Arc::new(options().start().await.unwrap());
    let mut party = Party::watching_in(server.clone(), &new_room(), &[]).await;
    party
        .host_api
        .give_role(&party.room_id, &party.guest_id, contracts::Role::CoHost)
        .await
        .unwrap();
    party.committed().await;
    let media = party.state().await.room.media.expect("the sample is chosen");
    let world = World {
        participants: vec![party.host_id.clone(), party.guest_id.clone()],
        media,
        page: server.page().to_owned(),
    };
    let before = resident_bytes(&server);
    let watching =
        tokio::spawn(watch(server.api().as_guest("Cleo").await.unwrap(), party.room_id.clone()));

    let mut driving = Vec::new();
    for number in 0..CONNECTIONS {
        let api = if number % 2 == 0 { &party.host_api } else { &party.guest_api };
        let capabilities: &[&str] = if number % 3 == 0 { &["ready"] } else { &[] };
        let mut socket = api.connect(&party.room_id).await.unwrap();
        socket.hello(capabilities).await.unwrap();
        let random = Random::new(seed.0.wrapping_add(number as u64));
        driving.push(tokio::spawn(drive(socket, random, world.clone(), number)));
    }
    for one in driving {
        one.await.expect("each frame is answered once");
    }

    // The current host makes the change that the observer waits for.
    let state = party.state().await;
    let host = state.room.host_id.as_ref();
    let host_api = if host == Some(&party.host_id) { &party.host_api } else { &party.guest_api };
    let done = PatchRoom { name: Some("done".to_owned()), ..Default::default() };
    host_api.patch_room(&party.room_id, &done).await.unwrap();
    let seen = watching.await.expect("the observer saw only valid states");
    assert_eq!(seen, party.state().await.room.playback);
    let grown = resident_bytes(&server).saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "the server grew by {grown} bytes");
}

#[tokio::test]
async fn each_random_text_gets_exactly_one_answer() {
    let seed = Seed::new();
    let mut random = Random::new(seed.0);
    let server = Arc::new(options().start().await.unwrap());
    let mut party = Party::watching_in(server, &new_room(), &[]).await;
    let api = party.server.api().as_guest("Mallory").await.unwrap();
    let mut socket = api.enter(&party.room_id).await.unwrap();
    let mut unusable = 0;
    for _ in 0..TEXTS {
        let sent = random.text_frame();
        socket.send_text(&sent).await.unwrap();
        let answer = socket.take(format!("an answer to {sent:?}"), is_answer).await.unwrap();
        check_answer(&answer);
        unusable += usize::from(answer["type"] == "reject" && answer["id"].is_null());
        if unusable == 10 {
            assert_eq!(socket.closed().await.unwrap().close_code, Some(4400));
            let more = socket.take_unread().into_iter().filter(is_answer).count();
            assert_eq!(more, 0, "after {sent:?}");
            socket = api.enter(&party.room_id).await.unwrap();
            unusable = 0;
        }
    }
    party.nothing_happened().await;
}

#[tokio::test]
async fn random_bytes_below_the_framing_end_at_most_their_own_connection() {
    let seed = Seed::new();
    let mut random = Random::new(seed.0);
    let server = Arc::new(options().start().await.unwrap());
    let mut party = Party::watching_in(server.clone(), &new_room(), &[]).await;
    let address = server.address().to_owned();
    for round in 0..60 {
        let mut socket = party.guest_api.connect(&party.room_id).await.unwrap();
        if round % 2 == 0 {
            socket.hello(&[]).await.unwrap();
        }
        let opcodes =
            [opcode::TEXT, opcode::BINARY, opcode::CONTINUATION, opcode::PING, opcode::CLOSE, 0x3];
        for _ in 0..5 {
            let bytes = random.bytes(200);
            // The server may have closed the connection already.
            let _ = match random.below(2) {
                0 => socket.send_frame(*random.pick(&opcodes), &bytes).await,
                _ => socket.send_bytes(&bytes).await,
            };
        }
        drop(socket);
        let mut plain = TcpStream::connect(&address).await.unwrap();
        let _ = plain.write_all(&random.bytes(2000)).await;
        let _ = plain.shutdown().await;
        let mut answer = Vec::new();
        let _ = plain.read_to_end(&mut answer).await;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"), "{answer:?}");
    }
    party.nothing_happened().await;
    party.command("play", json!({})).await;
    server.pid().unwrap();
}

#[tokio::test]
async fn random_requests_succeed_or_fail_with_a_registered_code() {
    let seed = Seed::new();
    let mut random = Random::new(seed.0);
    let mut party = Party::watching().await;
    let methods = [Method::GET, Method::POST, Method::PATCH, Method::DELETE, Method::PUT];
    for _ in 0..REQUESTS {
        let (path, body) = (random.path(&party.room_id), random.body());
        // Sent by the guest, who may change nothing.
        let method = random.pick(&methods).clone();
        let headers = [("content-type", "application/json")];
        let asked = format!("{method} {path} {body}");
        let response = party.guest_api.raw(method, &path, &headers, body).await;
        let response = response.unwrap_or_else(|error| panic!("{asked}: {error}"));
        if response.status >= 400 {
            assert!(
                ErrorCode::find(response.code()).is_some(),
                "{asked}: {} {}",
                response.status,
                response.text
            );
            assert!(
                response.status < 500 || response.code().starts_with("upstream"),
                "{asked}: {}",
                response.text
            );
        }
    }
    party.nothing_happened().await;
}

/// Sends random frames in batches and counts the answers to each.
async fn drive(mut socket: WsClient, mut random: Random, world: World, number: usize) {
    let mut balance: BTreeMap<String, i64> = BTreeMap::new();
    let mut pongs = 0;
    for _ in 0..FRAMES_EACH / BATCH {
        for _ in 0..BATCH {
            let frame = random.frame(&world, number);
            *balance.entry(text(&frame["id"])).or_default() += 1;
            socket.send_json(&frame).await.unwrap();
        }
        for _ in 0..BATCH {
            let answer = socket.take("an answer", is_answer).await.unwrap();
            check_answer(&answer);
            if answer["type"] == "pong" {
                pongs += 1;
            } else {
                let due = balance.get_mut(&text(&answer["id"]));
                *due.unwrap_or_else(|| panic!("{answer} answers nothing that was sent")) -= 1;
            }
        }
    }
    // Commands are answered in order, so this answer is the last.
    let last = format!("last-{number}");
    socket.command_with_id(&last, "pause", json!({})).await.unwrap();
    let more: Vec<Value> = socket.take_unread().into_iter().filter(is_answer).collect();
    assert_eq!(more, Vec::<Value>::new());
    // A pong has no id: pings without a reject must have a pong each.
    let by_pong: i64 =
        balance.iter().filter(|(id, _)| id.starts_with("ping")).map(|(_, due)| due).sum();
    assert_eq!(by_pong, pongs, "each ping has its one answer");
    let unanswered: Vec<_> =
        balance.iter().filter(|(id, due)| !id.starts_with("ping") && **due != 0).collect();
    assert!(unanswered.is_empty(), "{unanswered:?}");
}

/// Checks that every frame is in order and carries a valid playback; returns the last one.
async fn watch(api: Api, room_id: String) -> Playback {
    let mut socket = api.connect(&room_id).await.unwrap();
    let welcome = socket.welcome(&[], None).await.unwrap();
    let (mut at, mut last) = (number(&welcome["version"]), None);
    loop {
        let frame = socket.next_frame().await.unwrap();
        if let Some(version) = frame["version"].as_u64() {
            let newest = frame["type"] == "room_state";
            assert!(version == at + 1 || (newest && version > at), "{frame} after {at}");
            at = version;
        }
        let data =
            if frame["type"] == "room_state" { &frame["data"]["room"] } else { &frame["data"] };
        if data["playback"].is_object() {
            let playback: Playback = serde_json::from_value(data["playback"].clone()).unwrap();
            assert!((0.25..=4.0).contains(&playback.rate), "{frame}");
            last = Some(playback);
        }
        if data["name"] == "done" {
            return last.expect("something was played");
        }
    }
}

fn is_answer(frame: &Value) -> bool {
    matches!(frame["type"].as_str(), Some("ack" | "reject" | "pong" | "welcome"))
}

fn check_answer(answer: &Value) {
    if answer["type"] == "reject" {
        let code = text(&answer["error"]["code"]);
        assert!(ErrorCode::find(&code).is_some(), "{answer}");
        assert_ne!(code, "internal", "{answer}");
    }
}
