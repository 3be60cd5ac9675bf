//! The reasons for which the server closes a WebSocket. The reason text of the close frame is the
//! `code`.

use crate::error::{ErrorCode, Retry};

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
    pub const BAD_FRAME: Self = Self::of(4400, ErrorCode::BadFrame);
    /// The access token has expired, or was revoked.
    pub const TOKEN_EXPIRED: Self = Self::of(4401, ErrorCode::TokenExpired);
    /// The participant isn't allowed in the room, or no longer.
    pub const FORBIDDEN: Self = Self::of(4403, ErrorCode::Forbidden);
    /// The room doesn't exist any more.
    pub const ROOM_NOT_FOUND: Self = Self::of(4404, ErrorCode::RoomNotFound);
    /// The client sent no `hello` in time.
    pub const HELLO_TIMEOUT: Self = Self::of(4408, ErrorCode::HelloTimeout);
    /// The session was resumed on a newer connection.
    pub const SESSION_REPLACED: Self = Self::of(4409, ErrorCode::SessionReplaced);
    /// The room was closed.
    pub const ROOM_CLOSED: Self = Self::of(4410, ErrorCode::RoomClosed);
    /// The participant was removed from the room, and may join again.
    pub const REMOVED: Self = Self::of(4411, ErrorCode::Removed);
    /// The participant was banned from the room.
    pub const BANNED: Self = Self::of(4412, ErrorCode::Banned);
    /// The client sent a frame larger than `FRAME_BYTES_MAX`.
    pub const FRAME_TOO_LARGE: Self = Self::of(4413, ErrorCode::FrameTooLarge);
    /// The participant's grant was revoked or has ended. They may join again if the room lets them.
    pub const GRANT_ENDED: Self = Self::of(4414, ErrorCode::GrantEnded);
    /// The client kept sending frames far above the rate limit.
    pub const RATE_LIMITED: Self = Self::of(4429, ErrorCode::RateLimited);
    /// The server failed.
    pub const INTERNAL: Self = Self::of(4500, ErrorCode::Internal);
    /// The server is shutting down. Another node may be available, so a client needn't wait.
    pub const DRAINING: Self =
        Self { retry: Retry::Immediate, ..Self::of(4503, ErrorCode::Draining) };
    /// The client sent nothing for too long.
    pub const HEARTBEAT_TIMEOUT: Self = Self::of(4504, ErrorCode::HeartbeatTimeout);
    /// The client read too slowly.
    pub const SLOW_CONSUMER: Self = Self::of(4508, ErrorCode::SlowConsumer);
    /// The participant left the room. It isn't an error, and so in no other table.
    pub const LEFT: Self = Self { close_code: 1000, code: "left", retry: Retry::Never };

    const fn of(close_code: u16, code: ErrorCode) -> Self {
        Self { close_code, code: code.name(), retry: code.retry() }
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
    CloseCode::REMOVED,
    CloseCode::BANNED,
    CloseCode::FRAME_TOO_LARGE,
    CloseCode::GRANT_ENDED,
    CloseCode::RATE_LIMITED,
    CloseCode::INTERNAL,
    CloseCode::DRAINING,
    CloseCode::HEARTBEAT_TIMEOUT,
    CloseCode::SLOW_CONSUMER,
];
