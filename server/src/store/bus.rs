//! What nodes hear: commits in their order, and what other nodes tell about their connections.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{Commit, ParticipantId, Role, Room, RoomId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{Away, StoreError};

/// A stored commit with the room that it made.
#[derive(Clone, Debug)]
pub struct Published {
    /// The room after the commit.
    pub room: Arc<Room>,
    /// The commit.
    pub commit: Arc<Commit>,
}

/// What a node hears, in one order for each room.
#[derive(Clone, Debug)]
pub enum News {
    /// The next commit of a room.
    Commit(Published),
    /// The order continues from this state: the commits before it can't be had, or were lost.
    Reset(Arc<Room>),
    /// Another node tells something about its connections to a room.
    Notice {
        /// The room.
        room_id: RoomId,
        /// The node.
        node_id: NodeId,
        /// What it tells.
        notice: Notice,
    },
    /// The room is gone, and its last commits aren't known.
    Gone(RoomId),
    /// The store has lost who is connected. Each node tells its own connections again.
    PresenceLost(RoomId),
    /// A node is gone, and with it everybody connected to it.
    NodeGone(NodeId),
    /// A node is there that wasn't, or that was taken for gone. Who is connected to it must be loaded.
    NodeCame(NodeId),
    /// The rooms whose commits can't be stored now. All others' can.
    Away(Away),
}

/// What a node tells the others about its own connections to a room. It has no version, and no place
/// in the room's order. A new message is one variant here and one line in each store.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Who connected and disconnected. The store keeps it.
    Presence(PresenceUpdate),
    /// No connection to this node holds up the barrier any more.
    Ready {
        /// The version of the commit that entered the wait.
        since_version: u64,
    },
    /// How far the players connected to this node are from the room.
    Spread(NodeSpread),
    /// A session continues at this node.
    SessionTaken {
        /// The session.
        session_id: String,
    },
    /// A participant was removed from the room, so no connection of theirs is to stay.
    Removed {
        /// The participant.
        participant_id: ParticipantId,
        /// Whether they were banned, too.
        is_banned: bool,
    },
    /// Somebody asks to join the room. Repeated for as long as they do.
    Knocked {
        /// The participant that they would be.
        participant_id: ParticipantId,
        /// Their display name.
        display_name: String,
    },
    /// A participant was granted access to the room, or the grant has ended, or a knock was answered.
    GrantChanged {
        /// The participant.
        participant_id: ParticipantId,
    },
    /// A participant left for good, so no connection of theirs is to stay.
    Left {
        /// The participant.
        participant_id: ParticipantId,
    },
}

/// The name of a running node.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct NodeId(pub Arc<str>);

/// A participant with connections to one node.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Present {
    /// The participant.
    pub participant_id: ParticipantId,
    /// The user's display name.
    pub display_name: String,
    /// When the user was given that name, in milliseconds of the wall clock. Earlier versions don't tell.
    #[serde(default)]
    pub named_at_ms: u64,
    /// The role held without a grant of the room.
    pub base: Role,
    /// When the first of these connections was made, on the room clock.
    pub since: Timestamp,
    /// The number of connections.
    pub connections: usize,
    /// Whether the player of any of them reports when it is ready, and starts wait for it.
    pub ready_capable: bool,
}

impl Present {
    /// The key by which the names that nodes know of one participant are ordered: the greatest one counts.
    pub fn naming(&self) -> (u64, &str) {
        (self.named_at_ms, &self.display_name)
    }
}

/// A change of who is connected to one node.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct PresenceUpdate {
    /// Participants who connected or changed, each in full.
    pub came: Vec<Present>,
    /// Participants without a connection to the node.
    pub went: Vec<ParticipantId>,
    /// The round trip, in milliseconds, that the good majority of the players that report when they are ready
    /// stays within.
    pub rtt_ms: u64,
    /// The most participants seen at once.
    pub peak: u64,
    /// Whether nobody but those in `came` is connected to the node.
    #[serde(default)]
    pub is_whole: bool,
    /// Whether the other nodes are asked for whole updates, because this one may have missed some.
    #[serde(default)]
    pub asks: bool,
}

/// How far the players connected to one node are from the room, as they report it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct NodeSpread {
    /// The number of connections that report.
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
    /// The participants.
    pub present: Vec<Present>,
    /// The round trip, in milliseconds, that the good majority of the players that report when they are ready
    /// stays within.
    pub rtt_ms: u64,
}

/// Everybody connected to other nodes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Elsewhere {
    /// The presence of each node.
    pub nodes: Vec<(NodeId, NodePresence)>,
    /// The most participants ever seen at once.
    pub peak: u64,
}

/// Carries news between nodes. A store of a single node has nobody to tell, which is what the default
/// of each method says.
#[async_trait]
pub trait Bus: std::fmt::Debug + Send + Sync + 'static {
    /// Subscribes to news from now on. A subscriber that lags holds up commits, so it must not block.
    fn subscribe(&self) -> mpsc::Receiver<News>;

    /// Starts to follow a room. What was committed before is in `load` when this returns.
    async fn follow(&self, _room_id: &RoomId) -> Result<(), StoreError> {
        Ok(())
    }

    /// Stops following a room.
    async fn unfollow(&self, _room_id: &RoomId) {}

    /// Tells the other nodes that follow the room.
    async fn tell(&self, _room_id: &RoomId, _notice: Notice) -> Result<(), StoreError> {
        Ok(())
    }

    /// Loads who is connected to other nodes that are alive.
    async fn load_presence(&self, _room_id: &RoomId) -> Result<Elsewhere, StoreError> {
        Ok(Elsewhere::default())
    }
}
