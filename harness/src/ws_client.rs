//! A WebSocket client that keeps received frames in order until they are asked for.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contracts::{ClientInfo, Hello, Resume, Welcome, WireError};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::{DEADLINE, Error, Result, SessionLog, frame, within};

/// Numbers the commands of all clients, since the connections of a participant share their ids.
static COMMANDS: AtomicU64 = AtomicU64::new(1);

/// An open WebSocket. It responds to pings only while one of its methods is waiting.
#[derive(Debug)]
pub struct WsClient {
    stream: WebSocketStream<TcpStream>,
    unread: VecDeque<Value>,
    closed: Option<Closed>,
    log: Option<SessionLog>,
}

/// How a connection ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Closed {
    /// The code in the close frame; `None` if the connection broke without one.
    pub close_code: Option<u16>,
    /// The reason in the close frame, or the error.
    pub reason: String,
}

/// The acknowledgement of a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Acked {
    /// The epoch of its commit, or the current one.
    pub epoch: u64,
    /// The version of its commit, or the current one.
    pub version: u64,
    /// Whether it had already been committed under the same id.
    pub duplicate: bool,
}

impl WsClient {
    pub(crate) fn new(stream: WebSocketStream<TcpStream>) -> Self {
        Self { stream, unread: VecDeque::new(), closed: None, log: None }
    }

    /// From now on, records every JSON frame that is sent or received in `log`.
    #[must_use]
    pub fn recorded(mut self, log: SessionLog) -> Self {
        self.log = Some(log);
        self
    }

    /// Takes the log, for the next connection of the session.
    pub fn take_log(&mut self) -> Option<SessionLog> {
        self.log.take()
    }

    /// Sends `hello` with these capabilities and reads the welcome.
    pub async fn hello(&mut self, capabilities: &[&str]) -> Result<Welcome> {
        self.hello_with(capabilities, None).await
    }

    /// Sends `hello`, which may resume a session, and reads the welcome.
    pub async fn hello_with(
        &mut self,
        capabilities: &[&str],
        resume: Option<Resume>,
    ) -> Result<Welcome> {
        let welcome = self.welcome(capabilities, resume).await?;
        serde_json::from_value(welcome["data"].clone())
            .map_err(Error::doing(format_args!("read {welcome}")))
    }

    /// Does the same as [`hello_with`](Self::hello_with), but returns the whole frame.
    pub async fn welcome(
        &mut self,
        capabilities: &[&str],
        resume: Option<Resume>,
    ) -> Result<Value> {
        let client =
            ClientInfo { name: "harness".into(), version: env!("CARGO_PKG_VERSION").into() };
        let capabilities = capabilities.iter().map(ToString::to_string).collect();
        let data = json!(Hello { client, capabilities, resume });
        let id = next_id("h");
        self.send_json(&json!({"type": "hello", "id": id, "data": data})).await?;
        let answer = self.answer(&id).await?;
        match answer["type"].as_str() {
            Some("welcome") => Ok(answer),
            _ => Err(Error::new(format!("the answer to hello is {answer}"))),
        }
    }

    /// Sends a command and returns its ack or reject; earlier frames stay unread.
    pub async fn command(&mut self, type_: &str, data: Value) -> Result<Value> {
        self.command_with_id(&next_id("c"), type_, data).await
    }

    /// Does the same as [`command`](Self::command), under a chosen id.
    pub async fn command_with_id(&mut self, id: &str, type_: &str, data: Value) -> Result<Value> {
        self.send_json(&json!({"type": type_, "id": id, "data": data})).await?;
        self.answer(id).await
    }

    /// Sends a command that must be acknowledged.
    pub async fn ack(&mut self, type_: &str, data: Value) -> Result<Acked> {
        self.ack_with_id(&next_id("c"), type_, data).await
    }

    /// Does the same as [`ack`](Self::ack), under a chosen id.
    pub async fn ack_with_id(&mut self, id: &str, type_: &str, data: Value) -> Result<Acked> {
        let sent = data.clone();
        let answer = self.command_with_id(id, type_, data).await?;
        match (&answer["type"], answer["epoch"].as_u64(), answer["version"].as_u64()) {
            (Value::String(ack), Some(epoch), Some(version)) if ack == "ack" => {
                let duplicate = answer["data"]["duplicate"] == true;
                Ok(Acked { epoch, version, duplicate })
            }
            _ => Err(Error::new(format!("the answer to {type_} {sent} is {answer}"))),
        }
    }

    /// Sends a command that must be rejected.
    pub async fn reject(&mut self, type_: &str, data: Value) -> Result<WireError> {
        let sent = data.clone();
        let answer = self.command(type_, data).await?;
        match answer["type"].as_str() {
            Some("reject") => serde_json::from_value(answer["error"].clone())
                .map_err(Error::doing(format_args!("read {answer}"))),
            _ => Err(Error::new(format!("the answer to {type_} {sent} is {answer}"))),
        }
    }

    /// Waits for the ack, reject or welcome of this id; earlier frames stay unread.
    pub async fn answer(&mut self, id: &str) -> Result<Value> {
        self.take(format!("the answer to {id}"), |frame| {
            frame["id"] == id
                && matches!(frame["type"].as_str(), Some("ack" | "reject" | "welcome"))
        })
        .await
    }

    /// Waits for the next frame.
    pub async fn next_frame(&mut self) -> Result<Value> {
        self.take("a frame", |_| true).await
    }

