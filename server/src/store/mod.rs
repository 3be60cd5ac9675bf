//! Where rooms are kept. A store knows no playback rule: it stores what `engine` decided.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{Commit, Event, LifecycleState, ParticipantId, Role, Room, RoomId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::auth::Ticket;

pub mod conformance;
mod memory;
mod redis;

pub use memory::{MemoryStore, OpenError};
pub use redis::{RedisOpenError, RedisStore};

/// What became of a commit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CommitOutcome {
    /// Stored, durable, and published to every subscriber in the order of versions.
    Committed,
    /// The room has moved on; load it and decide again.
    Conflict,
    /// There is no such room.
    Gone,
}

/// A stored commit with the room it made.
#[derive(Clone, Debug)]
pub struct Published {
    /// The room after the commit.
    pub room: Arc<Room>,
    /// The commit.
    pub commit: Arc<Commit>,
}

/// What a store tells a node, in order for each room.
#[derive(Clone, Debug)]
pub enum News {
    /// The next commit of a room.
    Commit(Published),
    /// The order goes on from this state: commits between can't be had, or were lost.
    Reset(Arc<Room>),
    /// Who is connected to another node has changed.
    Presence {
        /// Of which room.
        room_id: RoomId,
        /// To which node.
        node_id: NodeId,
        /// What changed.
        update: PresenceUpdate,
    },
    /// The room is gone, and what it was last told of isn't known.
    Gone(RoomId),
    /// The store has lost who is connected: each node tells its own again.
    PresenceLost(RoomId),
    /// Nobody connected to another node holds up a barrier any more.
    Ready {
        /// Of which room.
        room_id: RoomId,
        /// Which node.
        node_id: NodeId,
        /// The commit that entered the wait.
        since_version: u64,
    },
    /// How far the players connected to another node are from the room.
    Spread {
        /// Which room.
        room_id: RoomId,
        /// Which node.
        node_id: NodeId,
        /// How far.
        spread: NodeSpread,
    },
    /// A session goes on at another node.
    SessionTaken {
        /// Of which room.
        room_id: RoomId,
        /// Which session.
        session_id: String,
    },
    /// A node is gone, and with it everybody connected to it.
    NodeGone(NodeId),
    /// Whether commands can be stored now.
    Reachable(bool),
}

/// Names a running node.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct NodeId(pub Arc<str>);

/// A participant with connections to one node.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Present {
    /// Who.
    pub participant_id: ParticipantId,
    /// What the user is called.
    pub display_name: String,
    /// The role held without any grant of the room.
    pub base: Role,
    /// When the first of these connections came. Room clock.
    pub since: Timestamp,
    /// How many connections.
    pub connections: usize,
    /// Whether the player of any of them announces when it is ready.
    pub ready_capable: bool,
}

/// A change of who is connected to one node.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct PresenceUpdate {
    /// Came, or changed: the whole of each.
    pub came: Vec<Present>,
    /// Have no connection to the node any more.
    pub went: Vec<ParticipantId>,
    /// The longest round trip to the node's players that announce readiness, in milliseconds.
    pub rtt_ms_max: u64,
    /// The most participants seen at once.
    pub peak: u64,
}

/// How far the players connected to one node are from the room, as they report it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct NodeSpread {
    /// How many connections report.
    pub reporting: u64,
    /// The drift of the player that is furthest behind, in milliseconds.
    pub drift_ms_min: f64,
    /// The drift of the player that is furthest ahead, in milliseconds.
    pub drift_ms_max: f64,
    /// The largest uncertainty that any of them reports, in milliseconds.
    pub uncertainty_ms: f64,
}

/// Everybody connected to one node.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NodePresence {
    /// Who.
    pub present: Vec<Present>,
    /// The longest round trip to those that announce readiness, in milliseconds.
    pub rtt_ms_max: u64,
}

/// Who is connected to other nodes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Elsewhere {
    /// By node.
    pub nodes: Vec<(NodeId, NodePresence)>,
    /// The most participants ever seen at once.
    pub peak: u64,
}

/// What keeps a room going. No commits.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LifeSigns {
    /// When the host's lease ends, if it has one.
    pub lease: Option<Timestamp>,
    /// When a node last said that somebody is connected; first, when the room was made.
    pub attended: Option<Timestamp>,
}

/// What a commit does to the host's lease: a host, new or back, has a whole one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LeaseChange {
    /// Nothing.
    Keep,
    /// It ends then.
    Until(Timestamp),
    /// There is none any more.
    End,
}

impl LeaseChange {
    /// Of `commit`, after which the room is `after`.
    pub(crate) fn of(commit: &Commit, after: &Room) -> Self {
        match commit.event {
            Event::HostChanged { .. } | Event::LifecycleChanged { .. } => {
                if after.lifecycle.state == LifecycleState::Live && after.host_id.is_some() {
                    Self::Until(commit.at.plus_millis(after.profile.settings.host_lease_ms))
                } else {
                    Self::End
                }
            }
            _ => Self::Keep,
        }
    }
}

/// A room in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The room.
    pub room: Arc<Room>,
    /// How many are connected to all nodes; `None` if the store doesn't know.
    pub viewer_count: Option<u64>,
}

/// Somebody who joined a room.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Member {
    /// Who.
    pub participant_id: ParticipantId,
    /// The user behind the participant.
    pub user_id: String,
    /// What the user is called.
    pub display_name: String,
    /// The role held without any grant of the room.
    pub base: Role,
}

