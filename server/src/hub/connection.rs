//! One socket of a room, as the hub knows it.

use std::sync::atomic::AtomicU64;

use engine::{ParticipantId, Role};

use super::{Outbox, Reported};

/// One socket.
#[derive(Debug)]
pub struct Connection {
    /// Unique in its room on this node; rises.
    pub number: u64,
    /// Whose.
    pub participant_id: ParticipantId,
    /// The role held without any grant.
    pub base: Role,
    /// The session it carries on.
    pub session_id: String,
    /// Whether its player announces when it is ready.
    pub ready_capable: bool,
    /// What waits to be written.
    pub outbox: Outbox,
    /// The last round trip in milliseconds, by the server's own ping.
    pub rtt_ms: AtomicU64,
    /// How far its player is from the room, and what it was told of the others.
    pub reported: Reported,
}

/// What a new connection says of itself.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// Whose.
    pub participant_id: ParticipantId,
    /// The user behind the participant.
    pub user_id: String,
    /// What the user is called.
    pub display_name: String,
    /// The role held without any grant.
    pub base: Role,
    /// The session it begins or goes on with.
    pub session_id: String,
    /// Whether its player announces when it is ready.
    pub ready_capable: bool,
}
