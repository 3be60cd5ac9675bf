//! What other nodes told of a room's connections, and what they are told of those here.

use super::elsewhere::NodeNews;
use super::room_state::Here;
use super::spread::Spreads;
use super::{BarrierStep, RoomHub};
use crate::store::{Elsewhere, Member, NodeId, PresenceUpdate};

impl RoomHub {
    /// Whether it is known who is connected to other nodes.
    pub fn knows_elsewhere(&self) -> bool {
        self.lock().is_followed
    }

    /// Begins to load who is connected to other nodes. News that come until it is finished are
    /// not lost.
    pub fn begin_load(&self) -> Load<'_> {
        self.lock().nodes.begin_load();
        Load(self)
    }

    /// No news come any more.
    pub fn forget_elsewhere(&self) {
        let mut state = self.lock();
        state.nodes.clear();
        state.spreads = Spreads::default();
        state.is_followed = false;
        state.nodes_changed();
    }

    /// Somebody came to or went from another node.
    pub fn node_told(&self, node_id: NodeId, update: PresenceUpdate) -> Option<BarrierStep> {
        let mut state = self.lock();
        state.peak = state.peak.max(update.peak);
        state.nodes.apply(NodeNews::Update(node_id, update));
        state.nodes_changed()
    }

    /// Another node is gone, and everybody with it.
    pub fn node_gone(&self, node_id: &NodeId) -> Option<BarrierStep> {
        let mut state = self.lock();
        state.nodes.apply(NodeNews::Gone(node_id.clone()));
        state.spreads.forget(node_id);
        state.nodes_changed()
    }

    /// News of other nodes may be missing: they are to be loaded again.
    pub fn doubt_elsewhere(&self) {
        self.lock().is_doubted = true;
    }

    /// Whether other nodes are to be loaded again; once.
    pub fn take_doubt(&self) -> bool {
        std::mem::take(&mut self.lock().is_doubted)
    }

    /// The store has lost who is here: everybody is to be told again.
    pub fn tell_everybody(&self) {
        let mut state = self.lock();
        let here = state.here.keys().cloned().collect::<Vec<_>>();
        state.untold.extend(here);
        state.lost = true;
        state.is_doubted = true;
    }

    /// Who must be made a member again, after a loss; once. `None` if nothing was lost.
    pub fn take_lost_members(&self) -> Option<Vec<Member>> {
        let mut state = self.lock();
        let member = |here: &Here| Member {
            participant_id: here.present.participant_id.clone(),
            user_id: here.user_id.clone(),
            display_name: here.present.display_name.clone(),
            base: here.present.base,
        };
        std::mem::take(&mut state.lost).then(|| state.here.values().map(member).collect())
    }

    /// What other nodes are to be told. Give it back to `keep_untold` if that fails.
    pub fn take_update(&self) -> PresenceUpdate {
        let mut state = self.lock();
        let rtt_ms_max = state.rtt_ms_max();
        state.told_rtt_ms = rtt_ms_max;
        let mut update = PresenceUpdate { rtt_ms_max, peak: state.peak, ..Default::default() };
        for id in std::mem::take(&mut state.untold) {
            match state.here.get_mut(&id) {
                Some(here) => {
                    here.told = true;
                    update.came.push(here.present.clone());
                }
                None => update.went.push(id),
            }
        }
        update
    }

    /// An update that may not have been told.
    pub fn keep_untold(&self, update: PresenceUpdate) {
        let came = update.came.into_iter().map(|present| present.participant_id);
        self.lock().untold.extend(came.chain(update.went));
    }
}

/// A load of who is connected to other nodes; dropped, it came to nothing.
#[derive(Debug)]
pub struct Load<'a>(&'a RoomHub);

impl Load<'_> {
    /// Takes what was loaded.
    pub fn finish(self, elsewhere: Elsewhere) -> Option<BarrierStep> {
        let mut state = self.0.lock();
        state.peak = state.peak.max(elsewhere.peak);
        state.nodes.replace(elsewhere);
        state.is_followed = true;
        state.nodes_changed()
    }
}

impl Drop for Load<'_> {
    fn drop(&mut self) {
        self.0.lock().nodes.give_up_load();
    }
}
