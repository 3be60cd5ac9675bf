//! Who is connected to other nodes, as they told.

use std::collections::{HashMap, HashSet};

use engine::ParticipantId;

use crate::store::{Elsewhere, NodeId, PresenceUpdate, Present};

/// One other node.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) present: HashMap<ParticipantId, Present>,
    pub(super) rtt_ms_max: u64,
}

/// A piece of news about another node.
#[derive(Clone, Debug)]
pub(super) enum NodeNews {
    /// Somebody came or went.
    Update(NodeId, PresenceUpdate),
    /// It is gone.
    Gone(NodeId),
}

/// The other nodes of a room.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    by_id: HashMap<NodeId, Node>,
    /// News while everything is being loaded: they may be newer than what is loaded.
    meanwhile: Option<Vec<NodeNews>>,
}

impl Nodes {
    /// From here on news are kept for `replace`.
    pub(super) fn begin_load(&mut self) {
        self.meanwhile = Some(Vec::new());
    }

    /// The load came to nothing, or is over.
    pub(super) fn give_up_load(&mut self) {
        self.meanwhile = None;
    }

    /// Everybody, as loaded since `begin_load`.
    pub(super) fn replace(&mut self, elsewhere: Elsewhere) {
        let node = |(node_id, node): (NodeId, crate::store::NodePresence)| {
            let by_id = |one: Present| (one.participant_id.clone(), one);
            let present = node.present.into_iter().map(by_id).collect();
            (node_id, Node { present, rtt_ms_max: node.rtt_ms_max })
        };
        self.by_id = elsewhere.nodes.into_iter().map(node).collect();
        for news in self.meanwhile.take().unwrap_or_default() {
            self.apply(news);
        }
    }

    /// Takes news in.
    pub(super) fn apply(&mut self, news: NodeNews) {
        if let Some(meanwhile) = &mut self.meanwhile {
            meanwhile.push(news.clone());
        }
        match news {
            NodeNews::Gone(node_id) => {
                self.by_id.remove(&node_id);
            }
            NodeNews::Update(node_id, update) => {
                let node = self.by_id.entry(node_id.clone()).or_default();
                for gone in &update.went {
                    node.present.remove(gone);
                }
                let by_id = |one: Present| (one.participant_id.clone(), one);
                node.present.extend(update.came.into_iter().map(by_id));
                node.rtt_ms_max = update.rtt_ms_max;
                if node.present.is_empty() {
                    self.by_id.remove(&node_id);
                }
            }
        }
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether anybody is connected elsewhere.
    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Each of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Node> {
        self.by_id.values()
    }

    /// Whether a participant is connected elsewhere.
    pub(super) fn has(&self, participant_id: &ParticipantId) -> bool {
        self.by_id.values().any(|node| node.present.contains_key(participant_id))
    }

    /// Whether a player at a node announces when it is ready.
    pub(super) fn is_ready_capable(&self, node_id: &NodeId) -> bool {
        let node = self.by_id.get(node_id);
        node.is_some_and(|node| node.present.values().any(|one| one.ready_capable))
    }

    /// Nodes with a player that announces when it is ready.
    pub(super) fn ready_capable(&self) -> HashSet<NodeId> {
        self.by_id.keys().filter(|node_id| self.is_ready_capable(node_id)).cloned().collect()
    }
}
