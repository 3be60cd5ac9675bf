//! The wire: every byte shape, code and limit that outside programs rely on.
//!
//! A leaf: it knows serde and utoipa, and nothing of the engine. Free functions in
//! `server/src/wire/` convert. Adding an optional field or a new event type is compatible;
//! anything else is a new subprotocol.

mod client_frame;
mod close;
mod error;
mod playback;
mod rest;
mod room;
mod server_frame;
mod source;

pub use crate::client_frame::{
    Buffering, ChangeAudio, ChangeQuality, ChangeSubtitle, ClientFrame, ClientInfo, Ended,
    Expected, Hello, HostTransfer, Leave, Ping, Ready, Resume, Seek, SetMedia, SetRate, SourceRef,
    SyncReport,
};
pub use crate::close::{CLOSE_CODES, CloseCode};
pub use crate::error::{ErrorCode, MetaValue, Outcome, Problem, Retry, WireError};
pub use crate::playback::{Playback, Status, Waiting, WaitingFor};
pub use crate::rest::{
    CreateRoom, GuestRequest, GuestToken, JoinRequest, Joined, Limits, Meta, ParticipantPage,
    PatchChat, PatchParticipant, PatchRoom, ResolveRequest, Resolved, RoomPage, RoomState,
    RoomSummary, Time, WsTicket,
};
pub use crate::room::{Chat, HostLoss, LifecycleState, Participant, Role, Room, Settings};
pub use crate::server_frame::{
    AckData, AuthorityChanged, Closing, HostChanged, LifecycleChanged, MediaChanged,
    PlaybackChanged, Pong, PresenceChanged, Previous, Rebased, RoleChanged, RoomChanged,
    RoomSnapshot, ServerFrame, SyncChanged, ViewerCountChanged, Welcome,
};
pub use crate::source::{
    AudioTrack, Availability, AvailabilityState, Control, Delivery, Media, Rendition, Source,
    TextTrack,
};

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "playhead.v1.json";
/// The capability that makes a connection join barriers.
pub const CAPABILITY_READY: &str = "ready";
/// The largest client frame, in bytes.
pub const FRAME_BYTES_MAX: usize = 16 * 1024;
/// The longest command id, in characters.
pub const COMMAND_ID_MAX: usize = 64;
/// The largest drift that a client may report, ahead or behind, in milliseconds.
pub const DRIFT_MS_MAX: f64 = 86_400_000.0;
/// The largest uncertainty that a client may report, in milliseconds.
pub const UNCERTAINTY_MS_MAX: f64 = 60_000.0;
/// How long a client may take to say hello, in milliseconds.
pub const HELLO_TIMEOUT_MS: u64 = 5000;
