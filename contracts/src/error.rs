//! The error registry: the one table of codes behind problem+json, `reject` frames and close frames.
//! Only the close that is no error, `left`, stands outside it, in `close.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a client should do about an error.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Don't retry: it would fail again.
    Never,
    /// Retry immediately.
    Immediate,
    /// Retry with exponential back-off, a command with the same `id`.
    Backoff,
    /// Retry after `retry_after_ms`.
    After,
    /// Get a new token or ticket, then retry.
    Reauth,
    /// Take in the newest state of the room, then decide whether to retry.
    Resync,
}

/// Whether a request took effect despite the error.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It didn't, and won't.
    NotApplied,
    /// Unknown: it may have. To find out, repeat it with the same `id`.
    Unknown,
}

/// The body of a failed HTTP request, as defined by RFC 9457.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:playhead:problem:<code>`.
    #[serde(rename = "type")]
    pub type_: String,
    /// A short description of the error, the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A description of this occurrence. The wording may change.
    pub detail: String,
    /// The name of the error, which never changes.
    pub code: String,
    /// What the client should do.
    pub retry: Retry,
    /// How long to wait before the next attempt, in milliseconds. Present if `retry` is `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retry_after_ms: Option<u64>,
    /// Whether the request took effect.
    pub outcome: Outcome,
    /// Identifies the request in the server's log.
    pub request_id: String,
    /// The variables of `detail`. Their keys never change.
    pub meta: BTreeMap<String, MetaValue>,
}

/// Why a frame was rejected.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct WireError {
    /// The name of the error, which never changes.
    pub code: String,
    /// What the client should do.
    pub retry: Retry,
    /// How long to wait before the next attempt, in milliseconds. Present if `retry` is `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retry_after_ms: Option<u64>,
    /// Whether the request took effect.
    pub outcome: Outcome,
    /// A description of this occurrence. The wording may change.
    pub detail: String,
    /// The variables of `detail`. Their keys never change.
    pub meta: BTreeMap<String, MetaValue>,
}

/// A variable of `detail`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MetaValue {
    /// A number.
    Number(u64),
    /// A text.
    Text(String),
}

/// Turns the table into `ErrorCode`, so that each code is a symbol: a typo doesn't compile, and no
/// code exists without its status, retry and outcome.
macro_rules! registry {
    ($($code:ident: $name:literal, $status:literal, $retry:ident, $outcome:ident, $title:literal;)+) => {
        /// A registered error. Names are frozen: one may be added, none is ever renamed.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum ErrorCode {
            $(
                #[doc = $title]
                $code,
            )+
        }

        impl ErrorCode {
            /// Every registered error, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// The frozen name, as `code` on the wire.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }

            /// The HTTP status of its problem.
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$code => $status,)+
                }
            }

            /// What a client does about it.
            pub const fn retry(self) -> Retry {
                match self {
                    $(Self::$code => Retry::$retry,)+
                }
            }

            /// Whether the request had its effect.
            pub const fn outcome(self) -> Outcome {
                match self {
                    $(Self::$code => Outcome::$outcome,)+
                }
            }

            /// What it means, for people: a sentence without its full stop.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$code => $title,)+
                }
            }
        }
    };
}