/// The state can't be reached.
#[derive(Debug, thiserror::Error)]
#[error("store: {operation}")]
pub struct StoreError {
    /// Which operation.
    pub operation: &'static str,
    /// What went wrong, for the log.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Keeps rooms and everything about them that nodes share.
///
/// The second half is about other nodes; a store of one node has nobody to tell, which is what the
/// default of each method says.
#[async_trait]
pub trait RoomStore: std::fmt::Debug + Send + Sync + 'static {
    /// Stores a new room.
    ///
    /// # Behavior
    /// - The room is durable when this returns.
    /// - A `room_id` or `code` that is taken is an error.
    async fn create(&self, room: Room) -> Result<(), StoreError>;

    /// A room as this node knows it, or `None` if there is none. Costs nothing for a room that the
    /// node follows, and may be behind by what is on its way.
    async fn load(&self, room_id: &RoomId) -> Result<Option<Arc<Room>>, StoreError>;

    /// The newest durable state of a room, or `None` if there is none.
    async fn load_newest(&self, room_id: &RoomId) -> Result<Option<Arc<Room>>, StoreError>;

    /// The room of a code.
    async fn find_code(&self, code: &str) -> Result<Option<RoomId>, StoreError>;

    /// Makes a commit so, if the room is as it was when `commit` was decided.
    ///
    /// # Behavior
    /// - `room` is the room before the commit, as `load` or `load_newest` gave it.
    /// - `Committed` only when durable; published after that.
    /// - `Conflict` unless the room is still at the epoch and version of `room`.
    /// - A failure or a dropped call may or may not have stored it; it is never half stored.
    /// - A commit that deletes the room leaves nothing of it behind.
    async fn commit(
        &self,
        room: &Arc<Room>,
        commit: Arc<Commit>,
    ) -> Result<CommitOutcome, StoreError>;

    /// Remembers a member.
    ///
    /// # Behavior
    /// - The same participant again replaces the entry.
    /// - Beyond `max` the oldest entries that `is_present` denies make room; `false` if none does.
    /// - Not durable at once: after a crash somebody may have to join again.
    async fn add_member(
        &self,
        room_id: &RoomId,
        member: Member,
        max: usize,
        is_present: &(dyn for<'a> Fn(&'a ParticipantId) -> bool + Send + Sync),
    ) -> Result<bool, StoreError>;

    /// A member of a room.
    async fn find_member(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<Option<Member>, StoreError>;

    /// Keeps a ticket under its secret until it runs out.
    async fn keep_ticket(&self, secret: &str, ticket: Ticket) -> Result<(), StoreError>;

    /// Uses a ticket up. One that ran out is `None`.
    async fn redeem_ticket(&self, secret: &str) -> Result<Option<Ticket>, StoreError>;

    /// Says that the host is alive until `until`; zero ends the lease. No commit.
    async fn renew_lease(&self, room_id: &RoomId, until: Timestamp) -> Result<(), StoreError>;

    /// Says that somebody is connected to this node in each of these rooms, now. No commit.
    async fn attend(&self, rooms: &[RoomId], now: Timestamp) -> Result<(), StoreError>;

    /// What keeps a room going.
    async fn life_signs(&self, room_id: &RoomId) -> Result<LifeSigns, StoreError>;

    /// Rooms at `now` that have a committed deadline or a lease that is over, or that nobody has
    /// attended for `INACTIVE_MS`; at most `max`.
    async fn list_due(&self, now: Timestamp, max: usize) -> Result<Vec<RoomId>, StoreError>;

    /// Fails while commits can't be stored.
    async fn check_writable(&self) -> Result<(), StoreError>;

    /// Open rooms that are listed.
    async fn list_public(&self) -> Result<Vec<Listed>, StoreError>;

    /// Takes no more writes, finishes those under way, and lets go of what it holds.
    async fn close(&self);

    /// News from now on. A subscriber that lags holds up commits, so it must not block.
    fn subscribe(&self) -> mpsc::Receiver<News>;

    /// Starts news of a room. What was committed before is in `load` when this returns.
    async fn follow(&self, _room_id: &RoomId) -> Result<(), StoreError> {
        Ok(())
    }

    /// Ends news of a room.
    async fn unfollow(&self, _room_id: &RoomId) {}

    /// Tells who came to and went from this node.
    async fn tell_presence(
        &self,
        _room_id: &RoomId,
        _update: &PresenceUpdate,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    /// Who is connected to other nodes that are alive.
    async fn load_presence(&self, _room_id: &RoomId) -> Result<Elsewhere, StoreError> {
        Ok(Elsewhere::default())
    }

    /// Tells that nobody connected to this node holds up a barrier any more.
    async fn tell_ready(&self, _room_id: &RoomId, _since_version: u64) -> Result<(), StoreError> {
        Ok(())
    }

    /// Tells how far the players connected to this node are from the room. Kept nowhere.
    async fn tell_spread(&self, _room_id: &RoomId, _spread: NodeSpread) -> Result<(), StoreError> {
        Ok(())
    }

    /// Tells that a session goes on at this node.
    async fn tell_session(&self, _room_id: &RoomId, _session_id: &str) -> Result<(), StoreError> {
        Ok(())
    }
}
