//! A client that sends bytes as a case has them, and reads frames one by one.

use std::sync::Arc;

use harness::frame::{decode_server, encode_client, opcode};
use harness::{Api, DEADLINE, ServerProcess};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::party::server;

/// The first byte of a frame that is whole.
pub const FIN: u8 = 0x80;
/// The key of the example in RFC 6455.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What a connection must do with what a case sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Meets {
    /// It sends these pongs, in this order.
    Pongs(Vec<Vec<u8>>),
    /// It answers so many of the protocol's own pings.
    Answers(usize),
    /// It refuses one text with this code.
    Refuses(&'static str),
    /// It sends a close frame with this code, `None` for none, and ends.
    Closes(Option<u16>),
}

/// How far a connection is when a case begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    /// Upgraded, without hello.
    Upgraded,
    /// The server has answered hello with welcome.
    Welcomed,
}

/// What a server sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// A text.
    Text(Value),
    /// A pong.
    Pong(Vec<u8>),
    /// A close frame, with code and reason.
    Close(Option<u16>, String),
    /// The end of the connection.
    End,
}

/// A room, and who connects to it.
pub struct Ground {
    server: Arc<ServerProcess>,
    api: Api,
    room_id: String,
}

/// One connection.
pub struct Raw {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Ground {
    /// A new room on the shared server.
    pub async fn new() -> Self {
        let server = server().await;
        let api = server.api().as_guest("Ada").await.unwrap();
        let room_id = api.create_room("Friday").await.unwrap().room_id;
        Self { server, api, room_id }
    }

    /// The path of the room's WebSocket, with a new ticket.
    pub async fn path(&self) -> String {
        let ticket = self.api.join(&self.room_id).await.unwrap().ws.ticket;
        format!("/api/v1/rooms/{}/ws?ticket={ticket}", self.room_id)
    }

    /// Sends a request head, and returns the head of the response with the connection.
    pub async fn request(&self, head: &str) -> (String, Raw) {
        let mut stream = TcpStream::connect(self.server.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        let read = async {
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.expect("a whole head"));
            }
        };
        timeout(DEADLINE, read).await.expect("a response in time");
        let head = String::from_utf8_lossy(&head).into_owned();
        (head, Raw { stream, unread: Vec::new() })
    }

    /// Opens a connection.
    pub async fn open(&self, state: State) -> Raw {
        let (path, host) = (self.path().await, self.server.address());
        let (head, mut raw) = self
            .request(&format!(
                "GET {path} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
                 sec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\n\
                 sec-websocket-protocol: playhead.v1.json\r\n\r\n"
            ))
            .await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        if state == State::Welcomed {
            let client = json!({ "name": "raw", "version": "1" });
            let hello = json!({ "type": "hello", "id": "h", "data": { "client": client } });
            raw.send(&text(&hello.to_string())).await;
            raw.wait_for("welcome").await;
        }
        raw
    }

    /// Runs a case in one state. Then the connection still closes in an orderly way, if it is to be open.
    pub async fn run(&self, name: &str, state: State, sent: &[Vec<u8>], meets: &Meets) {
        let mut raw = self.open(state).await;
        for bytes in sent {
            raw.send(bytes).await;
        }
        let case = format!("{name} ({state:?})");
        match meets {
            Meets::Pongs(payloads) => {
                for payload in payloads {
                    let seen = raw.answer().await;
                    assert_eq!(seen, Seen::Pong(payload.clone()), "{case}");
                }
            }
            Meets::Answers(count) => {
                for _ in 0..*count {
                    let seen = raw.answer().await;
                    let is_pong = matches!(&seen, Seen::Text(frame) if frame["type"] == "pong");
                    assert!(is_pong, "{case}: {seen:?}");
                }
            }
            Meets::Refuses(code) => {
                let seen = raw.answer().await;
                let Seen::Text(frame) = &seen else { panic!("{case}: {seen:?}") };
                assert_eq!(frame["error"]["code"], *code, "{case}");
            }
            Meets::Closes(code) => return raw.closes(*code, &case).await,
        }
        raw.send(&close(1000, "done")).await;
        raw.closes(Some(1000), &case).await;
    }

    /// Runs a case before and after hello.
    pub async fn run_in_both(&self, name: &str, sent: &[Vec<u8>], meets: &Meets) {
        for state in [State::Upgraded, State::Welcomed] {
            self.run(name, state, sent, meets).await;
        }
    }
}