impl ErrorCode {
    /// Finds a code by its frozen name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

registry! {
    InvalidJson: "invalid_json", 400, Never, NotApplied, "The text is not JSON";
    InvalidRequest: "invalid_request", 400, Never, NotApplied, "A field is missing or has the wrong type or value";
    UnknownType: "unknown_type", 400, Never, NotApplied, "There is no such command";
    UnexpectedFrame: "unexpected_frame", 400, Never, NotApplied, "The frame doesn't belong here";
    BadFrame: "bad_frame", 400, Never, NotApplied, "The connection sent too many unusable frames";
    HelloTimeout: "hello_timeout", 408, Backoff, NotApplied, "No hello came in time";
    HeartbeatTimeout: "heartbeat_timeout", 408, Backoff, NotApplied, "The connection showed no sign of life";
    SubprotocolUnsupported: "subprotocol_unsupported", 400, Never, NotApplied, "The WebSocket subprotocol is missing or unknown";
    UpgradeRequired: "upgrade_required", 426, Never, NotApplied, "This path speaks WebSocket";
    Unauthenticated: "unauthenticated", 401, Reauth, NotApplied, "A token is needed";
    TokenInvalid: "token_invalid", 401, Reauth, NotApplied, "The token is not valid";
    TokenExpired: "token_expired", 401, Reauth, NotApplied, "The token has expired";
    ApiKeyInvalid: "api_key_invalid", 401, Never, NotApplied, "No valid API key was sent";
    TicketInvalid: "ticket_invalid", 401, Reauth, NotApplied, "The ticket is unknown, used or expired";
    OriginForbidden: "origin_forbidden", 403, Never, NotApplied, "Pages of this origin may not connect";
    Forbidden: "forbidden", 403, Never, NotApplied, "Your role doesn't allow this";
    NotHost: "not_host", 403, Never, NotApplied, "Only the host or a co-host commands playback";
    NotMember: "not_member", 403, Never, NotApplied, "Join the room first";
    Removed: "removed", 403, Never, NotApplied, "You were removed from the room";
    Banned: "banned", 403, Never, NotApplied, "You are banned from the room";
    InviteRequired: "invite_required", 403, Never, NotApplied, "Only people who were invited may enter";
    InviteInvalid: "invite_invalid", 403, Never, NotApplied, "The invite is not valid";
    PasswordRequired: "password_required", 403, Never, NotApplied, "The room has a password";
    PasswordWrong: "password_wrong", 403, Never, NotApplied, "The password is wrong";
    ApprovalPending: "approval_pending", 403, After, NotApplied, "Nobody has answered your knock yet";
    ApprovalDeclined: "approval_declined", 403, Never, NotApplied, "You weren't let in";
    GrantEnded: "grant_ended", 403, Reauth, NotApplied, "Your access to the room has ended";
    NotFound: "not_found", 404, Never, NotApplied, "There is nothing here";
    MethodNotAllowed: "method_not_allowed", 405, Never, NotApplied, "This path doesn't take this method";
    RoomNotFound: "room_not_found", 404, Never, NotApplied, "There is no such room";
    ParticipantNotFound: "participant_not_found", 404, Never, NotApplied, "There is no such participant";
    BanNotFound: "ban_not_found", 404, Never, NotApplied, "There is no such ban";
    InviteNotFound: "invite_not_found", 404, Never, NotApplied, "There is no such invite";
    GrantNotFound: "grant_not_found", 404, Never, NotApplied, "There is no such grant";
    RoomClosed: "room_closed", 410, Never, NotApplied, "The party is over";
    SessionReplaced: "session_replaced", 409, Never, NotApplied, "The session was resumed on a newer connection";
    RoomFull: "room_full", 409, Backoff, NotApplied, "The room takes no more participants";
    LimitReached: "limit_reached", 409, Backoff, NotApplied, "A limit of the server is reached";
    NoMedia: "no_media", 409, Never, NotApplied, "No media is set";
    MediaEnded: "media_ended", 409, Never, NotApplied, "The media has ended; seek first";
    PositionOutOfRange: "position_out_of_range", 422, Never, NotApplied, "The position lies outside the media";
    SeekUnavailable: "seek_unavailable", 422, Never, NotApplied, "Players can't jump within the media";
    QualityUnavailable: "quality_unavailable", 422, Never, NotApplied, "The media has no such quality";
    TrackUnavailable: "track_unavailable", 422, Never, NotApplied, "The media has no such track";
    VersionConflict: "version_conflict", 409, Resync, NotApplied, "The room has moved on";
    StaleFence: "stale_fence", 409, Resync, NotApplied, "The host role has moved since";
    IdReused: "id_reused", 422, Never, NotApplied, "The id was used for another command";
    PageTokenInvalid: "page_token_invalid", 400, Never, NotApplied, "The page token is not valid";
    PayloadTooLarge: "payload_too_large", 413, Never, NotApplied, "The body is too large";
    ExpectationFailed: "expectation_failed", 417, Never, NotApplied, "The server doesn't do what the request expects";
    FrameTooLarge: "frame_too_large", 413, Never, NotApplied, "The frame is too large";
    UnsupportedMediaType: "unsupported_media_type", 415, Never, NotApplied, "The body must be JSON";
    RateLimited: "rate_limited", 429, After, NotApplied, "Too many requests";
    RequestTimeout: "request_timeout", 408, Backoff, Unknown, "The request took too long";
    SlowConsumer: "slow_consumer", 408, Backoff, NotApplied, "The connection read too slowly";
    Draining: "draining", 503, Backoff, NotApplied, "The server is going away";
    StoreUnavailable: "store_unavailable", 503, Backoff, Unknown, "The state can't be reached";
    Internal: "internal", 500, Backoff, Unknown, "Something went wrong here";
    LinkInvalid: "link_invalid", 400, Never, NotApplied, "The link is not a usable address";
    EgressBlocked: "egress_blocked", 403, Never, NotApplied, "The server may not fetch this address";
    MediaNotFound: "media_not_found", 404, Never, NotApplied, "The link leads to nothing";
    MediaGone: "media_gone", 410, Never, NotApplied, "The media is gone";
    MediaForbidden: "media_forbidden", 403, Never, NotApplied, "The origin denies access to the media";
    MediaUnsupported: "media_unsupported", 415, Never, NotApplied, "The link doesn't lead to playable media";
    DrmProtected: "drm_protected", 415, Never, NotApplied, "The media is protected";
    ManifestInvalid: "manifest_invalid", 502, Never, NotApplied, "The playlist is broken or empty";
    UpstreamTooLarge: "upstream_too_large", 502, Never, NotApplied, "The origin's response is too large";
    UpstreamTimeout: "upstream_timeout", 504, Backoff, NotApplied, "The origin didn't answer in time";
    UpstreamUnavailable: "upstream_unavailable", 503, Backoff, NotApplied, "The origin can't be reached";
    UpstreamRateLimited: "upstream_rate_limited", 503, Backoff, NotApplied, "The origin is receiving too many requests";
    ProviderUnknown: "provider_unknown", 404, Never, NotApplied, "There is no such provider";
}
