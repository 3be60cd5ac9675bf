//! The exchange of presence with other nodes: what they send about their connections, and what this
//! node sends about its own.

use std::mem::take;

use super::remote_nodes::RemoteChange;
use super::room_state::LocalParticipant;
use super::spread::Spreads;
use super::{BarrierAction, RoomHub};
use crate::store::{Elsewhere, Member, NodeId, PresenceUpdate};

impl RoomHub {
    /// Returns whether it is known who is connected to other nodes.
    pub fn knows_remote(&self) -> bool {
        self.lock().is_followed
    }

    /// Begins to load who is connected to other nodes. Changes that arrive before the load is
    /// finished aren't lost.
    pub fn begin_remote_load(&self) -> RemoteLoad<'_> {
        self.lock().remote.begin_load();
        RemoteLoad(self)
    }

    /// Forgets who is connected to other nodes, because their changes don't arrive any more.
    pub fn forget_remote(&self) {
        let mut state = self.lock();
        state.remote.clear();
        state.spreads = Spreads::default();
        state.is_followed = false;
        state.remote_changed();
    }

    /// Takes in who connected to another node or disconnected from it. If that node asks for everybody here, they
    /// are marked as unsent.
    pub fn node_updated(&self, node_id: NodeId, update: PresenceUpdate) -> Option<BarrierAction> {
        let mut state = self.lock();
        state.peak = state.peak.max(update.peak);
        if update.asks {
            state.send_whole();
        }
        state.remote.apply(RemoteChange::Update(node_id, update));
        state.remote_changed()
    }

    /// Forgets another node, which is gone, and everybody connected to it.
    pub fn node_gone(&self, node_id: &NodeId) -> Option<BarrierAction> {
        let mut state = self.lock();
        state.remote.apply(RemoteChange::Gone(node_id.clone()));
        state.spreads.forget(node_id);
        state.remote_changed()
    }

    /// Notes that changes at other nodes may have been missed, so that they must be loaded again.
    pub fn mark_remote_stale(&self) {
        self.lock().is_remote_stale = true;
    }

    /// Returns whether other nodes must be loaded again, and clears the mark.
    pub fn take_remote_stale(&self) -> bool {
        take(&mut self.lock().is_remote_stale)
    }

    /// Marks every participant on this node as unsent, and has the other nodes asked for theirs, because the store
    /// lost who is connected or changes were missed.
    pub fn resend_all(&self) {
        let mut state = self.lock();
        state.send_whole();
        state.must_ask = true;
        state.members_lost = true;
        state.is_remote_stale = true;
    }

    /// Begins a time in which the other nodes tell again who is connected to them. Until it ends, what this
    /// node knew of them holds. Returns its number, with which it is ended.
    pub fn begin_settling(&self) -> u64 {
        let mut state = self.lock();
        state.last_settling += 1;
        state.is_settling = true;
        state.last_settling
    }

    /// Ends that time: from now on, what the store knows holds. Returns `false`, and does nothing, if the
    /// store has lost who is connected once more since then.
    pub fn end_settling(&self, number: u64) -> bool {
        let mut state = self.lock();
        let is_last = state.last_settling == number;
        if is_last {
            state.is_settling = false;
            state.is_remote_stale = true;
        }
        is_last
    }

    /// Returns who must be made a member again, once after each loss; `None` if nothing was lost.
    pub fn take_lost_members(&self) -> Option<Vec<Member>> {
        let mut state = self.lock();
        let member = |local: &LocalParticipant| Member {
            participant_id: local.present.participant_id.clone(),
            user_id: local.user_id.clone(),
            display_name: local.present.display_name.clone(),
            base: local.present.base,
        };
        take(&mut state.members_lost).then(|| state.local.values().map(member).collect())
    }

    /// Returns what other nodes must be sent, and counts it as sent. If sending fails, give it back
    /// to `requeue_presence_update`.
    pub fn take_presence_update(&self) -> PresenceUpdate {
        let mut state = self.lock();
        let rtt_ms = state.rtt_ms();
        state.sent_rtt_ms = rtt_ms;
        let (is_whole, asks) = (take(&mut state.must_send_whole), take(&mut state.must_ask));
        let mut update =
            PresenceUpdate { rtt_ms, peak: state.peak, is_whole, asks, ..Default::default() };
        for id in take(&mut state.unsent) {
            match state.local.get_mut(&id) {
                Some(local) => {
                    local.sent = true;
                    update.came.push(local.present.clone());
                }
                None => update.went.push(id),
            }
        }
        update
    }

    /// Marks the participants of an update that may not have been sent as unsent.
    pub fn requeue_presence_update(&self, update: PresenceUpdate) {
        let came = update.came.into_iter().map(|present| present.participant_id);
        let mut state = self.lock();
        state.unsent.extend(came.chain(update.went));
        state.must_send_whole |= update.is_whole;
        state.must_ask |= update.asks;
    }
}

/// A load of who is connected to other nodes. Dropping it aborts the load.
#[derive(Debug)]
pub struct RemoteLoad<'a>(&'a RoomHub);

impl RemoteLoad<'_> {
    /// Takes in what was loaded.
    pub fn finish(self, loaded: Elsewhere) -> Option<BarrierAction> {
        let mut state = self.0.lock();
        state.peak = state.peak.max(loaded.peak);
        let keep_missing = state.is_settling;
        state.remote.finish_load(loaded, keep_missing);
        state.is_followed = true;
        state.remote_changed()
    }
}

impl Drop for RemoteLoad<'_> {
    fn drop(&mut self) {
        self.0.lock().remote.abort_load();
    }
}
