//! What a room's hub knows, and how each change of it keeps the rest in step.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use contracts::CloseCode;
use engine::{ParticipantId, Timestamp};

use super::barrier::Barrier;
use super::elsewhere::Nodes;
use super::spread::Spreads;
use super::{BarrierStep, Connection, NewConnection, Presence};
use crate::store::{NodeId, Present};

/// A participant with connections to this node.
#[derive(Debug)]
pub(super) struct Here {
    pub(super) present: Present,
    pub(super) user_id: String,
    /// How many of the connections announce when they are ready.
    pub(super) ready: usize,
    /// Whether other nodes may know of it.
    pub(super) told: bool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) connections: BTreeMap<u64, Arc<Connection>>,
    pub(super) here: HashMap<ParticipantId, Here>,
    pub(super) nodes: Nodes,
    pub(super) spreads: Spreads,
    /// Whether news of the room come, so that `nodes` is right.
    pub(super) is_followed: bool,
    /// Whether some of those news may be missing.
    pub(super) is_doubted: bool,
    /// How many participants are connected, to any node.
    pub(super) count: u64,
    pub(super) peak: u64,
    /// Participants of this node about whom other nodes are to be told.
    pub(super) untold: HashSet<ParticipantId>,
    /// The round trip that other nodes were told.
    pub(super) told_rtt_ms: u64,
    /// Whether the store has lost who is here and who has joined.
    pub(super) lost: bool,
    pub(super) barrier: Option<Barrier>,
    /// The wait whose start was asked for and isn't committed yet.
    pub(super) starting: Option<u64>,
    /// Nodes that told they are ready, for the last barrier that any of them named.
    pub(super) ready: (u64, HashSet<NodeId>),
    pub(super) rebuffered: Option<Timestamp>,
    pub(super) numbers: u64,
    pub(super) since: Timestamp,
    pub(super) empty_since: Timestamp,
    pub(super) is_retired: bool,
}

impl State {
    /// One more connection of a participant; whether it is the first here.
    pub(super) fn arrive(&mut self, new: &NewConnection, now: Timestamp) -> bool {
        let id = &new.participant_id;
        let is_first = !self.here.contains_key(id);
        if is_first {
            // No two came at the same time, so that there is one order.
            self.since = now.max(self.since.plus_millis(1));
            self.count += u64::from(!self.nodes.has(id));
            self.peak = self.peak.max(self.count);
            let present = Present {
                participant_id: id.clone(),
                display_name: String::new(),
                base: new.base,
                since: self.since,
                connections: 0,
                ready_capable: false,
            };
            let user_id = new.user_id.clone();
            self.here.insert(id.clone(), Here { present, user_id, ready: 0, told: false });
        }
        if let Some(here) = self.here.get_mut(id) {
            here.ready += usize::from(new.ready_capable);
            here.present.connections += 1;
            here.present.display_name.clone_from(&new.display_name);
            here.present.ready_capable = here.ready > 0;
        }
        self.untold.insert(id.clone());
        is_first
    }

    /// One connection less of a participant.
    pub(super) fn depart(&mut self, connection: &Connection) {
        let id = &connection.participant_id;
        let Some(here) = self.here.get_mut(id) else { return };
        here.ready = here.ready.saturating_sub(usize::from(connection.ready_capable));
        here.present.ready_capable = here.ready > 0;
        here.present.connections = here.present.connections.saturating_sub(1);
        self.untold.insert(id.clone());
        if here.present.connections > 0 {
            return;
        }
        if !here.told {
            // Nobody needs to know of somebody who was here for a moment.
            self.untold.remove(id);
        }
        self.here.remove(id);
        self.count -= u64::from(!self.nodes.has(id));
    }

    /// What a barrier asks for now. Once its start is asked for it is over.
    pub(super) fn step(&mut self) -> Option<BarrierStep> {
        let step = self.barrier.as_mut()?.step();
        if let Some(BarrierStep::Start(since_version)) = step {
            self.barrier = None;
            self.starting = Some(since_version);
        }
        step
    }

    /// Counts anew, and releases nodes that nobody with a player that announces is connected to.
    pub(super) fn nodes_changed(&mut self) -> Option<BarrierStep> {
        self.recount();
        let barrier = self.barrier.as_mut()?;
        barrier.retain_nodes(|node_id| self.nodes.is_ready_capable(node_id));
        self.step()
    }

    pub(super) fn recount(&mut self) {
        self.count =
            if self.nodes.is_empty() { self.here.len() as u64 } else { self.presence().count() };
        self.peak = self.peak.max(self.count);
    }

    pub(super) fn presence(&self) -> Presence<'_> {
        let mut presence = Presence::default();
        presence.add(self.here.values().map(|here| &here.present), self.rtt_ms_max());
        for node in self.nodes.iter() {
            presence.add(node.present.values(), node.rtt_ms_max);
        }
        presence
    }

    pub(super) fn rtt_ms_max(&self) -> u64 {
        let capable = self.connections.values().filter(|connection| connection.ready_capable);
        capable.map(|connection| connection.rtt_ms.load(Ordering::Relaxed)).max().unwrap_or(0)
    }

    pub(super) fn mend(&mut self) {
        for here in self.here.values_mut() {
            (here.present.connections, here.ready) = (0, 0);
        }
        for connection in self.connections.values() {
            connection.outbox.close(CloseCode::INTERNAL);
            if let Some(here) = self.here.get_mut(&connection.participant_id) {
                here.present.connections += 1;
                here.ready += usize::from(connection.ready_capable);
            }
        }
        self.untold.extend(self.here.keys().cloned());
        self.here.retain(|_, here| here.present.connections > 0);
        self.barrier = None;
        self.recount();
    }
}