    /// Waits for a frame of this type; the others stay unread.
    pub async fn wait_for(&mut self, type_: &str) -> Result<Value> {
        self.take(format!("`{type_}`"), |frame| frame["type"] == type_).await
    }

    /// Waits for a frame that `wanted` accepts; the others stay unread. `awaited` names it in errors.
    pub async fn take(
        &mut self,
        awaited: impl std::fmt::Display,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let mut seen = 0;
        let deadline = Instant::now() + DEADLINE;
        loop {
            while seen < self.unread.len() {
                if wanted(&self.unread[seen]) {
                    return Ok(self.unread.remove(seen).unwrap_or_default());
                }
                seen += 1;
            }
            match tokio::time::timeout_at(deadline, self.receive()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    return Err(Error::new(format!(
                        "waited for {awaited}: {error}; {}",
                        self.received_instead()
                    )));
                }
                Err(_) => {
                    return Err(Error::new(format!(
                        "waited {DEADLINE:?} for {awaited}; {}",
                        self.received_instead()
                    )));
                }
            }
        }
    }

    /// Receives frames for this long, and responds to pings; the frames stay unread.
    pub async fn read_for(&mut self, duration: Duration) -> Result<()> {
        let until = Instant::now() + duration;
        while let Ok(received) = tokio::time::timeout_at(until, self.receive()).await {
            received?;
        }
        Ok(())
    }

    /// Takes all unread frames, oldest first.
    pub fn take_unread(&mut self) -> Vec<Value> {
        self.unread.drain(..).collect()
    }

    /// Waits until the server closes the connection; earlier frames stay unread.
    pub async fn closed(&mut self) -> Result<Closed> {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(closed) = &self.closed {
                return Ok(closed.clone());
            }
            match tokio::time::timeout_at(deadline, self.receive()).await {
                // If the connection has ended, `closed` holds what the error says.
                Ok(Err(error)) if self.closed.is_none() => return Err(error),
                Ok(_) => {}
                Err(_) => {
                    return Err(Error::new(format!(
                        "waited {DEADLINE:?} for the server to close; {}",
                        self.received_instead()
                    )));
                }
            }
        }
    }

    /// Sends JSON in a text frame.
    pub async fn send_json(&mut self, value: &Value) -> Result<()> {
        if let Some(log) = &self.log {
            log.sent(value);
        }
        self.send_text(&value.to_string()).await
    }

    /// Sends a text frame.
    pub async fn send_text(&mut self, text: &str) -> Result<()> {
        self.send(Message::text(text)).await
    }

    /// Sends a binary frame.
    pub async fn send_binary(&mut self, bytes: &[u8]) -> Result<()> {
        self.send(Message::binary(Bytes::copy_from_slice(bytes))).await
    }

    /// Sends a complete masked frame, which needn't be valid; `opcode` is one of [`frame::opcode`].
    pub async fn send_frame(&mut self, opcode: u8, payload: &[u8]) -> Result<()> {
        self.send_bytes(&frame::encode_client(opcode, payload)).await
    }

    /// Sends raw bytes, without framing.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let stream = self.stream.get_mut();
        within("the socket to accept bytes", async {
            stream.write_all(bytes).await.map_err(Error::doing("send bytes"))
        })
        .await
    }

    /// Sends a close frame and waits for the server's.
    pub async fn close(mut self) -> Result<()> {
        if self.closed.is_none() {
            let stream = &mut self.stream;
            within("the socket to accept a close frame", async {
                stream.close(None).await.map_err(Error::doing("close"))
            })
            .await?;
            self.closed().await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<()> {
        let stream = &mut self.stream;
        within("the socket to accept a frame", async {
            stream.send(message).await.map_err(Error::doing("send a frame"))
        })
        .await
    }

    /// Receives one more frame; fails if the connection has ended.
    async fn receive(&mut self) -> Result<()> {
        if let Some(closed) = &self.closed {
            return Err(Error::new(format!("the connection has ended: {closed}")));
        }
        let closed = loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text)
                        .map_err(Error::doing(format_args!("read {text}")))?;
                    if let Some(log) = &mut self.log {
                        log.received(&frame);
                    }
                    self.unread.push_back(frame);
                    return Ok(());
                }
                Some(Ok(Message::Close(frame))) => {
                    let close_code = frame.as_ref().map(|frame| frame.code.into());
                    let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                    break Closed { close_code, reason };
                }
                Some(Ok(Message::Binary(bytes))) => {
                    return Err(Error::new(format!("received {} binary bytes", bytes.len())));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => break Closed { close_code: None, reason: error.to_string() },
                None => break Closed { close_code: None, reason: "no close frame".to_owned() },
            }
        };
        let error = Error::new(format!("the connection ended: {closed}"));
        self.closed = Some(closed);
        // Responds to the close frame; nothing is lost if the server no longer reads it.
        let _ = self.stream.flush().await;
        Err(error)
    }

    fn received_instead(&self) -> String {
        if self.unread.is_empty() {
            return "nothing was received instead".to_owned();
        }
        let frames: Vec<String> = self.unread.iter().map(ToString::to_string).collect();
        format!("received instead:\n  {}", frames.join("\n  "))
    }
}

impl std::fmt::Display for Closed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.close_code {
            Some(close_code) => write!(formatter, "{close_code} {}", self.reason),
            None => write!(formatter, "{}", self.reason),
        }
    }
}

fn next_id(prefix: &str) -> String {
    format!("{prefix}{}", COMMANDS.fetch_add(1, Ordering::Relaxed))
}
