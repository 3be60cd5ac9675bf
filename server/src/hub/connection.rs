//! One WebSocket connection to a room, as the hub knows it.

use std::sync::atomic::AtomicU64;

use engine::{ParticipantId, Role};

use super::{Outbox, SyncStatus};

/// One WebSocket connection to a room.
#[derive(Debug)]
pub struct Connection {
    /// Unique among the room's connections to this node, and rising.
    pub number: u64,
    /// The participant that it belongs to.
    pub participant_id: ParticipantId,
    /// The participant's role without any grant of the room.
    pub base: Role,
    /// The session that it carries.
    pub session_id: String,
    /// The family of refresh tokens that its access token was issued with, if that names it.
    pub family_id: Option<Box<str>>,
    /// Whether its player announces when it is ready.
    pub ready_capable: bool,
    /// What waits to be written to it.
    pub outbox: Outbox,
    /// The last round-trip time in milliseconds, by the server's own ping.
    pub rtt_ms: AtomicU64,
    /// How far its player is from the room's playhead, and what it was last sent about the others.
    pub sync: SyncStatus,
    /// The revision of the list of knocks that it was last sent.
    pub knocks_seen: AtomicU64,
}

/// A connection to add to a room.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// The participant that it belongs to.
    pub participant_id: ParticipantId,
    /// The user behind the participant.
    pub user_id: String,
    /// The user's display name.
    pub display_name: String,
    /// When the user was given that name, in milliseconds of the wall clock.
    pub named_at_ms: u64,
    /// The participant's role without any grant of the room.
    pub base: Role,
    /// The session that it begins or resumes.
    pub session_id: String,
    /// The family of refresh tokens that its access token was issued with, if that names it.
    pub family_id: Option<Box<str>>,
    /// Whether its player announces when it is ready.
    pub ready_capable: bool,
}
