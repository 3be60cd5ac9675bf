//! One WebSocket: its input as a closed set of cases, its writes with a time limit.

use std::time::{Duration, Instant};

use contracts::CloseCode;
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tungstenite::error::{CapacityError, Error, ProtocolError};
use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, Utf8Bytes};

use super::strict::{BAD_GATEWAY, Stop, Strict};
use crate::net::LastRead;
use crate::refusal::Refusal;
use crate::wire;

/// How long a write may block before the connection counts as gone.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the client may take to answer a close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
const NORMAL: u16 = 1000;
const BAD_PROTOCOL: u16 = 1002;
const BAD_UTF8: u16 = 1007;

/// What a client sent.
#[derive(Debug)]
pub enum Input {
    /// A text frame.
    Text(Utf8Bytes),
    /// A binary frame, which the protocol doesn't use.
    Binary,
    /// A ping, which the WebSocket library has answered.
    Ping,
    /// The pong that answers our ping.
    Pong,
    /// A frame larger than allowed.
    TooLarge,
    /// More fragments of frames than allowed.
    TooMany,
    /// A text frame that isn't UTF-8.
    BadUtf8,
    /// A violation of the WebSocket protocol.
    BadProtocol,
    /// The end of the connection, or the client's close frame.
    Gone,
}

/// The socket can't be written to any more.
#[derive(Clone, Copy, Debug)]
pub struct Broken;

/// The library's WebSocket over an upgraded connection.
pub type Upgrade = WebSocketStream<Strict<TokioIo<Upgraded>>>;

/// One WebSocket.
#[derive(Debug)]
pub struct Socket {
    socket: Upgrade,
    last_read: LastRead,
    closed_by_client: Option<ClosedByClient>,
}

/// The client has sent its close frame.
#[derive(Clone, Copy, Debug)]
enum ClosedByClient {
    /// The library has queued the answer, and writes it at the next read.
    Answered,
    /// Its code has yet to be answered with this one.
    Unanswered(u16),
}

impl Socket {
    /// Wraps an upgraded socket.
    pub fn new(socket: Upgrade, last_read: LastRead) -> Self {
        last_read.limit();
        Self { socket, last_read, closed_by_client: None }
    }

    /// When the last input was read from the TCP connection, before anything was done for it or for the
    /// frames that arrived with it.
    pub fn read_at(&self) -> Instant {
        self.last_read.at()
    }

    /// Returns the next input. Cancel-safe.
    pub async fn next(&mut self) -> Input {
        let received = self.socket.next().await;
        match &received {
            Some(Ok(message)) => self.last_read.note_message(length(message)),
            Some(Err(_)) if self.last_read.is_exhausted() => return Input::TooMany,
            Some(Err(_)) | None => {}
        }
        match received {
            None => Input::Gone,
            Some(Ok(Message::Close(_))) => {
                self.closed_by_client = Some(ClosedByClient::Answered);
                Input::Gone
            }
            Some(Ok(Message::Text(text))) => Input::Text(text),
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => Input::Binary,
            Some(Ok(Message::Ping(_))) => Input::Ping,
            Some(Ok(Message::Pong(_))) => Input::Pong,
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => Input::TooLarge,
            Some(Err(Error::Utf8(_))) => Input::BadUtf8,
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => Input::Gone,
            Some(Err(Error::Protocol(_))) => Input::BadProtocol,
            Some(Err(Error::Io(error))) => match Stop::of(&error) {
                Some(Stop::BadLength) => Input::BadProtocol,
                Some(Stop::BadGateway) => {
                    self.closed_by_client = Some(ClosedByClient::Unanswered(BAD_GATEWAY));
                    Input::Gone
                }
                None => Input::Gone,
            },
            Some(Err(_)) => Input::Gone,
        }
    }

    /// Adds a text frame to what the next flush writes. Takes as long as the client takes to read.
    pub async fn feed(&mut self, text: Utf8Bytes) -> Result<(), Broken> {
        self.socket.feed(Message::Text(text)).await.map_err(|_| Broken)
    }

    /// Writes what was fed. Takes as long as the client takes to read.
    pub async fn flush(&mut self) -> Result<(), Broken> {
        self.socket.flush().await.map_err(|_| Broken)
    }

    /// Writes one frame, within the time limit.
    pub async fn send(&mut self, text: Utf8Bytes) -> Result<(), Broken> {
        within(self.socket.send(Message::Text(text))).await
    }

    /// Sends a ping, whose pong measures the round trip.
    pub async fn ping(&mut self, payload: bytes::Bytes) -> Result<(), Broken> {
        within(self.socket.send(Message::Ping(payload))).await
    }

    /// Refuses a frame.
    pub async fn reject(&mut self, id: Option<String>, refusal: Refusal) -> Result<(), Broken> {
        self.send(wire::text(&wire::reject(id, refusal))).await
    }

    /// Sends the reason, and closes.
    pub async fn close(&mut self, close: CloseCode, after_ms: u64) {
        // First, since a client that doesn't read may never take what follows.
        count_close(close.code);
        if close.close_code != NORMAL {
            let _ = self.send(wire::text(&wire::closing(close, after_ms))).await;
        }
        self.send_close(close.close_code, close.code).await;
    }

    /// Closes because the text wasn't UTF-8.
    pub async fn close_bad_utf8(&mut self) {
        count_close("bad_utf8");
        self.send_close(BAD_UTF8, "bad_utf8").await;
    }

    /// Closes because the client violated the WebSocket protocol.
    pub async fn close_bad_protocol(&mut self) {
        count_close("bad_protocol");
        self.send_close(BAD_PROTOCOL, "bad_protocol").await;
    }

    /// Answers the client's close frame, if it has sent one.
    pub async fn finish(&mut self) {
        match self.closed_by_client.take() {
            Some(ClosedByClient::Answered) => self.drain().await,
            Some(ClosedByClient::Unanswered(code)) => {
                let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::default() };
                let _ = within(self.socket.send(Message::Close(Some(frame)))).await;
            }
            None => {}
        }
    }

    async fn send_close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: Utf8Bytes::from_static(reason) };
        let sent = within(self.socket.send(Message::Close(Some(frame)))).await;
        if sent.is_ok() {
            // Unread input would make the kernel reset the connection, and the close frame would be lost.
            self.drain().await;
        }
    }

    /// Reads to the end. The wait is bounded, because the client may never answer.
    async fn drain(&mut self) {
        let ended = async { while self.socket.next().await.is_some_and(|read| read.is_ok()) {} };
        let _ = timeout(CLOSE_TIMEOUT, ended).await;
    }
}

fn count_close(code: &'static str) {
    metrics::counter!("playhead_closes_total", "code" => code).increment(1);
}

/// The length of a message's payload in bytes.
fn length(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) | Message::Frame(_) => 0,
    }
}

async fn within<E>(write: impl Future<Output = Result<(), E>>) -> Result<(), Broken> {
    match timeout(WRITE_TIMEOUT, write).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Broken),
    }
}
