//! Errors are answers: one registry for problem+json, `reject` and close frames.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a client does about an error.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// It will fail again.
    Never,
    /// At once.
    Immediate,
    /// Again, waiting longer each time; a command with the same id.
    Backoff,
    /// After `retry_after_ms`.
    After,
    /// After a new token or ticket.
    Reauth,
    /// After taking the newest state.
    Resync,
}

/// Whether the request had its effect.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did not, and will not.
    NotApplied,
    /// It may have; repeating the same id tells.
    Unknown,
}

/// One entry of the registry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ErrorCode {
    /// The frozen name.
    pub code: &'static str,
    /// The HTTP status of its problem.
    pub status: u16,
    /// What to do.
    pub retry: Retry,
    /// Whether it had its effect.
    pub outcome: Outcome,
    /// What it means, for people.
    pub title: &'static str,
}

/// A failed request, RFC 9457.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// `urn:playhead:problem:<code>`.
    #[serde(rename = "type")]
    pub type_: String,
    /// The registry's title.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time; the text may change.
    pub detail: String,
    /// The frozen name of the error.
    pub code: String,
    /// What to do about it.
    pub retry: Retry,
    /// How long to wait first, when `retry` is `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retry_after_ms: Option<u64>,
    /// Whether it had its effect.
    pub outcome: Outcome,
    /// Finds the request in the server's log.
    pub request_id: String,
    /// Every variable of `detail`, by a frozen key.
    pub meta: BTreeMap<String, MetaValue>,
}

/// A refused frame.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct WireError {
    /// The frozen name of the error.
    pub code: String,
    /// What to do about it.
    pub retry: Retry,
    /// How long to wait first, when `retry` is `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retry_after_ms: Option<u64>,
    /// Whether it had its effect.
    pub outcome: Outcome,
    /// What happened this time; the text may change.
    pub detail: String,
    /// Every variable of `detail`, by a frozen key.
    pub meta: BTreeMap<String, MetaValue>,
}

/// A variable of a `detail`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MetaValue {
    /// A number.
    Number(u64),
    /// Text.
    Text(String),
}

/// Finds an entry of the registry.
pub fn find_error(code: &str) -> Option<&'static ErrorCode> {
    ERRORS.iter().find(|entry| entry.code == code)
}

const fn entry(
    code: &'static str,
    status: u16,
    retry: Retry,
    outcome: Outcome,
    title: &'static str,
) -> ErrorCode {
    ErrorCode { code, status, retry, outcome, title }
}

