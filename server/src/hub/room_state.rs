//! What a room's hub knows. Each change keeps the parts consistent with each other.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use contracts::CloseCode;
use engine::{ParticipantId, Timestamp, WaitLimit};

use super::aside::Delay;
use super::barrier::{Barrier, LastWait};
use super::knocks::Knocks;
use super::remote_nodes::RemoteNodes;
use super::spread::Spreads;
use super::{BarrierAction, Connection, NewConnection, Presence, round_trips};
use crate::store::{NodeId, Present};

/// A participant with connections to this node.
#[derive(Debug)]
pub(super) struct LocalParticipant {
    pub(super) present: Present,
    pub(super) user_id: String,
    /// How many of the connections have a player that announces when it is ready, and aren't set aside.
    pub(super) ready_capable: usize,
    /// Whether a player of the participant was ready for a start in time. Until then the participant is a
    /// newcomer.
    pub(super) was_ready: bool,
    /// Whether the participant may have been sent to other nodes.
    pub(super) sent: bool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) connections: BTreeMap<u64, Arc<Connection>>,
    pub(super) local: HashMap<ParticipantId, LocalParticipant>,
    pub(super) remote: RemoteNodes,
    pub(super) spreads: Spreads,
    /// Who asks to join.
    pub(super) knocks: Knocks,
    /// Whether changes at other nodes arrive, so that `remote` is current.
    pub(super) is_followed: bool,
    /// Whether some of those changes may have been missed.
    pub(super) is_remote_stale: bool,
    /// Whether nodes that the store doesn't know count as they did, after it lost them.
    pub(super) is_settling: bool,
    /// How often that has begun.
    pub(super) last_settling: u64,
    /// How many participants are connected to any node.
    pub(super) count: u64,
    pub(super) peak: u64,
    /// Participants of this node whose change must be sent to other nodes.
    pub(super) unsent: HashSet<ParticipantId>,
    /// Whether the next update names everybody, because other nodes may have missed some.
    pub(super) must_send_whole: bool,
    /// Whether the next update asks other nodes for theirs.
    pub(super) must_ask: bool,
    /// The round-trip time that was last sent to other nodes.
    pub(super) sent_rtt_ms: u64,
    /// Whether the store has lost who has joined the room.
    pub(super) members_lost: bool,
    pub(super) barrier: Option<Barrier>,
    /// The version of the wait whose start was requested and isn't committed yet.
    pub(super) starting: Option<u64>,
    /// The nodes that are ready, and the version of the last barrier for which any node was.
    pub(super) ready_nodes: (u64, HashSet<NodeId>),
    /// The last wait that began.
    pub(super) last_wait: Option<LastWait>,
    /// How long participants have delayed starts lately, those included who left.
    pub(super) delays: HashMap<ParticipantId, Delay>,
    /// Connections that are set aside, and until when.
    pub(super) aside: HashMap<u64, Timestamp>,
    /// Participants who left while set aside, and until when they would have been.
    pub(super) gone_aside: HashMap<ParticipantId, Timestamp>,
    /// The room's waits for re-buffering players, on whichever node they are.
    pub(super) rebuffers: WaitLimit,
    /// The starts for which most weren't ready by the deadline.
    pub(super) slow: WaitLimit,
    /// The starts that newcomers on this node have held up.
    pub(super) newcomers: WaitLimit,
    /// Participants who left and were no newcomers any more.
    pub(super) gone_ready: HashSet<ParticipantId>,
    /// Participants for whom the room waited, and when each last re-buffered.
    pub(super) rebuffered: HashMap<ParticipantId, Timestamp>,
    /// The number of the newest connection.
    pub(super) last_number: u64,
    /// When the last participant arrived.
    pub(super) last_arrival: Timestamp,
    pub(super) empty_since: Timestamp,
    pub(super) is_retired: bool,
}

impl State {
    /// Adds a connection to its participant.
    pub(super) fn add_connection(&mut self, new: &NewConnection, now: Timestamp) {
        let id = &new.participant_id;
        if !self.local.contains_key(id) {
            // No two participants arrive at the same time, so that they have an order.
            self.last_arrival = now.max(self.last_arrival.plus_millis(1));
            self.count += u64::from(!self.remote.has(id));
            self.peak = self.peak.max(self.count);
            let present = Present {
                participant_id: id.clone(),
                display_name: String::new(),
                named_at_ms: 0,
                base: new.base,
                since: self.last_arrival,
                connections: 0,
                ready_capable: false,
            };
            let user_id = new.user_id.clone();
            let was_ready = self.gone_ready.remove(id);
            let local =
                LocalParticipant { present, user_id, ready_capable: 0, was_ready, sent: false };
            self.local.insert(id.clone(), local);
        }
        if let Some(local) = self.local.get_mut(id) {
            local.ready_capable += usize::from(new.ready_capable);
            local.present.connections += 1;
            local.present.ready_capable = local.ready_capable > 0;
        }
        self.unsent.insert(id.clone());
        self.rename(id, &new.display_name, new.named_at_ms);
    }

