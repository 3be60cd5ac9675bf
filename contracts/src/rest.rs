//! Bodies of HTTP requests and responses.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::room::{HostLoss, Participant, Role, Room};
use crate::source::Source;

/// What a server is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Meta {
    /// `playhead`.
    pub name: String,
    /// The server's version.
    pub version: String,
    /// WebSocket subprotocols, best first.
    pub protocols: Vec<String>,
    /// Providers that resolve links.
    pub providers: Vec<String>,
    /// Limits that clients meet.
    pub limits: Limits,
}

/// Limits that clients meet.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Limits {
    /// The largest client frame.
    pub frame_bytes_max: u64,
    /// Frames a connection may send per second, in the long run.
    pub frames_per_second: u64,
    /// Participants a room takes.
    pub participants_per_room_max: u64,
}

/// The room clock.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Time {
    /// Microseconds since the Unix epoch on the room clock.
    pub now_us: u64,
    /// Milliseconds since the Unix epoch on the room clock.
    pub now_ms: u64,
    /// How far this node's room clock may be from the authority's, in microseconds: 0 where the
    /// node is the authority itself, else as it was measured.
    pub uncertainty_us: u64,
}

/// Asks for a token without an account.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct GuestRequest {
    /// What to be called, 1 to 40 characters.
    #[schema(min_length = 1, max_length = 40)]
    pub display_name: String,
}

/// A token without an account.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct GuestToken {
    /// Names the user.
    pub user_id: String,
    /// Goes into `Authorization: Bearer`.
    pub access_token: String,
    /// When it runs out. Unix epoch.
    pub expires_at_ms: u64,
}

/// Makes a room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct CreateRoom {
    /// What it is called, 1 to 80 characters.
    #[schema(min_length = 1, max_length = 80)]
    pub name: String,
    /// Whether it is listed.
    #[serde(default)]
    pub is_public: bool,
    /// What happens when the host stays away; `expire` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub host_loss: Option<HostLoss>,
    /// How long the host may stay away; the server's own unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub host_grace_ms: Option<u64>,
    /// How long a host lives without a sign of life; the server's own unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub host_lease_ms: Option<u64>,
    /// Whether playback waits for members whose player runs dry.
    #[serde(default)]
    pub rebuffer_barrier: bool,
}

/// Changes a room; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PatchRoom {
    /// What it is called, 1 to 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_length = 1, max_length = 80)]
    pub name: Option<String>,
    /// Whether it is listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub is_public: Option<bool>,
    /// Its chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub chat: Option<PatchChat>,
    /// What happens when the host stays away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub host_loss: Option<HostLoss>,
    /// How long the host may stay away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub host_grace_ms: Option<u64>,
    /// Whether playback waits for members whose player runs dry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rebuffer_barrier: Option<bool>,
}

/// Changes a room's chat; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PatchChat {
    /// Whether messages are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub enabled: Option<bool>,
    /// The least time between two messages of one participant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub slow_mode_ms: Option<u64>,
}

/// A listed room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RoomSummary {
    /// Its identity.
    pub room_id: String,
    /// What people type to find it.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// The title of what is watched.
    #[schema(required = true)]
    pub media_title: Option<String>,
    /// Participants with a connection now.
    pub viewer_count: u64,
}

/// A page of listed rooms.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RoomPage {
    /// The rooms, the most watched first.
    pub items: Vec<RoomSummary>,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_page_token: Option<String>,
}

/// A room at one version.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RoomState {
    /// With `version`, orders everything.
    pub epoch: u64,
    /// Commits so far.
    pub version: u64,
    /// The room clock when this was read.
    pub at_ms: u64,
    /// The room.
    pub room: Room,
}

/// Joins a room.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct JoinRequest {}

/// A place in a room, and the way to its WebSocket.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Joined {
    /// The same for the same user each time.
    pub participant_id: String,
    /// What the participant may do.
    pub role: Role,
    /// The way to the WebSocket.
    pub ws: WsTicket,
    /// The room as it is now, so that players can load while the WebSocket opens.
    pub state: RoomState,
}

/// One use of the WebSocket.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct WsTicket {
    /// Absolute, without the ticket: add `?ticket=`.
    pub url: String,
    /// Good once, for this room and user.
    pub ticket: String,
    /// The subprotocol to ask for.
    pub protocol: String,
    /// When the ticket runs out. Unix epoch.
    pub expires_at_ms: u64,
}

/// A page of connected participants.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ParticipantPage {
    /// Who is connected, the longest connected first.
    pub items: Vec<Participant>,
    /// How many there are in all.
    pub total: u64,
    /// Asks for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_page_token: Option<String>,
}

/// Changes a participant; what is absent stays.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PatchParticipant {
    /// Any but `host`, which moves by `host_transfer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub role: Option<Role>,
}

/// Asks what a link leads to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ResolveRequest {
    /// What a person pasted.
    #[schema(max_length = 2048)]
    pub link: String,
}

/// What a link leads to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Resolved {
    /// The source.
    pub source: Source,
}
