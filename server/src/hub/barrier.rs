//! Who holds up a start that waits: connections on this node, and each other node as a whole.

use std::collections::HashSet;

use engine::Timestamp;

use super::{Connection, RoomHub};
use crate::store::NodeId;

/// What to do once no connection on this node holds up a barrier. Each names the version of the
/// commit that began the wait.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BarrierAction {
    /// Notify other nodes, which wait for this one.
    NotifyNodes(u64),
    /// Commit the start: nobody waits any more.
    Start(u64),
}

/// A start that waits.
#[derive(Debug)]
pub(super) struct Barrier {
    pub(super) since_version: u64,
    /// Connections on this node whose player isn't ready yet.
    connections: HashSet<u64>,
    /// Other nodes with such connections.
    nodes: HashSet<NodeId>,
    /// Whether other nodes are still to be notified.
    notify: bool,
}

impl Barrier {
    /// Returns a barrier that waits for these connections and nodes. `notify` says whether there
    /// are other nodes to notify.
    pub(super) fn new(
        since_version: u64,
        connections: HashSet<u64>,
        nodes: HashSet<NodeId>,
        notify: bool,
    ) -> Self {
        Self { since_version, connections, nodes, notify }
    }

    /// Stops waiting for a connection, because its player is ready or it is gone.
    pub(super) fn release(&mut self, number: u64) {
        self.connections.remove(&number);
    }

    /// Stops waiting for a node.
    pub(super) fn release_node(&mut self, node_id: &NodeId) {
        self.nodes.remove(node_id);
    }

    /// Stops waiting for nodes for which `keep` is false.
    pub(super) fn retain_nodes(&mut self, keep: impl Fn(&NodeId) -> bool) {
        self.nodes.retain(keep);
    }

    /// Returns what to do now. `NotifyNodes` comes only once.
    pub(super) fn next_action(&mut self) -> Option<BarrierAction> {
        if !self.connections.is_empty() {
            return None;
        }
        if self.nodes.is_empty() {
            return Some(BarrierAction::Start(self.since_version));
        }
        std::mem::take(&mut self.notify).then_some(BarrierAction::NotifyNodes(self.since_version))
    }
}

impl RoomHub {
    /// Begins a wait that a commit began, until its deadline: for every connection whose player announces
    /// when it is ready, and that isn't set aside.
    pub fn begin_wait(
        &self,
        since_version: u64,
        deadline: Timestamp,
        now: Timestamp,
    ) -> Option<BarrierAction> {
        let mut state = self.lock();
        if state.barrier.as_ref().is_some_and(|barrier| barrier.since_version == since_version) {
            return None;
        }
        if state.starting == Some(since_version) {
            // Another commit came before the start.
            return Some(BarrierAction::Start(since_version));
        }
        state.take_back_all(now);
        state.last_wait = Some((since_version, deadline));
        let connections = state.awaited().map(|connection| connection.number).collect();
        let mut nodes = state.remote.ready_capable();
        if state.ready_nodes.0 == since_version {
            nodes.retain(|node_id| !state.ready_nodes.1.contains(node_id));
        }
        let notify = !state.remote.is_empty();
        state.barrier = Some(Barrier::new(since_version, connections, nodes, notify));
        state.next_barrier_action()
    }

    /// Ends the wait, because a commit ended it. With `missed`, that was at the deadline, and connections
    /// that weren't ready by then are set aside, unless most players weren't: then the film is slow, not
    /// they. Returns whether other nodes must be sent that.
    pub fn end_wait(&self, missed: Option<Timestamp>) -> bool {
        let mut state = self.lock();
        state.starting = None;
        let waited = state.barrier.take();
        let (Some(now), Some(Barrier { connections, nodes, .. })) = (missed, waited) else {
            return false;
        };
        let of_nodes =
            |is_late: bool| state.remote.count_players(|id| nodes.contains(id) == is_late);
        let late = connections.len() + of_nodes(true);
        let in_time = state.awaited().count().saturating_sub(connections.len()) + of_nodes(false);
        if connections.is_empty() || late > in_time {
            return false;
        }
        state.set_late_aside(&connections, now);
        true
    }

    /// Records that a connection's player is ready.
    pub fn ready(&self, connection: &Connection, since_version: u64) -> Option<BarrierAction> {
        let mut state = self.lock();
        let barrier = state.barrier.as_mut();
        barrier.filter(|b| b.since_version == since_version)?.release(connection.number);
        state.next_barrier_action()
    }

    /// Records that every player connected to another node is ready.
    pub fn node_ready(&self, node_id: NodeId, since_version: u64) -> Option<BarrierAction> {
        let mut state = self.lock();
        if state.ready_nodes.0 != since_version {
            state.ready_nodes = (since_version, HashSet::new());
        }
        let barrier = state.barrier.as_mut().filter(|b| b.since_version == since_version);
        if let Some(barrier) = barrier {
            barrier.release_node(&node_id);
        }
        // The node's message may arrive before the commit that begins the wait.
        state.ready_nodes.1.insert(node_id);
        state.next_barrier_action()
    }
}
