//! How a session ends, and the close that it sends.

use std::time::Duration;

use contracts::CloseCode;
use tokio::time::timeout;

use super::socket::Socket;
use crate::id;

/// How long the close reason is offered to a client that doesn't read.
const SLOW_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// When a client that sent too much may come back, in milliseconds.
const LIMITED_FOR_MS: u64 = 1_000;

/// How a session ends.
pub(super) enum End {
    /// The client is gone, or has sent its close frame.
    Gone,
    /// The client sent a text frame that isn't UTF-8.
    BadUtf8,
    /// The client violated the WebSocket protocol.
    BadProtocol,
    /// The client read too slowly.
    Slow,
    /// The server closes the connection.
    Close(CloseCode),
}

impl End {
    /// Closes the socket. At shutdown, clients are asked to return at random within `drain_spread_ms`.
    pub(super) async fn close(self, socket: &mut Socket, drain_spread_ms: u64) {
        match self {
            Self::Gone => {}
            Self::BadUtf8 => socket.close_bad_utf8().await,
            Self::BadProtocol => socket.close_bad_protocol().await,
            // It didn't read what was written, so it will hardly read the reason.
            Self::Slow => {
                let close = socket.close(CloseCode::SLOW_CONSUMER, 0);
                let _ = timeout(SLOW_CLOSE_TIMEOUT, close).await;
            }
            Self::Close(code) => {
                let after_ms = match code {
                    CloseCode::DRAINING => id::random_up_to(drain_spread_ms),
                    CloseCode::RATE_LIMITED => LIMITED_FOR_MS,
                    _ => 0,
                };
                socket.close(code, after_ms).await;
            }
        }
        socket.finish().await;
    }
}
