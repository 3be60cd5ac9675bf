//! File descriptors: the server raises its limit, and clients can't take what everything else needs.

use std::sync::Arc;
use std::time::Instant;

use contracts::ErrorCode;
use harness::http::Method;
use harness::{DEADLINE, ServerProcess};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::party::{Party, new_room, options};

/// A whole request, on a connection that stays open.
const WHOLE: &str = "GET /api/v1/time HTTP/1.1\r\nhost: localhost\r\n\r\n";
/// What a server answers that waits for a request's body.
const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

#[tokio::test]
async fn the_limit_of_open_files_is_raised_to_what_the_system_allows() {
    let server = options().open_files(256, 1024).start().await.unwrap();
    let limits = format!("/proc/{}/limits", server.pid().unwrap());
    let limits = std::fs::read_to_string(limits).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let columns: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(columns[3..5], ["1024", "1024"], "{line}");
    // That isn't enough for most.
    assert!(server.log().contains("PLAYHEAD_LIMIT_CONNECTIONS"), "{}", server.log());
}

#[tokio::test]
async fn a_server_short_of_descriptors_refuses_more_clients_in_words_and_serves_everybody_else() {
    let server = Arc::new(options().open_files(256, 256).start().await.unwrap());
    let mut party = Party::watching_in(server.clone(), &new_room(), &[]).await;
    let mut held = Vec::new();
    let refused = loop {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let answer = begin(&mut stream).await;
        if answer != CONTINUE {
            break answer;
        }
        held.push(stream);
        assert!(held.len() < 256, "it can't have that many");
    };
    check_refusal(&refused);
    // More than the server waits for at once.
    for says in ["", WHOLE] {
        let mut newcomers = JoinSet::new();
        for _ in 0..100 {
            newcomers.spawn(all_that_is_said(server.clone(), says));
        }
        newcomers.join_all().await.iter().for_each(|refused| check_refusal(refused));
    }

    for path in ["healthz", "readyz", "metrics"] {
        let response = server.admin_api().raw(Method::GET, path, &[], "").await.unwrap();
        assert_eq!(response.status, 200, "{path}");
    }
    party.command("play", json!({})).await;
    party.command("pause", json!({})).await;

    drop(held);
    let began = Instant::now();
    while server.api().guest("Cleo").await.is_err() {
        assert!(began.elapsed() < DEADLINE, "there is room again");
    }
    party.nothing_happened().await;
}

#[tokio::test]
async fn idle_connections_never_keep_a_health_check_out() {
    let server = options().start().await.unwrap();
    let admin = server.admin_api();
    let address = server.admin().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let whole = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for (name, sent) in [
        ("silent", ""),
        ("in the middle of a request", "GET /healthz HTTP/1.1\r\nx: "),
        ("answered, and silent since", whole),
        ("unusable", "nonsense\r\n\r\n"),
    ] {
        let mut held = Vec::new();
        for _ in 0..200 {
            let mut stream = TcpStream::connect(&address).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            held.push(stream);
        }
        for path in ["healthz", "readyz", "metrics", "version"] {
            // A connection kept from before may be the one that makes room just now.
            let anew = [("connection", "close")];
            let response = admin.raw(Method::GET, path, &anew, "").await.unwrap();
            // That a store is slow for a second on a busy machine is an answer, too.
            let is_answer = response.status == 200 || (path, response.status) == ("readyz", 503);
            assert!(is_answer, "{path}, among connections that are {name}: {}", response.text);
        }
    }
}

#[tokio::test]
async fn silent_connections_never_keep_clients_out_and_a_party_goes_on_among_them() {
    // With limits per address, one has half of the connections; the server is full in the other case.
    for per_address in ["0", "1"] {
        let server = options().open_files(256, 256).env("PLAYHEAD_LIMIT_PER_ADDRESS", per_address);
        a_party_goes_on_among_silent_connections(Arc::new(server.start().await.unwrap())).await;
    }
}

async fn a_party_goes_on_among_silent_connections(server: Arc<ServerProcess>) {
    let mut party = Party::watching_in(server.clone(), &new_room(), &[]).await;
    for sent in ["", "GET / HTTP/1.1\r\nx: ", WHOLE] {
        let mut held = Vec::new();
        for _ in 0..200 {
            let mut stream = TcpStream::connect(server.address()).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            held.push(stream);
        }
        let api = server.api().as_guest("Ada").await.unwrap();
        let room_id = api.create_room("Friday").await.unwrap().room_id;
        api.enter(&room_id).await.unwrap();
    }
    party.command("play", json!({})).await;
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_response_that_is_read_slowly_is_not_cut_off_to_make_room() {
    let server = options().open_files(256, 256).start().await.unwrap();
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    let request = b"GET /sample/clip.mp4 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    slow.write_all(request).await.unwrap();
    let mut received = Vec::new();
    slow.read_buf(&mut received).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(WHOLE.as_bytes()).await.unwrap();
        held.push(stream);
    }
    server.api().as_guest("Ada").await.unwrap();

    slow.read_to_end(&mut received).await.unwrap();
    let end = received.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let head = std::str::from_utf8(&received[..end]).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    assert_eq!(length, Some((received.len() - end).to_string().as_str()), "{head}");
}

/// Sends something at once, and returns all that the server sends.
async fn all_that_is_said(server: Arc<ServerProcess>, says: &'static str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    // The server may have closed already.
    let _ = stream.write_all(says.as_bytes()).await;
    let mut answer = Vec::new();
    while stream.read_buf(&mut answer).await.is_ok_and(|length| length > 0) {}
    String::from_utf8(answer).unwrap()
}

fn check_refusal(refused: &str) {
    let status = ErrorCode::LimitReached.status();
    assert!(refused.starts_with(&format!("HTTP/1.1 {status} ")), "{refused}");
    let (_, body) = refused.split_once("\r\n\r\n").expect("a body");
    let problem: Value = serde_json::from_str(body).expect("a problem");
    assert_eq!(problem["code"], "limit_reached", "{problem}");
}

/// Begins a request whose body doesn't come. Returns [`CONTINUE`] once the server waits for that, or else the whole
/// response.
async fn begin(stream: &mut TcpStream) -> String {
    let head = "POST /api/v1/auth/guest HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\
                content-type: application/json\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while answer != CONTINUE.as_bytes() && !answer.ends_with(b"}") {
        if stream.read_buf(&mut answer).await.unwrap() == 0 {
            break;
        }
    }
    String::from_utf8(answer).unwrap()
}
