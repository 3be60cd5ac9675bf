//! What the server sends. Frames with a `version` are ordered by `(epoch, version)` and carry the
//! whole of each sub-state they change; the others are about the moment.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Retry, WireError};
use crate::playback::Playback;
use crate::room::{Chat, LifecycleState, Participant, Role, Room, Settings};
use crate::source::Media;

/// Everything the server sends. Clients ignore types they don't know.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// Answers `hello` with the newest state.
    Welcome {
        /// The hello's.
        id: String,
        /// Orders frames.
        epoch: u64,
        /// Orders frames.
        version: u64,
        /// Room clock.
        at_ms: u64,
        /// The state.
        data: Box<Welcome>,
    },
    /// The command took effect, or was already so.
    Ack {
        /// The command's.
        id: String,
        /// The epoch of its commit, or the current one.
        epoch: u64,
        /// The version of its commit, or the current one.
        version: u64,
        /// More about it.
        data: AckData,
    },
    /// The frame was refused.
    Reject {
        /// The command's; null if it had no usable one.
        #[schema(required = true)]
        id: Option<String>,
        /// Why.
        error: WireError,
    },
    /// Answers `ping`.
    Pong {
        /// Three of the four stamps.
        data: Pong,
    },
    /// Any playback command, barrier or end.
    PlaybackChanged {
        /// Orders frames.
        epoch: u64,
        /// Orders frames.
        version: u64,
        /// Room clock.
        at_ms: u64,
        /// What changed.
        data: PlaybackChanged,
    },
    /// Something else is watched.
    MediaChanged {
        /// Orders frames.
        epoch: u64,
        /// Orders frames.
        version: u64,
        /// Room clock.
        at_ms: u64,
        /// What changed.
        data: Box<MediaChanged>,
    },
    /// The host role moved.
    HostChanged {
        /// Orders frames.
        epoch: u64,
        /// Orders frames.
        version: u64,
        /// Room clock.
        at_ms: u64,
        /// What changed.
        data: HostChanged,
    },
    /// Somebody's role changed.
    RoleChanged {
        /// Orders frames.
        epoch: u64,
        /// Orders frames.
        version: u64,
        /// Room clock.
        at_ms: u64,
        /// What changed.
        data: RoleChanged,
    },
    /// The room's own properties changed.
    RoomChanged {
        /// Orders frames.
        epoch: u64,
        /// Orders frames.
        version: u64,
        /// Room clock.
        at_ms: u64,
        /// What changed.
        data: RoomChanged,
    },
    /// The room's life took an edge.
    LifecycleChanged {
        /// Orders frames.
        epoch: u64,
        /// Orders frames.
        version: u64,
        /// Room clock.
        at_ms: u64,
        /// What changed.
        data: LifecycleChanged,
    },
    /// The state was rebuilt under a new epoch.
    Rebased {
        /// Orders frames.
        epoch: u64,
        /// Orders frames.
        version: u64,
        /// Room clock.
        at_ms: u64,
        /// What it replaced.
        data: Rebased,
    },
    /// The newest state, when the connection may have missed something.
    RoomState {
        /// Orders frames.
        epoch: u64,
        /// Orders frames.
        version: u64,
        /// Room clock.
        at_ms: u64,
        /// The state.
        data: Box<RoomSnapshot>,
    },
    /// Who is here: everybody up to 20, else the first 8.
    PresenceChanged {
        /// Who.
        data: PresenceChanged,
    },
    /// How many are here.
    ViewerCountChanged {
        /// How many.
        data: ViewerCountChanged,
    },
    /// How far the room's players are apart. To the host and co-hosts alone, at most once a second.
    SyncChanged {
        /// How far.
        data: SyncChanged,
    },
    /// Whether commands can be stored now; playback goes on by itself meanwhile.
    AuthorityChanged {
        /// Whether.
        data: AuthorityChanged,
    },
    /// Comes before the close frame.
    Closing {
        /// Why.
        data: Closing,
    },
}

/// The state that a connection starts from.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Welcome {
    /// Goes into the next `hello`'s `resume`.
    pub session_id: String,
    /// Who you are here.
    pub participant_id: String,
    /// What you may do.
    pub role: Role,
    /// The room's fence.
    pub fence: u64,
    /// Whether the session of `resume` was kept.
    pub resumed: bool,
    /// Send something at least this often.
    pub heartbeat_ms: u64,
    /// A server silent for this long is gone.
    pub dead_after_ms: u64,
    /// The room.
    pub room: Room,
}

