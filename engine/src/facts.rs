//! What a decision depends on beside the room and the command.

use crate::id::ParticipantId;
use crate::time::Timestamp;

/// What the server knows at the time of a decision and the room does not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// The time of the room clock. `Room::handle` never lets it fall behind the last commit.
    pub now: Timestamp,
    /// Connected participants whose players report when they are ready.
    pub ready_capable: Vec<ParticipantId>,
    /// The round trip, in milliseconds, that the good majority of them stays within.
    pub rtt_ms: u64,
    /// The number of connections.
    pub connections: usize,
    /// Connected co-hosts, the longest connected first.
    pub co_hosts: Vec<ParticipantId>,
}
