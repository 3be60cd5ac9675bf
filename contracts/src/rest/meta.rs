//! Bodies of `/meta` and `/time`: the server, its limits and the room clock.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The server's version and what it supports.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Meta {
    /// Always `playhead`.
    pub name: String,
    /// The server's version.
    pub version: String,
    /// The WebSocket subprotocols that the server supports, best first.
    pub protocols: Vec<String>,
    /// The providers that resolve links.
    pub providers: Vec<String>,
    /// The limits that clients meet.
    pub limits: Limits,
}

/// The limits that clients meet.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Limits {
    /// The size of the largest frame that a client may send, in bytes.
    pub frame_bytes_max: u64,
    /// How many frames a connection may send per second, on average.
    pub frames_per_second: u64,
    /// The largest number of participants in a room.
    pub participants_per_room_max: u64,
}

/// The room clock. It is steady, and the same on all nodes, but it isn't the time of day: a server whose
/// clock was set may be hours off.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Time {
    /// The current time on the room clock, in microseconds since the Unix epoch.
    pub now_us: u64,
    /// The current time on the room clock, in milliseconds since the Unix epoch.
    pub now_ms: u64,
    /// The largest possible error of this node's room clock, in microseconds: 0 on a single node,
    /// otherwise measured against the store that all nodes share.
    pub uncertainty_us: u64,
}
