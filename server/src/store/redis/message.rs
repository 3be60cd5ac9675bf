//! The messages on a room's channel.

use engine::Commit;
use serde::{Deserialize, Serialize};

use crate::store::{NodeId, Notice};

/// A message on a room's channel.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Message {
    /// The room was changed. Published by the scripts that change it.
    Commit(Box<Commit>),
    /// Redis has lost who is connected to the room, or who has joined it: each node tells it again.
    PresenceLost,
    /// A node tells something about its own connections.
    Notice {
        /// The node.
        node: NodeId,
        /// What it tells.
        notice: Notice,
    },
}
