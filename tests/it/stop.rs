//! How a server ends when it is asked to.

use std::time::{Duration, Instant};

use harness::http::Method;
use harness::{DEADLINE, ServerProcess};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::origin::Origin;
use crate::party::{options, sample};

/// The time within which a process that was asked to end has ended: what is promised, and what a busy machine
/// adds.
const ENDED_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn half_open_clients_do_not_keep_a_server_from_ending_and_people_are_told_first() {
    let mut server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    let mut person = host.enter(&room_id).await.unwrap();
    let mut early = host.connect(&room_id).await.unwrap();
    // This one never answers a close, nor reads.
    let silent = host.enter(&room_id).await.unwrap();
    let half_open = half_open(&server).await;

    let began = Instant::now();
    server.ask_to_end().unwrap();
    for socket in [&mut person, &mut early] {
        let closing = socket.wait_for("closing").await.unwrap();
        assert_eq!(closing["data"]["close_code"], json!(4503));
        assert_eq!(socket.closed().await.unwrap().close_code, Some(4503));
    }
    assert_eq!(server.wait_exit().await.unwrap(), Some(0));
    let took = began.elapsed();
    assert!(took < ENDED_WITHIN, "ended after {took:?}");
    drop((silent, half_open));
}

#[tokio::test]
async fn a_command_that_waits_behind_a_slow_one_at_a_stop_may_be_sent_again() {
    let origin = Origin::start().await;
    let mut server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    let mut person = host.enter(&room_id).await.unwrap();
    let link = json!({ "link": origin.link("held.m3u8") });
    for (id, type_, data) in [("slow", "set_media", link), ("next", "play", json!({}))] {
        person.send_json(&json!({ "type": type_, "id": id, "data": data })).await.unwrap();
    }
    person.send_json(&json!({ "type": "ping", "data": { "t0": 1 } })).await.unwrap();
    person.wait_for("pong").await.unwrap();
    server.ask_to_end().unwrap();
    for (id, code, outcome) in
        [("slow", "store_unavailable", "unknown"), ("next", "draining", "not_applied")]
    {
        let answer = person.take(id, |frame| frame["id"] == id).await.unwrap();
        assert_eq!(
            (&answer["error"]["code"], &answer["error"]["outcome"]),
            (&json!(code), &json!(outcome))
        );
        assert_eq!(answer["error"]["retry"], "backoff", "{answer}");
    }
    assert_eq!(server.wait_exit().await.unwrap(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_a_server_at_once() {
    let mut server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    let mut person = host.enter(&room_id).await.unwrap();
    let silent = host.enter(&room_id).await.unwrap();
    server.ask_to_end().unwrap();
    person.wait_for("closing").await.unwrap();
    server.ask_to_end().unwrap();
    assert_eq!(server.wait_exit().await.unwrap(), Some(0));
    assert!(server.log().contains("a second signal"), "{}", server.log());
    drop(silent);
    server.restart().await.unwrap();
    assert_eq!(host.find_room(&room_id).await.unwrap().room_id, room_id);
}

#[tokio::test]
async fn health_checks_and_metrics_are_answered_until_the_process_ends() {
    let mut server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    let mut person = host.enter(&room_id).await.unwrap();
    // It answers no close, so the server waits for it.
    let silent = host.enter(&room_id).await.unwrap();
    let admin = server.admin_api();
    server.ask_to_end().unwrap();
    person.wait_for("closing").await.unwrap();
    let ready = admin.raw(Method::GET, "readyz", &[], "").await.unwrap();
    assert_eq!((ready.status, ready.text.as_str()), (503, "draining\n"));
    let healthy = admin.raw(Method::GET, "healthz", &[], "").await.unwrap();
    assert_eq!((healthy.status, healthy.text.as_str()), (200, "ok\n"));
    let metrics = admin.raw(Method::GET, "metrics", &[], "").await.unwrap();
    assert!(metrics.text.contains("playhead_connections"), "{}", metrics.text);
    assert_eq!(server.wait_exit().await.unwrap(), Some(0));
    drop(silent);
}

#[tokio::test]
async fn signals_that_ask_for_a_reload_are_ignored_in_words() {
    let mut server = options().start().await.unwrap();
    let mut party = server.api().as_guest("Ada").await.unwrap();
    server.ask_to_reload().unwrap();
    let began = Instant::now();
    for signal in ["SIGHUP", "SIGUSR1", "SIGUSR2"] {
        while !server.log().contains(&format!("{signal} is ignored")) {
            assert!(began.elapsed() < DEADLINE, "{}", server.log());
            party = server.api().as_guest("Ada").await.unwrap();
        }
    }
    party.create_room("Friday").await.unwrap();
    assert_eq!(server.terminate().await.unwrap(), Some(0));
}

/// Connections that stop in the middle: of the headers, of a body, of a response, and after one.
async fn half_open(server: &ServerProcess) -> Vec<TcpStream> {
    let address = server.address();
    let clip = sample(server).replace("clip.m3u8", "clip.mp4");
    let path = clip.split(address).nth(1).unwrap_or_default().to_owned();
    let mut streams = Vec::new();
    for (request, is_answered) in [
        (String::new(), false),
        (format!("GET / HTTP/1.1\r\nhost: {address}\r\nx: "), false),
        (
            format!(
                "POST /api/v1/auth/guest HTTP/1.1\r\nhost: {address}\r\n\
                 content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
            ),
            false,
        ),
        (format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").repeat(200), true),
        (format!("GET /api/v1/meta HTTP/1.1\r\nhost: {address}\r\n\r\n"), true),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        if is_answered {
            stream.read_u8().await.unwrap();
        }
        streams.push(stream);
    }
    streams
}
