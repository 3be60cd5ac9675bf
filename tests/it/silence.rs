//! Clients that stop in the middle: the server waits for them only so long.

use std::time::Duration;

use contracts::Problem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::party::server;
use crate::websocket::raw::{Ground, State};

/// Longer than the server waits for anybody.
const ENOUGH: Duration = Duration::from_secs(90);

#[tokio::test]
async fn a_connection_that_shows_no_sign_of_life_is_closed_with_heartbeat_timeout() {
    let ground = Ground::new().await;
    let mut silent = ground.open(State::Welcomed).await;
    let closed = timeout(ENOUGH, silent.read_until_closed()).await.expect("closed in time");
    assert_eq!(closed, (Some(4504), "heartbeat_timeout".to_owned()));
}

#[tokio::test]
async fn a_request_whose_body_never_arrives_is_answered_with_request_timeout() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head = format!(
        "POST /api/v1/auth/guest HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{",
        server.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(ENOUGH, stream.read_to_end(&mut answer)).await.expect("answered in time").unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let problem: Problem = serde_json::from_str(body).expect("a problem");
    assert_eq!(problem.code, "request_timeout");
}
