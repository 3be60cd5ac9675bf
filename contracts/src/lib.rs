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
    AuthRefresh, Buffering, ChangeAudio, ChangeQuality, ChangeSubtitle, ClientFrame, Ended,
    Expected, HostTransfer, Leave, Measured, MediaFailed, Ping, Ready, Seek, SetMedia, SetRate,
    SourceRef, SyncReport,
};
pub use crate::frames::ephemeral::{
    AuthorityChanged, Knock, KnocksChanged, PresenceChanged, SyncChanged, TokenExpiring,
    ViewerCountChanged,
};
pub use crate::frames::hello::{ClientInfo, Hello, Resume};
pub use crate::frames::server::{
    AckData, Closing, HostChanged, LifecycleChanged, MediaChanged, PlaybackChanged, Pong, Previous,
    Rebased, RoleChanged, RoomChanged, RoomSnapshot, ServerFrame, Welcome,
};
pub use crate::name::language as language_schema;
pub use crate::name::{
    DISPLAY_NAME_BYTES_MAX, DISPLAY_NAME_MAX, INVISIBLE, NAME_SKELETON_BYTES_MAX,
    ROOM_NAME_BYTES_MAX, ROOM_NAME_MAX, SEARCH_MAX, TAG_BYTES_MAX, TAG_MAX, TAGS_MAX,
};
pub use crate::playback::{Playback, Status, Waiting, WaitingFor};
pub use crate::rest::auth::{
    GuestRequest, GuestToken, Jwk, JwkSet, RefreshRequest, TokenRequest, UserToken,
};
pub use crate::rest::bans::{Ban, BanPage, BanRequest};
pub use crate::rest::grants::{
    Grant, GrantPage, GrantRequest, GrantVia, GrantsRequest, MadeGrant, MadeGrants,
};
pub use crate::rest::invites::{CreatedInvite, Invite, InvitePage, InviteRequest};
pub use crate::rest::knocks::KnockAnswer;
pub use crate::rest::me::{Me, PatchMe, PatchedMe};
pub use crate::rest::meta::{Limits, Meta, Time};
pub use crate::rest::participants::{
    JoinRequest, Joined, ParticipantPage, PatchParticipant, WsTicket,
};
pub use crate::rest::rooms::{
    CreateRoom, PatchChat, PatchRoom, RoomPage, RoomSort, RoomState, RoomSummary,
};
pub use crate::rest::sources::{ResolveRequest, Resolved};
pub use crate::room::{
    Chat, Entry, HostLoss, LifecycleState, Participant, PlaybackControl, Role, Room, Settings,
};
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
/// The most capabilities that a client may name.
pub const CAPABILITIES_MAX: usize = 16;
/// The length of the longest capability, in characters.
pub const CAPABILITY_MAX: usize = 64;
/// The length of the longest text that names a room, as its id or its code, in bytes.
pub const ROOM_KEY_BYTES_MAX: usize = 128;
/// The length of the longest access token, in characters.
pub const ACCESS_TOKEN_MAX: usize = 8192;
/// The length of the longest refresh token, in characters.
pub const REFRESH_TOKEN_MAX: usize = 100;
/// The length of the longest page token, in characters.
pub const PAGE_TOKEN_MAX: usize = 1024;
/// The length of the longest name of a provider, in characters.
pub const PROVIDER_MAX: usize = 32;
/// The length of the longest id that a provider has for a source, in characters.
pub const STREAM_ID_MAX: usize = 8192;
/// The length of the longest id of a rendition or a track, in characters.
pub const TRACK_ID_MAX: usize = 64;
/// The length of the longest id that another product has for a user, in characters.
pub const USER_ID_MAX: usize = 64;
/// How long an access token of another product's user may be valid, in milliseconds: at least …
pub const TOKEN_MS_MIN: u64 = 1000;
/// … and at most.
pub const TOKEN_MS_MAX: u64 = 86_400_000;
/// The most rooms that an access token may be limited to.
pub const TOKEN_ROOMS_MAX: usize = 16;
/// The most people whose invite may be one and the same.
pub const INVITE_USES_MAX: u64 = 10_000;
/// The length of the longest invite, in characters.
pub const INVITE_MAX: usize = 64;
/// The length of the longest id of a user, in characters.
pub const ANY_USER_ID_MAX: usize = 128;
/// The most rooms that one request may make grants for.
pub const GRANTED_ROOMS_MAX: usize = 16;
/// The most people that a room may say it takes.
pub const CAPACITY_MAX: u64 = 1_000_000;
/// The length of the shortest password of a room, in characters.
pub const PASSWORD_MIN: usize = 4;
/// The length of the longest password of a room, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// The most people who ask to join that `knocks_changed` names.
pub const KNOCKS_MAX: usize = 20;
/// The length of the longest reason for a ban, in characters as people count them.
pub const REASON_MAX: usize = 200;
/// The length of the longest reason for a ban, in bytes.
pub const REASON_BYTES_MAX: usize = 1000;
/// The latest time that a request may name, in milliseconds since the Unix epoch: the largest number up to which every
/// client counts exactly.
pub const TIME_MS_MAX: u64 = 9_007_199_254_740_991;
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
