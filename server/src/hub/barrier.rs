//! Who holds up a start that waits: connections on this node, and each other node as a whole.

use std::collections::{HashMap, HashSet};

use engine::{ParticipantId, Timestamp};

use super::room_state::State;
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
    /// Participants on this node, each with the connections whose player isn't ready yet.
    players: HashMap<ParticipantId, HashSet<u64>>,
    /// Other nodes with such connections.
    nodes: HashSet<NodeId>,
    /// How many players at those nodes aren't ready yet.
    remote: usize,
    /// How many participants it waited for at first, on all nodes.
    awaited: usize,
    /// How many of those on this node had been ready for an earlier start.
    known: usize,
    /// Whether other nodes are still to be notified.
    notify: bool,
}

/// The last wait that began.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastWait {
    pub(super) since_version: u64,
    pub(super) deadline: Timestamp,
    /// When half of the participants that it waited for were ready. How long others take longer is the delay for
    /// which they account: if most of them take long, the film is slow, not they.
    pub(super) half_at: Option<Timestamp>,
}

impl Barrier {
    /// Stops waiting for a connection, because its player is ready or it is gone. Returns whether its
    /// participant was waited for until then, and isn't any more.
    pub(super) fn release(&mut self, connection: &Connection) -> bool {
        let id = &connection.participant_id;
        let Some(unready) = self.players.get_mut(id) else { return false };
        unready.remove(&connection.number);
        let is_ready = unready.is_empty();
        if is_ready {
            self.players.remove(id);
        }
        is_ready
    }

    /// Returns whether it waits for a participant.
    pub(super) fn awaits(&self, id: &ParticipantId) -> bool {
        self.players.contains_key(id)
    }

    /// Sets how many players at other nodes aren't ready yet.
    pub(super) fn set_remote(&mut self, players: impl FnOnce(&HashSet<NodeId>) -> usize) {
        self.remote = players(&self.nodes);
    }

    /// Returns whether half of the participants are ready.
    pub(super) fn is_half_ready(&self) -> bool {
        2 * (self.players.len() + self.remote) <= self.awaited
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
        if !self.players.is_empty() {
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
        state.last_wait = Some(LastWait { since_version, deadline, half_at: None });
        let mut players = HashMap::<_, HashSet<u64>>::new();
        for connection in state.awaited() {
            players.entry(connection.participant_id.clone()).or_default().insert(connection.number);
        }
        let awaited = players.len() + state.remote.count_players(|_| true);
        let known = players.keys().filter(|id| !state.is_newcomer(id)).count();
        let mut nodes = state.remote.ready_capable();
        if state.ready_nodes.0 == since_version {
            nodes.retain(|node_id| !state.ready_nodes.1.contains(node_id));
        }
        let notify = !state.remote.is_empty();
        state.barrier =
            Some(Barrier { since_version, players, nodes, remote: 0, awaited, known, notify });
        state.recount_remote();
        state.note_half(now);
        state.next_barrier_action()
    }

    /// Ends the wait, because a commit ended it. With `missed`, that was at the deadline, and participants
    /// who weren't ready by then are set aside, unless the film is slow rather than they. Returns whether the
    /// other nodes have to be told who was.
    pub fn end_wait(&self, missed: Option<Timestamp>) -> bool {
        let mut state = self.lock();
        state.starting = None;
        let waited = state.barrier.take();
        let (Some(now), Some(barrier)) = (missed, waited) else { return false };
        if barrier.players.is_empty() {
            return false;
        }
        // If it goes on, waiting doesn't help, and most of them may only pretend.
        if state.slow.may_wait(now) && state.is_slow(&barrier) {
            state.slow.count_wait(now);
            return false;
        }
        state.set_late_aside(&barrier.players.into_keys().collect(), now);
        true
    }

    /// Records that a connection's player is ready.
    pub fn ready(&self, connection: &Connection, since_version: u64) -> Option<BarrierAction> {
        let mut state = self.lock();
        let barrier = state.barrier.as_mut();
        barrier.filter(|b| b.since_version == since_version)?.release(connection);
        state.next_barrier_action()
    }

    /// Records that every player connected to another node is ready.
    pub fn node_ready(
        &self,
        node_id: NodeId,
        since_version: u64,
        now: Timestamp,
    ) -> Option<BarrierAction> {
        let mut state = self.lock();
        if state.ready_nodes.0 != since_version {
            state.ready_nodes = (since_version, HashSet::new());
        }
        let barrier = state.barrier.as_mut().filter(|b| b.since_version == since_version);
        if let Some(barrier) = barrier {
            barrier.release_node(&node_id);
            state.recount_remote();
            state.note_half(now);
        }
        // The node's message may arrive before the commit that begins the wait.
        state.ready_nodes.1.insert(node_id);
        state.next_barrier_action()
    }
}

impl State {
    /// Returns whether the film is slow, because most weren't ready at the deadline. Those who had been ready before
    /// decide, if there are any: anybody can create any number of newcomers, who could be most.
    fn is_slow(&self, barrier: &Barrier) -> bool {
        if barrier.known > 0 {
            let late = barrier.players.keys().filter(|id| !self.is_newcomer(id)).count();
            return 2 * late > barrier.known;
        }
        let of_nodes =
            |is_late: bool| self.remote.count_players(|id| barrier.nodes.contains(id) == is_late);
        // However many connections a participant has, it is one.
        let late = barrier.players.len() + of_nodes(true);
        let in_time = self.awaited_here().saturating_sub(barrier.players.len()) + of_nodes(false);
        late > in_time
    }
}
