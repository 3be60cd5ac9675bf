//! File descriptors: the server raises its limit, and clients can't take what everything else needs.

use std::sync::Arc;
use std::time::Instant;

use contracts::ErrorCode;
use harness::DEADLINE;
use harness::http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::party::{Party, new_room, options};

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
        let answer = ask(&mut stream).await;
        if !answer.starts_with("HTTP/1.1 200") {
            break answer;
        }
        held.push(stream);
        assert!(held.len() < 256, "it can't have that many");
    };
    let status = ErrorCode::LimitReached.status();
    assert!(refused.starts_with(&format!("HTTP/1.1 {status} ")), "{refused}");
    let (_, body) = refused.split_once("\r\n\r\n").expect("a body");
    let problem: Value = serde_json::from_str(body).expect("a problem");
    assert_eq!(problem["code"], "limit_reached", "{problem}");

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
            let response = admin.raw(Method::GET, path, &[], "").await.unwrap();
            // That a store is slow for a second on a busy machine is an answer, too.
            let is_answer = response.status == 200 || (path, response.status) == ("readyz", 503);
            assert!(is_answer, "{path}, among connections that are {name}: {}", response.text);
        }
    }
}

#[tokio::test]
async fn silent_connections_never_keep_clients_out() {
    let server = options().open_files(256, 256).start().await.unwrap();
    for sent in ["", "GET / HTTP/1.1\r\nx: "] {
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
}

/// Asks for the time on a connection that stays open; returns the whole response.
async fn ask(stream: &mut TcpStream) -> String {
    let request = b"GET /api/v1/time HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        if stream.read_buf(&mut answer).await.unwrap() == 0 {
            break;
        }
    }
    String::from_utf8(answer).unwrap()
}
