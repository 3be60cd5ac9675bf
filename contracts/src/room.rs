//! Rooms and participants, as both frames and REST bodies carry them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::playback::Playback;
use crate::source::Media;

/// A room, as `welcome` and `/rooms/{room_id}/state` return it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Room {
    /// The id of the room.
    pub room_id: String,
    /// The code that people type to find the room. It is accepted wherever `room_id` is.
    pub code: String,
    /// The name of the room.
    pub name: String,
    /// Whether the room appears in the public list.
    pub is_public: bool,
    /// The language that is spoken in the room, a BCP 47 tag; null if its host named none.
    #[schema(required = true)]
    pub language: Option<String>,
    /// What the room is about.
    pub tags: Vec<String>,
    /// The room's lifecycle state.
    pub state: LifecycleState,
    /// When `state` ends on its own, in milliseconds on the room clock; absent if it doesn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub deadline_ms: Option<u64>,
    /// The participant who is the host; null if the room has none.
    #[schema(required = true)]
    pub host_id: Option<String>,
    /// The settings of the room.
    pub settings: Settings,
    /// The settings of the room's chat.
    pub chat: Chat,
    /// The room's media; null until some is chosen.
    #[schema(required = true)]
    pub media: Option<Media>,
    /// The state of playback.
    pub playback: Playback,
    /// The media that play next.
    pub queue: Vec<Media>,
    /// The number of connected participants.
    pub viewer_count: u64,
    /// The largest number of participants that were ever connected at once.
    pub peak_viewers: u64,
}

/// The settings of a room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Settings {
    /// What happens when the host stays away longer than `host_grace_ms`.
    pub host_loss: HostLoss,
    /// How long the host may stay away, in milliseconds.
    pub host_grace_ms: u64,
    /// How long the host counts as present after its last sign of life, in milliseconds.
    pub host_lease_ms: u64,
    /// Whether playback waits for participants who are re-buffering.
    pub rebuffer_barrier: bool,
    /// Who plays, pauses and seeks, and chooses the rate and the tracks.
    pub playback_control: PlaybackControl,
    /// Who may enter.
    pub entry: Entry,
    /// How many people the room takes, beside those whom it made co-hosts or moderators; null if as many as the server
    /// does.
    #[schema(required = true)]
    pub capacity: Option<u64>,
}

/// Who may enter a room. Whoever has entered it once, or holds a role in it, may come back, and so may people who were
/// invited. Whoever is banned may not.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Everybody who knows the room's id or code.
    Open,
    /// Those who know the room's password.
    Password,
    /// Those whom the host, a co-host or a moderator lets in when they ask.
    Knock,
    /// Those who were invited.
    Invite,
}

/// Who plays, pauses and seeks, and chooses the rate and the tracks. The host and the co-hosts choose what is played.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaybackControl {
    /// The host and the co-hosts.
    Hosts,
    /// Everybody but viewers.
    Everyone,
}

/// What happens when the host stays away for longer than the grace period.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostLoss {
    /// The room expires.
    Expire,
    /// The longest connected co-host becomes the host. Without a co-host, the same as `hold`.
    Promote,
    /// The room continues without a host.
    Hold,
    /// The room continues without a host, and playback is paused.
    Pause,
}

/// The settings of a room's chat.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Chat {
    /// Whether participants can send messages.
    pub enabled: bool,
    /// The minimum time between two messages of one participant, in milliseconds.
    pub slow_mode_ms: u64,
}

/// A room's lifecycle state.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LifecycleState {
    /// The room was created, and its host hasn't connected yet.
    Created,
    /// The room is open: its host has connected at least once.
    Live,
    /// The host is away, and may return until the deadline.
    Grace,
    /// The room is closed for good.
    Expired,
    /// The room is deleted.
    Deleted,
}

/// A participant of a room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Participant {
    /// The id of the participant: the same whenever the same user joins this room.
    pub participant_id: String,
    /// The name that other participants see. Several participants may have the same name, or names that
    /// look alike (`name_skeleton`); `participant_id` tells them apart.
    pub display_name: String,
    /// What the name looks like, to be compared and never shown: names that look alike have the same skeleton (UTS 39,
    /// upper and lower case alike). If two participants have the same, show both with a tag that is theirs, such as the
    /// end of their `participant_id`, or one could pass for the other. At most 256 bytes of UTF-8.
    #[schema(max_length = 256)]
    pub name_skeleton: String,
    /// The participant's role.
    pub role: Role,
}

/// What a participant may do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Controls playback and assigns roles.
    Host,
    /// Controls playback.
    CoHost,
    /// Moderates the chat.
    Moderator,
    /// A user with an account.
    Member,
    /// A user without an account.
    Guest,
    /// Can only watch.
    Viewer,
}