/// More about a command that took effect.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct AckData {
    /// Whether it was committed before, under the same id.
    pub duplicate: bool,
}

/// Three of the four stamps of a clock measurement.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Pong {
    /// As it was sent.
    pub t0: f64,
    /// When the ping was read, in microseconds on the room clock.
    pub t1_us: u64,
    /// When the pong was written, in microseconds on the room clock.
    pub t2_us: u64,
}

/// Any playback command, barrier or end.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PlaybackChanged {
    /// `play`, `pause`, `seek`, `set_rate`, `change_quality`, `change_subtitle`, `change_audio`,
    /// `ended`, `ready`, `deadline` or `rebuffer`.
    pub cause: String,
    /// Who; null if it was a deadline's.
    #[schema(required = true)]
    pub by: Option<String>,
    /// The whole playback.
    pub playback: Playback,
}

/// Something else is watched.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct MediaChanged {
    /// `set_media`.
    pub cause: String,
    /// Who chose it.
    #[schema(required = true)]
    pub by: Option<String>,
    /// What.
    pub media: Media,
    /// Paused at its start.
    pub playback: Playback,
}

/// The host role moved.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct HostChanged {
    /// Who holds it now.
    #[schema(required = true)]
    pub host_id: Option<String>,
    /// Rises with each change.
    pub fence: u64,
    /// `transfer` or `return`.
    pub cause: String,
}

/// Somebody's role changed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RoleChanged {
    /// Whose.
    pub participant_id: String,
    /// To.
    pub role: Role,
    /// By whom.
    #[schema(required = true)]
    pub by: Option<String>,
}

/// The room's own properties, all of them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RoomChanged {
    /// What it is called.
    pub name: String,
    /// Whether it is listed.
    pub is_public: bool,
    /// How it behaves.
    pub settings: Settings,
    /// Its chat.
    pub chat: Chat,
}

/// The room's life took an edge.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct LifecycleChanged {
    /// Where it is now.
    pub state: LifecycleState,
    /// `host_connected`, `host_lost`, `grace_ended`, `never_started`, `idle`, `deleted` or
    /// `retention`.
    pub cause: String,
    /// The host now.
    #[schema(required = true)]
    pub host_id: Option<String>,
    /// The fence now.
    pub fence: u64,
    /// When the state ends by itself. Room clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub deadline_ms: Option<u64>,
    /// The playback now.
    pub playback: Playback,
}

/// The state was rebuilt under a new epoch.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Rebased {
    /// Where it was.
    pub previous: Previous,
    /// Whether an acknowledged command may be missing.
    pub lost: bool,
}

/// A place in the order of frames.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Previous {
    /// The epoch.
    pub epoch: u64,
    /// The version.
    pub version: u64,
}

/// The newest state.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RoomSnapshot {
    /// The room.
    pub room: Room,
    /// The room's fence.
    pub fence: u64,
}

/// Who is here.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PresenceChanged {
    /// Everybody in a room of up to 20, else the first 8: the host, then the longest connected.
    #[schema(max_items = 20)]
    pub participants: Vec<Participant>,
    /// How many there are in all.
    pub total: u64,
}

/// How many are here.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ViewerCountChanged {
    /// Participants with a connection now.
    pub viewer_count: u64,
    /// The most there have been.
    pub peak_viewers: u64,
}

/// How far the room's players are apart, by their `sync_report`s of the last five seconds. With
/// none it is told once, all zero.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SyncChanged {
    /// How many connections report.
    pub reporting: u64,
    /// From the player that is furthest behind to the one that is furthest ahead, in milliseconds.
    #[schema(minimum = 0.0)]
    pub spread_ms: f64,
    /// The largest uncertainty that any of them reports, in milliseconds: `spread_ms` may be off by
    /// up to twice this.
    #[schema(minimum = 0.0)]
    pub uncertainty_ms: f64,
}

/// Whether commands can be stored now; playback goes on by itself meanwhile. A `welcome` says that
/// they can, unless this frame follows it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct AuthorityChanged {
    /// False: commands are answered `store_unavailable` until a frame says true.
    pub reachable: bool,
}

/// Why the server closes the connection.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Closing {
    /// The number in the close frame.
    pub close_code: u16,
    /// Its name.
    pub code: String,
    /// What to do.
    pub retry: Retry,
    /// How long to wait before a new connection.
    pub after_ms: u64,
}
