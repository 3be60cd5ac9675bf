//! Rooms and participants on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::playback::Playback;
use crate::source::Media;

/// A whole room: what `welcome` and `state` carry.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Room {
    /// Its identity.
    pub room_id: String,
    /// What people type to find it; works wherever `room_id` does.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// Whether it is listed.
    pub is_public: bool,
    /// Where it is in its life.
    pub state: LifecycleState,
    /// When the state ends by itself. Room clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub deadline_ms: Option<u64>,
    /// Who commands it.
    #[schema(required = true)]
    pub host_id: Option<String>,
    /// How it behaves.
    pub settings: Settings,
    /// Its chat.
    pub chat: Chat,
    /// What is watched.
    #[schema(required = true)]
    pub media: Option<Media>,
    /// Where its playhead is.
    pub playback: Playback,
    /// Media to come.
    pub queue: Vec<Media>,
    /// Participants with a connection now.
    pub viewer_count: u64,
    /// The most there have been.
    pub peak_viewers: u64,
}

/// How a room behaves.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Settings {
    /// What happens when the host stays away longer than the grace.
    pub host_loss: HostLoss,
    /// How long the host may stay away.
    pub host_grace_ms: u64,
    /// How long a host lives without a sign of life.
    pub host_lease_ms: u64,
    /// Whether playback waits for members whose player runs dry.
    pub rebuffer_barrier: bool,
}

/// What happens when the host stays away.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostLoss {
    /// The room ends.
    Expire,
    /// The longest connected co-host takes over; without one, as `hold`.
    Promote,
    /// The room goes on without a host.
    Hold,
    /// The room goes on without a host, paused.
    Pause,
}

/// How a room's chat behaves.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Chat {
    /// Whether messages are taken.
    pub enabled: bool,
    /// The least time between two messages of one participant.
    pub slow_mode_ms: u64,
}

/// Where a room is in its life.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LifecycleState {
    /// Made; the host hasn't come yet.
    Created,
    /// Going on.
    Live,
    /// The host is away.
    Grace,
    /// Over.
    Expired,
    /// Gone.
    Deleted,
}

/// Somebody in a room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Participant {
    /// The same for the same user each time.
    pub participant_id: String,
    /// What the user is called.
    pub display_name: String,
    /// What the participant may do.
    pub role: Role,
}

/// What a participant may do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Commands playback and gives roles.
    Host,
    /// Commands playback.
    CoHost,
    /// Keeps the chat in order.
    Moderator,
    /// A registered user.
    Member,
    /// A user without an account.
    Guest,
    /// Only watches.
    Viewer,
}
