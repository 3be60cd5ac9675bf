//! Frames that the server sends. Those with a `version` are ordered by `(epoch, version)` and carry
//! the whole of each sub-state they change. The others answer one frame or are ephemeral.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ephemeral::{
    AuthorityChanged, KnocksChanged, PresenceChanged, SyncChanged, TokenExpiring,
    ViewerCountChanged,
};
use crate::error::{Retry, WireError};
use crate::playback::Playback;
use crate::room::{Chat, LifecycleState, Role, Room, Settings};
use crate::source::Media;

/// A frame sent by the server. Clients ignore types they don't know.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// Answers `hello` with the current state of the room.
    Welcome {
        /// The `id` of the `hello`.
        id: String,
        /// The room's epoch.
        epoch: u64,
        /// The room's version within the epoch.
        version: u64,
        /// When the state was read, in milliseconds on the room clock.
        at_ms: u64,
        /// The session and the room.
        data: Box<Welcome>,
    },
    /// The command took effect, or the room was already in the requested state.
    Ack {
        /// The `id` of the command.
        id: String,
        /// The epoch of the command's commit, or the room's epoch if it made none.
        epoch: u64,
        /// The version of the command's commit, or the room's version if it made none.
        version: u64,
        /// Details of the acknowledgement.
        data: AckData,
    },
    /// The frame was rejected.
    Reject {
        /// The `id` of the frame; null if it had no valid one.
        #[schema(required = true)]
        id: Option<String>,
        /// Why the frame was rejected.
        error: WireError,
    },
    /// Answers `ping`.
    Pong {
        /// Three of the four timestamps of the measurement.
        data: Pong,
    },
    /// Playback changed: by a command, a barrier, or the end of the media.
    PlaybackChanged {
        /// The epoch of the commit.
        epoch: u64,
        /// The version of the commit within its epoch.
        version: u64,
        /// When the commit was made, in milliseconds on the room clock.
        at_ms: u64,
        /// The new values.
        data: PlaybackChanged,
    },
    /// The room's media was replaced, its addresses were, or more is known of it.
    MediaChanged {
        /// The epoch of the commit.
        epoch: u64,
        /// The version of the commit within its epoch.
        version: u64,
        /// When the commit was made, in milliseconds on the room clock.
        at_ms: u64,
        /// The new values.
        data: Box<MediaChanged>,
    },
    /// The host role moved to another participant.
    HostChanged {
        /// The epoch of the commit.
        epoch: u64,
        /// The version of the commit within its epoch.
        version: u64,
        /// When the commit was made, in milliseconds on the room clock.
        at_ms: u64,
        /// The new values.
        data: HostChanged,
    },
    /// A participant's role changed.
    RoleChanged {
        /// The epoch of the commit.
        epoch: u64,
        /// The version of the commit within its epoch.
        version: u64,
        /// When the commit was made, in milliseconds on the room clock.
        at_ms: u64,
        /// The new values.
        data: RoleChanged,
    },
    /// The room's name, visibility, settings or chat changed.
    RoomChanged {
        /// The epoch of the commit.
        epoch: u64,
        /// The version of the commit within its epoch.
        version: u64,
        /// When the commit was made, in milliseconds on the room clock.
        at_ms: u64,
        /// The new values.
        data: RoomChanged,
    },
    /// The room entered another state of its lifecycle.
    LifecycleChanged {
        /// The epoch of the commit.
        epoch: u64,
        /// The version of the commit within its epoch.
        version: u64,
        /// When the commit was made, in milliseconds on the room clock.
        at_ms: u64,
        /// The new values.
        data: LifecycleChanged,
    },
    /// The room's state was rebuilt under a new epoch.
    Rebased {
        /// The epoch of the commit.
        epoch: u64,
        /// The version of the commit within its epoch.
        version: u64,
        /// When the commit was made, in milliseconds on the room clock.
        at_ms: u64,
        /// The state that was replaced.
        data: Rebased,
    },
    /// The current state of the room, in place of events that this connection missed.
    RoomState {
        /// The room's epoch.
        epoch: u64,
        /// The room's version within the epoch.
        version: u64,
        /// When the state was read, in milliseconds on the room clock.
        at_ms: u64,
        /// The state.
        data: Box<RoomSnapshot>,
    },
    /// The connected participants changed.
    PresenceChanged {
        /// The connected participants: all of them up to 20, otherwise the first 8.
        data: PresenceChanged,
    },
    /// The number of connected participants changed.
    ViewerCountChanged {
        /// The current number and the peak.
        data: ViewerCountChanged,
    },
    /// How far apart the room's players are. Sent only to the host and co-hosts, once a second at most.
    SyncChanged {
        /// The spread of the players' drift.
        data: SyncChanged,
    },
    /// Who asks to join the room. Sent only to the host, co-hosts and moderators, once a second at most.
    KnocksChanged {
        /// Those who ask.
        data: KnocksChanged,
    },
    /// The server lost or regained the store. Playback continues meanwhile.
    AuthorityChanged {
        /// Whether commands can be stored.
        data: AuthorityChanged,
    },
    /// The connection's access token is about to expire. Unless `auth_refresh` brings another one in
    /// time, the connection closes with `token_expired`.
    TokenExpiring {
        /// How much time is left.
        data: TokenExpiring,
    },
    /// Precedes the WebSocket close frame.
    Closing {
        /// Why the connection closes, and when to reconnect.
        data: Closing,
    },
}

