//! Who holds up a start that waits: connections here, other nodes as a whole.

use std::collections::HashSet;

use crate::store::NodeId;

/// What is to be done because nobody here holds up a barrier any more. Names the commit that
/// entered the wait.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BarrierStep {
    /// Other nodes wait for this one: tell them.
    Tell(u64),
    /// Nobody waits for anybody: commit the start.
    Start(u64),
}

/// A start that waits.
#[derive(Debug)]
pub(super) struct Barrier {
    pub(super) since_version: u64,
    /// Connections here whose player hasn't announced.
    missing: HashSet<u64>,
    /// Other nodes with such players.
    nodes: HashSet<NodeId>,
    /// Whether there is anybody to tell, and nobody has been told yet.
    to_tell: bool,
}

impl Barrier {
    /// A wait for connections here and for other nodes. `to_tell` is whether there are any
    /// to tell.
    pub(super) fn new(
        since_version: u64,
        missing: HashSet<u64>,
        nodes: HashSet<NodeId>,
        to_tell: bool,
    ) -> Self {
        Self { since_version, missing, nodes, to_tell }
    }

    /// A connection's player is ready, or it is gone.
    pub(super) fn release(&mut self, number: u64) {
        self.missing.remove(&number);
    }

    /// Nobody connected to a node holds it up.
    pub(super) fn release_node(&mut self, node_id: &NodeId) {
        self.nodes.remove(node_id);
    }

    /// Of the other nodes, only those that are so hold it up.
    pub(super) fn retain_nodes(&mut self, is_so: impl Fn(&NodeId) -> bool) {
        self.nodes.retain(is_so);
    }

    /// What is to be done now; each once.
    pub(super) fn step(&mut self) -> Option<BarrierStep> {
        if !self.missing.is_empty() {
            return None;
        }
        if self.nodes.is_empty() {
            return Some(BarrierStep::Start(self.since_version));
        }
        std::mem::take(&mut self.to_tell).then_some(BarrierStep::Tell(self.since_version))
    }
}
