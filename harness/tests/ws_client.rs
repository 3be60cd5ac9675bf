//! The WebSocket clients against another implementation of a server.

#![expect(clippy::result_large_err, reason = "the handshake's callback returns this type")]

use std::time::{Duration, Instant};

use contracts::SUBPROTOCOL;
use futures_util::{SinkExt, StreamExt};
use harness::reader::{Incoming, Reader};
use harness::{Upgrade, WsClient};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Bytes, Message};

#[tokio::test]
async fn a_command_gets_its_answer_and_keeps_the_other_frames_in_order() {
    let (mut client, mut server) = connected().await;
    let serve = async {
        let command: Value = serde_json::from_str(&text(&mut server).await).unwrap();
        assert_eq!(
            (&command["type"], &command["data"]),
            (&json!("seek"), &json!({"position_ms": 7}))
        );
        send(&mut server, json!({"type": "playback_changed", "version": 2})).await;
        send(&mut server, json!({"type": "presence_changed"})).await;
        let ack = json!({"type": "ack", "id": command["id"], "epoch": 1, "version": 2, "data": {}});
        send(&mut server, ack).await;
    };
    let (acked, ()) = tokio::join!(client.ack("seek", json!({"position_ms": 7})), serve);

    assert_eq!(acked.unwrap().version, 2);
    assert_eq!(client.wait_for("presence_changed").await.unwrap()["version"], Value::Null);
    assert_eq!(client.next_frame().await.unwrap()["version"], 2);
}

#[tokio::test]
async fn an_unexpected_answer_is_shown_completely() {
    let (mut client, mut server) = connected().await;
    let serve = async {
        let command: Value = serde_json::from_str(&text(&mut server).await).unwrap();
        let error = json!({"code": "not_host"});
        send(&mut server, json!({"type": "reject", "id": command["id"], "error": error})).await;
    };
    let (acked, ()) = tokio::join!(client.ack("pause", json!({})), serve);
    let error = acked.unwrap_err().to_string();
    assert!(error.contains("pause") && error.contains("not_host"), "{error}");
}

#[tokio::test]
async fn the_error_of_a_closed_connection_shows_the_code_and_the_last_frames() {
    let (mut client, mut server) = connected().await;
    send(&mut server, json!({"type": "closing"})).await;
    let frame = CloseFrame { code: 4410.into(), reason: "room_closed".into() };
    server.close(Some(frame)).await.unwrap();

    let error = client.wait_for("welcome").await.unwrap_err().to_string();
    assert!(error.contains("4410 room_closed") && error.contains("closing"), "{error}");
    let closed = client.closed().await.unwrap();
    assert_eq!((closed.close_code, closed.reason.as_str()), (Some(4410), "room_closed"));
    assert_eq!(client.next_frame().await.unwrap()["type"], "closing");
}

