//! The reasons for which the server closes a WebSocket. The reason text of the close frame is the
//! `code`.

use crate::error::Retry;

/// A close code: one entry of the registry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CloseCode {
    /// The status code in the close frame.
    pub close_code: u16,
    /// The name, which never changes. It is also the reason text of the close frame.
    pub code: &'static str,
    /// Whether and how a client should reconnect.
    pub retry: Retry,
}

impl CloseCode {
    /// The client sent too many invalid frames, or a binary frame.
    pub const BAD_FRAME: Self = Self::new(4400, "bad_frame", Retry::Never);
    /// The access token has expired, or was revoked.
    pub const TOKEN_EXPIRED: Self = Self::new(4401, "token_expired", Retry::Reauth);
    /// The participant isn't allowed in the room, or no longer.
    pub const FORBIDDEN: Self = Self::new(4403, "forbidden", Retry::Never);
    /// The room doesn't exist any more.
    pub const ROOM_NOT_FOUND: Self = Self::new(4404, "room_not_found", Retry::Never);
    /// The client sent no `hello` in time.
    pub const HELLO_TIMEOUT: Self = Self::new(4408, "hello_timeout", Retry::Backoff);
    /// The session was resumed on a newer connection.
    pub const SESSION_REPLACED: Self = Self::new(4409, "session_replaced", Retry::Never);
    /// The room was closed.
    pub const ROOM_CLOSED: Self = Self::new(4410, "room_closed", Retry::Never);
    /// The client sent a frame larger than `FRAME_BYTES_MAX`.
    pub const FRAME_TOO_LARGE: Self = Self::new(4413, "frame_too_large", Retry::Never);
    /// The client kept sending frames far above the rate limit.
    pub const RATE_LIMITED: Self = Self::new(4429, "rate_limited", Retry::After);
    /// The server failed.
    pub const INTERNAL: Self = Self::new(4500, "internal", Retry::Backoff);
    /// The server is shutting down. Another node may be available.
    pub const DRAINING: Self = Self::new(4503, "draining", Retry::Immediate);
    /// The client sent nothing for too long.
    pub const HEARTBEAT_TIMEOUT: Self = Self::new(4504, "heartbeat_timeout", Retry::Backoff);
    /// The client read too slowly.
    pub const SLOW_CONSUMER: Self = Self::new(4508, "slow_consumer", Retry::Backoff);
    /// The participant left the room.
    pub const LEFT: Self = Self::new(1000, "left", Retry::Never);

    const fn new(close_code: u16, code: &'static str, retry: Retry) -> Self {
        Self { close_code, code, retry }
    }
}

/// Every close code.
pub const CLOSE_CODES: &[CloseCode] = &[
    CloseCode::LEFT,
    CloseCode::BAD_FRAME,
    CloseCode::TOKEN_EXPIRED,
    CloseCode::FORBIDDEN,
    CloseCode::ROOM_NOT_FOUND,
    CloseCode::HELLO_TIMEOUT,
    CloseCode::SESSION_REPLACED,
    CloseCode::ROOM_CLOSED,
    CloseCode::FRAME_TOO_LARGE,
    CloseCode::RATE_LIMITED,
    CloseCode::INTERNAL,
    CloseCode::DRAINING,
    CloseCode::HEARTBEAT_TIMEOUT,
    CloseCode::SLOW_CONSUMER,
];
