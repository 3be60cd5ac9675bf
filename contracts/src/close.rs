//! Why the server closes a WebSocket. The reason text of the close frame is the `code`.

use crate::error::Retry;

/// One entry of the registry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CloseCode {
    /// The number in the close frame.
    pub close_code: u16,
    /// The frozen name, and the close frame's reason.
    pub code: &'static str,
    /// What a client does.
    pub retry: Retry,
}

impl CloseCode {
    /// Too many unusable frames, or a binary one.
    pub const BAD_FRAME: Self = Self::new(4400, "bad_frame", Retry::Never);
    /// The token has run out.
    pub const AUTH_EXPIRED: Self = Self::new(4401, "token_expired", Retry::Reauth);
    /// Not allowed here, or no longer.
    pub const FORBIDDEN: Self = Self::new(4403, "forbidden", Retry::Never);
    /// The room is gone.
    pub const ROOM_NOT_FOUND: Self = Self::new(4404, "room_not_found", Retry::Never);
    /// No hello in time.
    pub const HELLO_TIMEOUT: Self = Self::new(4408, "hello_timeout", Retry::Backoff);
    /// The session goes on over a newer connection.
    pub const SESSION_REPLACED: Self = Self::new(4409, "session_replaced", Retry::Never);
    /// The party is over.
    pub const ROOM_CLOSED: Self = Self::new(4410, "room_closed", Retry::Never);
    /// A frame of more than `FRAME_BYTES_MAX`.
    pub const FRAME_TOO_LARGE: Self = Self::new(4413, "frame_too_large", Retry::Never);
    /// Far too many frames.
    pub const RATE_LIMITED: Self = Self::new(4429, "rate_limited", Retry::After);
    /// Something went wrong here.
    pub const INTERNAL: Self = Self::new(4500, "internal", Retry::Backoff);
    /// The server is going away; another may be there.
    pub const DRAINING: Self = Self::new(4503, "draining", Retry::Immediate);
    /// No sign of life.
    pub const HEARTBEAT_TIMEOUT: Self = Self::new(4504, "heartbeat_timeout", Retry::Backoff);
    /// The connection read too slowly.
    pub const SLOW_CONSUMER: Self = Self::new(4508, "slow_consumer", Retry::Backoff);
    /// The participant left.
    pub const LEFT: Self = Self::new(1000, "left", Retry::Never);

    const fn new(close_code: u16, code: &'static str, retry: Retry) -> Self {
        Self { close_code, code, retry }
    }
}

/// Every close code there is.
pub const CLOSE_CODES: &[CloseCode] = &[
    CloseCode::LEFT,
    CloseCode::BAD_FRAME,
    CloseCode::AUTH_EXPIRED,
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