/// Every error there is.
pub const ERRORS: &[ErrorCode] = {
    use Outcome::{NotApplied, Unknown};
    use Retry::{After, Backoff, Never, Reauth, Resync};
    &[
        entry("invalid_json", 400, Never, NotApplied, "The text is not JSON"),
        entry(
            "invalid_request",
            400,
            Never,
            NotApplied,
            "A field is missing or has the wrong type or value",
        ),
        entry("unknown_type", 400, Never, NotApplied, "There is no such command"),
        entry("unexpected_frame", 400, Never, NotApplied, "The frame doesn't belong here"),
        entry("bad_frame", 400, Never, NotApplied, "The connection sent too many unusable frames"),
        entry("hello_timeout", 408, Backoff, NotApplied, "No hello came in time"),
        entry(
            "heartbeat_timeout",
            408,
            Backoff,
            NotApplied,
            "The connection showed no sign of life",
        ),
        entry(
            "subprotocol_unsupported",
            400,
            Never,
            NotApplied,
            "The WebSocket subprotocol is missing or unknown",
        ),
        entry("upgrade_required", 426, Never, NotApplied, "This path speaks WebSocket"),
        entry("unauthenticated", 401, Reauth, NotApplied, "A token is needed"),
        entry("token_invalid", 401, Reauth, NotApplied, "The token is not valid"),
        entry("token_expired", 401, Reauth, NotApplied, "The token has expired"),
        entry("ticket_invalid", 401, Reauth, NotApplied, "The ticket is unknown, used or expired"),
        entry("origin_forbidden", 403, Never, NotApplied, "Pages of this origin may not connect"),
        entry("forbidden", 403, Never, NotApplied, "Your role doesn't allow this"),
        entry("not_host", 403, Never, NotApplied, "Only the host or a co-host commands playback"),
        entry("not_member", 403, Never, NotApplied, "Join the room first"),
        entry("not_found", 404, Never, NotApplied, "There is nothing here"),
        entry("method_not_allowed", 405, Never, NotApplied, "This path doesn't take this method"),
        entry("room_not_found", 404, Never, NotApplied, "There is no such room"),
        entry("participant_not_found", 404, Never, NotApplied, "There is no such participant"),
        entry("room_closed", 410, Never, NotApplied, "The party is over"),
        entry("room_full", 409, Backoff, NotApplied, "The room takes no more participants"),
        entry("limit_reached", 409, Backoff, NotApplied, "A limit of the server is reached"),
        entry("no_media", 409, Never, NotApplied, "No media is set"),
        entry("media_ended", 409, Never, NotApplied, "The media has ended; seek first"),
        entry(
            "position_out_of_range",
            422,
            Never,
            NotApplied,
            "The position lies outside the media",
        ),
        entry("quality_unavailable", 422, Never, NotApplied, "The media has no such quality"),
        entry("track_unavailable", 422, Never, NotApplied, "The media has no such track"),
        entry("version_conflict", 409, Resync, NotApplied, "The room has moved on"),
        entry("stale_fence", 409, Resync, NotApplied, "The host role has moved since"),
        entry("id_reused", 422, Never, NotApplied, "The id was used for another command"),
        entry("page_token_invalid", 400, Never, NotApplied, "The page token is not valid"),
        entry("payload_too_large", 413, Never, NotApplied, "The body is too large"),
        entry("frame_too_large", 413, Never, NotApplied, "The frame is too large"),
        entry("unsupported_media_type", 415, Never, NotApplied, "The body must be JSON"),
        entry("rate_limited", 429, After, NotApplied, "Too many requests"),
        entry("request_timeout", 408, Backoff, Unknown, "The request took too long"),
        entry("slow_consumer", 408, Backoff, NotApplied, "The connection read too slowly"),
        entry("draining", 503, Backoff, NotApplied, "The server is going away"),
        entry("store_unavailable", 503, Backoff, Unknown, "The state can't be reached"),
        entry("internal", 500, Backoff, Unknown, "Something went wrong here"),
        entry("link_invalid", 400, Never, NotApplied, "The link is not a usable address"),
        entry("egress_blocked", 403, Never, NotApplied, "The server may not fetch this address"),
        entry("media_not_found", 404, Never, NotApplied, "The link leads to nothing"),
        entry("media_gone", 410, Never, NotApplied, "The media is gone"),
        entry("media_forbidden", 403, Never, NotApplied, "The origin refuses to give the media"),
        entry(
            "media_unsupported",
            415,
            Never,
            NotApplied,
            "The link doesn't lead to playable media",
        ),
        entry("drm_protected", 415, Never, NotApplied, "The media is protected"),
        entry("manifest_invalid", 502, Never, NotApplied, "The playlist is broken or empty"),
        entry("upstream_too_large", 502, Never, NotApplied, "The origin answered too much"),
        entry("upstream_timeout", 504, Backoff, NotApplied, "The origin didn't answer in time"),
        entry("upstream_unavailable", 503, Backoff, NotApplied, "The origin can't be reached"),
        entry(
            "upstream_rate_limited",
            503,
            Backoff,
            NotApplied,
            "The origin takes no more requests now",
        ),
        entry("provider_unknown", 404, Never, NotApplied, "There is no such provider"),
    ]
};