#[tokio::test]
async fn a_refused_upgrade_has_its_status_and_body() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let serve = async {
        for _ in 0..2 {
            let (stream, _) = listener.accept().await.unwrap();
            let refuse = |request: &Request, _: Response| {
                assert_eq!(request.uri(), "/ws?ticket=used");
                assert_eq!(request.headers()["origin"], "https://elsewhere.test");
                let mut response = ErrorResponse::new(Some(r#"{"code":"ticket_invalid"}"#.into()));
                *response.status_mut() = 401u16.try_into().unwrap();
                Err(response)
            };
            tokio_tungstenite::accept_hdr_async(stream, refuse).await.unwrap_err();
        }
    };
    let connect = async {
        let upgrade = Upgrade::new(&url).ticket("used").origin("https://elsewhere.test");
        let response = upgrade.refusal().await.unwrap();
        assert_eq!((response.status, response.code()), (401, "ticket_invalid"));
        let error = upgrade.connect().await.unwrap_err().to_string();
        assert!(error.contains("401"), "{error}");
    };
    tokio::join!(serve, connect);
}

#[tokio::test]
async fn the_reader_finds_every_frame_however_the_bytes_are_split() {
    let (mut server, client) = pair().await;
    let mut reader = Reader::new().unwrap();
    let number = reader.add(client.into_std().unwrap(), Vec::new()).unwrap();
    let sent: Vec<String> = [0, 1, 125, 126, 300, 70_000].map(|length| "x".repeat(length)).into();
    let bytes = frames(&sent).await;

    let mut received = Vec::new();
    for chunk in bytes.chunks(97) {
        server.write_all(chunk).await.unwrap();
        reader.poll(Duration::ZERO, collect(&mut received)).unwrap();
    }
    read_until(&mut reader, &mut received, |received| received.len() == sent.len());
    assert_eq!(received, sent.into_iter().map(|text| (number, text)).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_reader_responds_to_pings_sends_text_and_reports_the_end() {
    let (server, client) = pair().await;
    let mut server = WebSocketStream::from_raw_socket(server, Role::Server, None).await;
    let mut reader = Reader::new().unwrap();
    let number = reader.add(client.into_std().unwrap(), Vec::new()).unwrap();

    server.send(Message::Ping(Bytes::from_static(b"alive?"))).await.unwrap();
    send(&mut server, json!(1)).await;
    let mut received = Vec::new();
    read_until(&mut reader, &mut received, |received| received.len() == 1);
    reader.send_text(number, b"hello").unwrap();
    let pong = server.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong(Bytes::from_static(b"alive?")));
    assert_eq!(text(&mut server).await, "hello");

    let frame = CloseFrame { code: 4503.into(), reason: "draining".into() };
    server.close(Some(frame)).await.unwrap();
    read_until(&mut reader, &mut received, |received| received.len() == 2);
    assert_eq!(received[1], (number, "closed: 4503 draining".to_owned()));
}

/// The texts received, and the reasons of closed connections.
type Received = Vec<(usize, String)>;

fn collect(received: &mut Received) -> impl FnMut(usize, Instant, Incoming<'_>) {
    |number, _, incoming| {
        received.push((
            number,
            match incoming {
                Incoming::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                Incoming::Closed(why) => format!("closed: {why}"),
            },
        ));
    }
}

fn read_until(reader: &mut Reader, received: &mut Received, enough: impl Fn(&Received) -> bool) {
    let started = Instant::now();
    while !enough(received) {
        assert!(started.elapsed() < harness::DEADLINE, "only {} frames arrived", received.len());
        reader.poll(Duration::from_millis(50), collect(received)).unwrap();
    }
}

async fn connected() -> (WsClient, WebSocketStream<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let accept = async {
        let (stream, _) = listener.accept().await.unwrap();
        let choose = |_: &Request, mut response: Response| {
            let chosen = SUBPROTOCOL.parse().unwrap();
            response.headers_mut().insert("sec-websocket-protocol", chosen);
            Ok(response)
        };
        tokio_tungstenite::accept_hdr_async(stream, choose).await.unwrap()
    };
    let upgrade = Upgrade::new(&url);
    let (client, server) = tokio::join!(upgrade.connect(), accept);
    (client.unwrap(), server)
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (listener.accept().await.unwrap().0, client)
}

/// The bytes that the other implementation sends for these texts.
async fn frames(texts: &[String]) -> Vec<u8> {
    let mut server =
        WebSocketStream::from_raw_socket(std::io::Cursor::new(Vec::new()), Role::Server, None)
            .await;
    for text in texts {
        server.send(Message::text(text.as_str())).await.unwrap();
    }
    server.into_inner().into_inner()
}

async fn send(server: &mut WebSocketStream<TcpStream>, frame: Value) {
    server.send(Message::text(frame.to_string())).await.unwrap();
}

async fn text(server: &mut WebSocketStream<TcpStream>) -> String {
    server.next().await.unwrap().unwrap().into_text().unwrap().to_string()
}
