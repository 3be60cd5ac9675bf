//! The wire contract: every body, frame, code and limit that outside programs rely on.
//!
//! A leaf crate: it depends on serde and utoipa only, and knows nothing of the engine. Free
//! functions in `server/src/wire/` convert between the two. Adding an optional field or an event
//! type is compatible; any other change needs a new subprotocol.

mod close;
mod error;
mod frames;
mod name;
mod playback;
mod rest;
mod room;
mod source;
mod timeline;
mod whole;

pub use crate::close::{CLOSE_CODES, CloseCode};
pub use crate::error::{ErrorCode, MetaValue, Outcome, Problem, Retry, WireError};
pub use crate::frames::client::{
    AuthRefresh, Buffering, ChangeAudio, ChangeQuality, ChangeSubtitle, ClientFrame, ClientInfo,
    Ended, Expected, Hello, HostTransfer, Leave, Measured, MediaFailed, Ping, Ready, Resume, Seek,
    SetMedia, SetRate, SourceRef, SyncReport,
};
pub use crate::frames::server::{
    AckData, AuthorityChanged, Closing, HostChanged, LifecycleChanged, MediaChanged,
    PlaybackChanged, Pong, PresenceChanged, Previous, Rebased, RoleChanged, RoomChanged,
    RoomSnapshot, ServerFrame, SyncChanged, TokenExpiring, ViewerCountChanged, Welcome,
};
pub use crate::name::{
    DISPLAY_NAME_BYTES_MAX, DISPLAY_NAME_MAX, INVISIBLE, ROOM_NAME_BYTES_MAX, ROOM_NAME_MAX,
};
pub use crate::playback::{Playback, Status, Waiting, WaitingFor};
pub use crate::rest::auth::{GuestRequest, GuestToken, RefreshRequest};
pub use crate::rest::bans::{Ban, BanPage, BanRequest};
pub use crate::rest::meta::{Limits, Meta, Time};
pub use crate::rest::participants::{
    JoinRequest, Joined, ParticipantPage, PatchParticipant, WsTicket,
};
pub use crate::rest::rooms::{CreateRoom, PatchChat, PatchRoom, RoomPage, RoomState, RoomSummary};
pub use crate::rest::sources::{ResolveRequest, Resolved};
pub use crate::room::{Chat, HostLoss, LifecycleState, Participant, Role, Room, Settings};
pub use crate::source::{
    AudioTrack, Availability, AvailabilityState, Control, Delivery, ManifestEntry, Media,
    Rendition, Source, TextTrack,
};
pub use crate::timeline::{Timeline, TimelineOrigin};

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "playhead.v1.json";
/// The capability with which a connection takes part in barriers.
pub const CAPABILITY_READY: &str = "ready";
/// The size of the largest frame that a client may send, in bytes.
pub const FRAME_BYTES_MAX: usize = 16 * 1024;
/// The length of the longest command id, in characters.
pub const COMMAND_ID_MAX: usize = 64;
/// The length of the longest name or version of a client, in characters.
pub const CLIENT_NAME_MAX: usize = 64;
/// The largest drift that a client may report, ahead or behind, in milliseconds.
pub const DRIFT_MS_MAX: f64 = 86_400_000.0;
/// The largest uncertainty that a client may report, in milliseconds.
pub const UNCERTAINTY_MS_MAX: f64 = 60_000.0;
/// How long a client may take to send `hello`, in milliseconds.
pub const HELLO_TIMEOUT_MS: u64 = 5000;
/// The length of the longest reason for a ban, in characters as people count them.
pub const REASON_MAX: usize = 200;
/// The length of the longest reason for a ban, in bytes.
pub const REASON_BYTES_MAX: usize = 1000;
/// The length of the longest link, in characters.
pub const LINK_CHARS_MAX: usize = 2048;
/// The longest time that a room may let its host stay away, in milliseconds.
pub const HOST_GRACE_MS_MAX: u64 = 24 * 60 * 60 * 1000;
/// The shortest lease that a room may give its host, in milliseconds.
pub const HOST_LEASE_MS_MIN: u64 = 1000;
/// The longest lease that a room may give its host, in milliseconds.
pub const HOST_LEASE_MS_MAX: u64 = 10 * 60 * 1000;
/// The longest time between two messages of one participant that a room may ask for, in milliseconds.
pub const SLOW_MODE_MS_MAX: u64 = 60 * 60 * 1000;
/// The most items on a page of a list.
pub const PAGE_SIZE_MAX: u32 = 200;