/// The session of a connection and the current state of its room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Welcome {
    /// Identifies the session in the `resume` of a later `hello`.
    pub session_id: String,
    /// The client's participant in this room.
    pub participant_id: String,
    /// The participant's role.
    pub role: Role,
    /// The room's fence, which rises with every change of host.
    pub fence: u64,
    /// Whether the session named in `resume` was resumed.
    pub resumed: bool,
    /// How often the client must send at least one frame, in milliseconds.
    pub heartbeat_ms: u64,
    /// How long the server may stay silent before the client treats the connection as dead, in
    /// milliseconds.
    pub dead_after_ms: u64,
    /// The current state of the room.
    pub room: Room,
}

/// Details of an acknowledgement.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct AckData {
    /// Whether an earlier command with the same `id` was committed; this one had no further effect.
    pub duplicate: bool,
}

/// Three of the four timestamps of a clock measurement.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Pong {
    /// `t0` of the ping, unchanged.
    pub t0: f64,
    /// When the server read the ping, in microseconds on the room clock.
    pub t1_us: u64,
    /// When the server wrote the pong, in microseconds on the room clock.
    pub t2_us: u64,
}

/// The new playback, and what changed it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PlaybackChanged {
    /// What changed it: `play`, `pause`, `seek`, `set_rate`, `change_quality`, `change_subtitle`,
    /// `change_audio`, `ended`, `ready`, `deadline`, `rebuffer` or `window_end`.
    pub cause: String,
    /// The participant whose command it was; null if the server changed it.
    #[schema(required = true)]
    pub by: Option<String>,
    /// The complete new playback.
    pub playback: Playback,
}

/// The new media, and who chose it; or the same media, of which other addresses or more is known.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct MediaChanged {
    /// What changed it: `set_media`; `measured` if a player of the host or a co-host found out more
    /// about the same media; or `refreshed` if the same media has other addresses by now, or the room
    /// nears a part whose timeline has only now been read. A player that can still load it then goes
    /// on as it is. `edge_moved` if the edge of a live source is elsewhere than the room took it to be;
    /// `finished` if a live source has ended: it is other media then, a film of what it offers.
    pub cause: String,
    /// The participant who chose the media or whose player measured it; null if the server did.
    #[schema(required = true)]
    pub by: Option<String>,
    /// The new media.
    pub media: Media,
    /// The new playback: paused at the start of chosen media, or behind the edge if it is live; as it
    /// was before if measured or refreshed; as far behind the edge as before if that has moved away from
    /// it; at the same picture if the source has ended. If measured after the end, at the measured end.
    pub playback: Playback,
}

/// The new host.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct HostChanged {
    /// The new host; null if the room has none.
    #[schema(required = true)]
    pub host_id: Option<String>,
    /// The new fence, higher than any before.
    pub fence: u64,
    /// What changed it: `transfer` or `return`.
    pub cause: String,
}

/// A participant's new role.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RoleChanged {
    /// The participant whose role changed.
    pub participant_id: String,
    /// The new role.
    pub role: Role,
    /// The participant who changed it; null if the server did.
    #[schema(required = true)]
    pub by: Option<String>,
}

/// The room's name, visibility, settings and chat, changed or not.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RoomChanged {
    /// The name of the room.
    pub name: String,
    /// Whether the room appears in the public list.
    pub is_public: bool,
    /// The language that is spoken in the room, a BCP 47 tag; null if its host named none.
    #[schema(required = true)]
    pub language: Option<String>,
    /// What the room is about.
    pub tags: Vec<String>,
    /// The settings of the room.
    pub settings: Settings,
    /// The settings of the room's chat.
    pub chat: Chat,
}

/// The new state of the room's lifecycle, and what came with it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct LifecycleChanged {
    /// The new lifecycle state.
    pub state: LifecycleState,
    /// What changed it: `host_connected`, `host_lost`, `grace_ended`, `never_started`, `idle`,
    /// `deleted` or `retention`.
    pub cause: String,
    /// The current host; null if the room has none.
    #[schema(required = true)]
    pub host_id: Option<String>,
    /// The current fence.
    pub fence: u64,
    /// When this state ends on its own, in milliseconds on the room clock; absent if it doesn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub deadline_ms: Option<u64>,
    /// The current playback.
    pub playback: Playback,
}

/// The rebuild of a room's state under a new epoch.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Rebased {
    /// The epoch and version of the state that was rebuilt.
    pub previous: Previous,
    /// Whether acknowledged commands may be missing from the rebuilt state.
    pub lost: bool,
}

/// The epoch and version of a room's state before it was rebuilt.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Previous {
    /// The epoch before the rebuild.
    pub epoch: u64,
    /// The version before the rebuild.
    pub version: u64,
}

/// The current state of a room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RoomSnapshot {
    /// The current state of the room.
    pub room: Room,
    /// The room's fence, which rises with every change of host.
    pub fence: u64,
}

/// Why the server closes the connection, and when to reconnect.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Closing {
    /// The status code of the close frame.
    pub close_code: u16,
    /// The name of the close code.
    pub code: String,
    /// Whether and how to reconnect.
    pub retry: Retry,
    /// How long to wait before reconnecting, in milliseconds.
    pub after_ms: u64,
}
