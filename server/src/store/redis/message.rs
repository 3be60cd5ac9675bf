//! What nodes tell each other about a room.

use engine::{Commit, RoomId};
use serde::{Deserialize, Serialize};

use super::read::json;
use super::{Node, keys};
use crate::store::{NodeId, NodeSpread, PresenceUpdate, StoreError};

/// One message on a room's channel.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Message {
    /// The room was changed. Written by the scripts that change it.
    Commit(Box<Commit>),
    /// Who came to and went from a node.
    Presence(Told<PresenceUpdate>),
    /// Nobody connected to a node holds up the barrier of this version.
    Ready(Told<u64>),
    /// How far a node's players are from the room.
    Spread(Told<NodeSpread>),
    /// A session goes on at a node.
    Session(Told<String>),
}

/// What a node tells of itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Told<T> {
    /// Which node.
    pub(super) node: NodeId,
    /// What.
    pub(super) what: T,
}

impl Node {
    /// Wraps what this node tells of itself.
    pub(super) fn told<T>(&self, what: T) -> Told<T> {
        Told { node: self.node_id.clone(), what }
    }

    pub(super) async fn tell_ready(
        &self,
        room_id: &RoomId,
        since_version: u64,
    ) -> Result<(), StoreError> {
        self.send("tell ready", room_id, &Message::Ready(self.told(since_version))).await
    }

    pub(super) async fn tell_spread(
        &self,
        room_id: &RoomId,
        spread: NodeSpread,
    ) -> Result<(), StoreError> {
        self.send("tell spread", room_id, &Message::Spread(self.told(spread))).await
    }

    pub(super) async fn tell_session(
        &self,
        room_id: &RoomId,
        session_id: &str,
    ) -> Result<(), StoreError> {
        let message = Message::Session(self.told(session_id.to_owned()));
        self.send("tell session", room_id, &message).await
    }

    async fn send(
        &self,
        operation: &'static str,
        room_id: &RoomId,
        message: &Message,
    ) -> Result<(), StoreError> {
        let args = vec![keys::channel(room_id).into(), json(message)];
        self.link.call("PUBLISH", args).await.map(drop).map_err(self.failed(operation))
    }
}