    /// Gives a participant who is connected here the name that the user was given at a time, unless a later one is
    /// known. Returns whether that is news.
    pub(super) fn rename(&mut self, id: &ParticipantId, name: &str, named_at_ms: u64) -> bool {
        let Some(LocalParticipant { present, .. }) = self.local.get_mut(id) else { return false };
        if (named_at_ms, name) <= present.naming() {
            return false;
        }
        name.clone_into(&mut present.display_name);
        present.named_at_ms = named_at_ms;
        self.unsent.insert(id.clone());
        true
    }

    /// Removes a connection from its participant.
    pub(super) fn remove_connection(&mut self, connection: &Connection) {
        let id = &connection.participant_id;
        let Some(local) = self.local.get_mut(id) else { return };
        let ready_capable = usize::from(connection.ready_capable);
        local.ready_capable = local.ready_capable.saturating_sub(ready_capable);
        local.present.ready_capable = local.ready_capable > 0;
        local.present.connections = local.present.connections.saturating_sub(1);
        self.unsent.insert(id.clone());
        if local.present.connections > 0 {
            return;
        }
        if !local.sent {
            // Other nodes needn't hear that somebody left of whom they never heard.
            self.unsent.remove(id);
        }
        if self.local.remove(id).is_some_and(|local| local.was_ready) {
            self.leave_ready(id);
        }
        self.count -= u64::from(!self.remote.has(id));
    }

    /// Returns what the barrier needs now. Once that is a start, the barrier is over.
    pub(super) fn next_barrier_action(&mut self) -> Option<BarrierAction> {
        let action = self.barrier.as_mut()?.next_action();
        if let Some(BarrierAction::Start(since_version)) = action {
            self.barrier = None;
            self.starting = Some(since_version);
        }
        action
    }

    /// Follows a change of `remote`: recounts, and releases nodes without a player that announces
    /// when it is ready.
    pub(super) fn remote_changed(&mut self) -> Option<BarrierAction> {
        self.recount();
        let barrier = self.barrier.as_mut()?;
        barrier.retain_nodes(|node_id| self.remote.is_ready_capable(node_id));
        self.recount_remote();
        self.next_barrier_action()
    }

    pub(super) fn recount(&mut self) {
        let local_only = self.remote.is_empty();
        self.count = if local_only { self.local.len() as u64 } else { self.presence().count() };
        self.peak = self.peak.max(self.count);
    }

    pub(super) fn presence(&self) -> Presence<'_> {
        let mut presence = Presence::default();
        presence.add(self.local.values().map(|local| &local.present), self.rtt_ms());
        for node in self.remote.iter() {
            presence.add(node.present.values(), node.rtt_ms);
        }
        presence
    }

    /// Returns the connections that starts wait for.
    pub(super) fn awaited(&self) -> impl Iterator<Item = &Arc<Connection>> {
        let capable = self.connections.values().filter(|connection| connection.ready_capable);
        capable.filter(|connection| !self.aside.contains_key(&connection.number))
    }

    /// Returns how many participants on this node starts wait for.
    pub(super) fn awaited_here(&self) -> usize {
        self.local.values().filter(|local| local.ready_capable > 0).count()
    }

    /// Counts again for how many players at other nodes the barrier waits.
    pub(super) fn recount_remote(&mut self) {
        if let Some(barrier) = &mut self.barrier {
            barrier.set_remote(|nodes| self.remote.count_players(|id| nodes.contains(id)));
        }
    }

    /// Notes when half of the participants were ready for the start that waits.
    pub(super) fn note_half(&mut self, now: Timestamp) {
        let is_half_ready = self.barrier.as_ref().is_some_and(Barrier::is_half_ready);
        if is_half_ready && let Some(wait) = &mut self.last_wait {
            wait.half_at.get_or_insert(now);
        }
    }

    /// Returns the round-trip time of the good majority of the players that starts wait for.
    pub(super) fn rtt_ms(&self) -> u64 {
        let trip = |connection: &Arc<Connection>| (connection.rtt_ms.load(Ordering::Relaxed), 1);
        round_trips::of_majority(self.awaited().map(trip).collect())
    }

    /// Marks every participant on this node as unsent.
    pub(super) fn send_whole(&mut self) {
        self.unsent.extend(self.local.keys().cloned());
        self.must_send_whole = true;
    }

    /// Closes every connection and recounts everything, after a panic.
    pub(super) fn repair(&mut self) {
        for local in self.local.values_mut() {
            (local.present.connections, local.ready_capable) = (0, 0);
        }
        for connection in self.connections.values() {
            connection.outbox.close(CloseCode::INTERNAL);
            if let Some(local) = self.local.get_mut(&connection.participant_id) {
                local.present.connections += 1;
                local.ready_capable += usize::from(connection.ready_capable);
            }
        }
        self.unsent.extend(self.local.keys().cloned());
        self.local.retain(|_, local| local.present.connections > 0);
        self.barrier = None;
        self.aside.clear();
        self.recount();
    }
}
