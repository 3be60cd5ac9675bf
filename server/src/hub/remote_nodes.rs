//! Who is connected to other nodes, according to those nodes.

use std::collections::{HashMap, HashSet};

use engine::ParticipantId;

use crate::store::{Elsewhere, NodeId, NodePresence, PresenceUpdate, Present};

/// Who is connected to one other node.
#[derive(Debug, Default)]
pub(super) struct RemoteNode {
    pub(super) present: HashMap<ParticipantId, Present>,
    pub(super) rtt_ms: u64,
}

/// A change at another node.
#[derive(Clone, Debug)]
pub(super) enum RemoteChange {
    /// Participants connected to the node or disconnected from it.
    Update(NodeId, PresenceUpdate),
    /// The node is gone.
    Gone(NodeId),
}

/// The other nodes that have connections to a room.
#[derive(Debug, Default)]
pub(super) struct RemoteNodes {
    by_id: HashMap<NodeId, RemoteNode>,
    /// The changes since a load began. They may be newer than what is loaded.
    since_load: Option<Vec<RemoteChange>>,
}

impl RemoteNodes {
    /// Begins a load: from here on, changes are also kept for `finish_load`.
    pub(super) fn begin_load(&mut self) {
        self.since_load = Some(Vec::new());
    }

    /// Ends a load without a result.
    pub(super) fn abort_load(&mut self) {
        self.since_load = None;
    }

    /// Replaces all nodes by what was loaded, and applies the changes since `begin_load` to it. With
    /// `keep_missing`, nodes that aren't in it stay as they were.
    pub(super) fn finish_load(&mut self, loaded: Elsewhere, keep_missing: bool) {
        let node = |(node_id, node): (NodeId, NodePresence)| {
            let by_id = |one: Present| (one.participant_id.clone(), one);
            let present = node.present.into_iter().map(by_id).collect();
            (node_id, RemoteNode { present, rtt_ms: node.rtt_ms })
        };
        if !keep_missing {
            self.by_id.clear();
        }
        self.by_id.extend(loaded.nodes.into_iter().map(node));
        for change in self.since_load.take().unwrap_or_default() {
            self.apply(change);
        }
    }

    /// Applies a change.
    pub(super) fn apply(&mut self, change: RemoteChange) {
        if let Some(since_load) = &mut self.since_load {
            since_load.push(change.clone());
        }
        match change {
            RemoteChange::Gone(node_id) => {
                self.by_id.remove(&node_id);
            }
            RemoteChange::Update(node_id, update) => {
                let node = self.by_id.entry(node_id.clone()).or_default();
                if update.is_whole {
                    node.present.clear();
                }
                for gone in &update.went {
                    node.present.remove(gone);
                }
                let by_id = |one: Present| (one.participant_id.clone(), one);
                node.present.extend(update.came.into_iter().map(by_id));
                node.rtt_ms = update.rtt_ms;
                if node.present.is_empty() {
                    self.by_id.remove(&node_id);
                }
            }
        }
    }

    /// Forgets every node.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns whether no other node has connections.
    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Iterates over the nodes.
    pub(super) fn iter(&self) -> impl Iterator<Item = &RemoteNode> {
        self.by_id.values()
    }

    /// Returns whether a participant is connected to another node.
    pub(super) fn has(&self, participant_id: &ParticipantId) -> bool {
        self.by_id.values().any(|node| node.present.contains_key(participant_id))
    }

    /// Counts the participants at some other nodes whose players announce when they are ready.
    pub(super) fn count_players(&self, is_counted: impl Fn(&NodeId) -> bool) -> usize {
        let counted = self.by_id.iter().filter(|(node_id, _)| is_counted(node_id));
        let players = counted.flat_map(|(_, node)| node.present.values());
        players.filter(|one| one.ready_capable).count()
    }

    /// Returns whether a node has a player that announces when it is ready.
    pub(super) fn is_ready_capable(&self, node_id: &NodeId) -> bool {
        let node = self.by_id.get(node_id);
        node.is_some_and(|node| node.present.values().any(|one| one.ready_capable))
    }

    /// Returns the nodes that have a player that announces when it is ready.
    pub(super) fn ready_capable(&self) -> HashSet<NodeId> {
        self.by_id.keys().filter(|node_id| self.is_ready_capable(node_id)).cloned().collect()
    }
}
