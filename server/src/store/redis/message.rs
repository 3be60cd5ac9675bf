//! The messages that nodes send each other about a room.

use std::sync::Arc;

use engine::{Commit, RoomId};
use serde::{Deserialize, Serialize};

use super::read::json;
use super::{Node, keys};
use crate::store::{NodeId, Notice, StoreError};

/// A message on a room's channel.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Message {
    /// The room was changed. Written by the scripts that change it.
    Commit(Box<Commit>),
    /// A node tells something about its own connections.
    Notice {
        /// The node.
        node: NodeId,
        /// What it tells.
        notice: Notice,
    },
}

impl Node {
    /// Tells the other nodes that follow the room. Presence is kept as well.
    pub(super) async fn tell_others(
        self: &Arc<Self>,
        room_id: &RoomId,
        notice: Notice,
    ) -> Result<(), StoreError> {
        let message = Message::Notice { node: self.node_id.clone(), notice: notice.clone() };
        let message = json(&message);
        if let Notice::Presence(update) = notice {
            return self.keep_presence(room_id, &update, message).await;
        }
        let args = vec![keys::channel(room_id).into(), message];
        self.link.call("PUBLISH", args).await.map(drop).map_err(self.failed("tell"))
    }
}