impl Raw {
    /// Sends bytes. The server may have closed already.
    pub async fn send(&mut self, bytes: &[u8]) {
        let sent = timeout(DEADLINE, self.stream.write_all(bytes)).await;
        let _ = sent.expect("the socket takes bytes");
    }

    /// Reads so many bytes of a body.
    pub async fn body(&mut self, length: usize) -> String {
        let mut body = vec![0; length];
        let read = timeout(DEADLINE, self.stream.read_exact(&mut body)).await;
        read.expect("a body in time").expect("a whole body");
        String::from_utf8_lossy(&body).into_owned()
    }

    /// Returns what comes next, except for pings.
    pub async fn next(&mut self) -> Seen {
        timeout(DEADLINE, self.read()).await.expect("something comes in time")
    }

    /// Returns the next answer, of whatever kind: nothing that tells about the room.
    pub async fn answer(&mut self) -> Seen {
        loop {
            match self.next().await {
                Seen::Text(frame)
                    if !matches!(frame["type"].as_str(), Some("pong" | "reject" | "ack")) => {}
                seen => return seen,
            }
        }
    }

    /// Waits for a text of this type.
    pub async fn wait_for(&mut self, type_: &str) {
        loop {
            match self.next().await {
                Seen::Text(frame) if frame["type"] == type_ => return,
                Seen::Text(_) => {}
                seen => panic!("{type_} is to come, not {seen:?}"),
            }
        }
    }

    /// Asserts that exactly one close frame comes, with this code, and then the end.
    pub async fn closes(&mut self, code: Option<u16>, case: &str) {
        let seen = self.answer().await;
        let Seen::Close(found, _) = seen else { panic!("{case}: {seen:?}") };
        assert_eq!(found, code, "{case}");
        // Harmless if a close frame was sent before.
        self.send(&close(1000, "")).await;
        assert_eq!(self.next().await, Seen::End, "{case}: nothing follows a close frame");
    }

    /// Reads whatever comes, without sending anything. Returns code and reason of the close frame.
    pub async fn read_until_closed(&mut self) -> (Option<u16>, String) {
        loop {
            match self.read().await {
                Seen::Close(code, reason) => return (code, reason),
                Seen::End => panic!("the connection ended without a close frame"),
                Seen::Text(_) | Seen::Pong(_) => {}
            }
        }
    }

    async fn read(&mut self) -> Seen {
        loop {
            if let Some(frame) = decode_server(&self.unread).expect("a valid frame") {
                let (opcode, payload, length) =
                    (frame.opcode, frame.payload.to_vec(), frame.length);
                assert!(frame.fin, "this server never sends fragments");
                self.unread.drain(..length);
                match opcode {
                    opcode::TEXT => {
                        return Seen::Text(serde_json::from_slice(&payload).expect("JSON"));
                    }
                    opcode::PONG => return Seen::Pong(payload),
                    opcode::CLOSE => return seen_close(&payload),
                    opcode::PING => continue,
                    other => panic!("this server never sends frames of opcode {other}"),
                }
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return Seen::End,
                Ok(count) => self.unread.extend_from_slice(&buffer[..count]),
            }
        }
    }
}

fn seen_close(payload: &[u8]) -> Seen {
    match payload {
        [] => Seen::Close(None, String::new()),
        [high, low, reason @ ..] => {
            let reason = String::from_utf8(reason.to_vec()).expect("a reason is UTF-8");
            Seen::Close(Some(u16::from_be_bytes([*high, *low])), reason)
        }
        _ => panic!("a close frame has no code of one byte"),
    }
}

/// A masked frame with this first byte.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = encode_client(first & 0x0f, payload);
    bytes[0] = first;
    bytes
}

/// A whole text.
pub fn text(text: &str) -> Vec<u8> {
    frame(FIN | opcode::TEXT, text.as_bytes())
}

/// A close frame.
pub fn close(code: u16, reason: &str) -> Vec<u8> {
    let payload = [&code.to_be_bytes()[..], reason.as_bytes()].concat();
    frame(FIN | opcode::CLOSE, &payload)
}

/// A message of the protocol that is answered, with these bytes in it.
pub fn message(inside: &[u8]) -> Vec<u8> {
    [br#"{"type":"ping","data":{"t0":1,"pad":""#, inside, br#""}}"#].concat()
}

/// A message of so many bytes.
pub fn message_of(length: usize) -> Vec<u8> {
    let rest = length.checked_sub(message(b"").len()).expect("a message isn't that short");
    message(&vec![b'x'; rest])
}

/// The bytes one by one, as they are written to the socket.
pub fn in_bytes(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.iter().map(|byte| vec![*byte]).collect()
}
