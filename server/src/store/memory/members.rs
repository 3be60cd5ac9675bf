//! The members of one room, in the order in which they joined.

use std::collections::{BTreeMap, HashMap};

use engine::ParticipantId;

use crate::store::Member;

/// The members of a room.
#[derive(Debug, Default)]
pub(super) struct Members {
    by_id: HashMap<ParticipantId, (u64, Member)>,
    /// Invariant: the same entries as `by_id`, by their sequence numbers.
    by_seq: BTreeMap<u64, ParticipantId>,
    next_seq: u64,
}

impl Members {
    /// Adds a member as the newest. Beyond `max`, the oldest members that `is_present` denies make way.
    /// Returns all who were added or removed, or `None` if nobody can make way.
    pub(super) fn add(
        &mut self,
        member: Member,
        max: usize,
        is_present: &(dyn for<'a> Fn(&'a ParticipantId) -> bool + Send + Sync),
    ) -> Option<Vec<ParticipantId>> {
        let id = member.participant_id.clone();
        let mut changed = Vec::new();
        if !self.by_id.contains_key(&id) {
            let surplus = (self.by_id.len() + 1).saturating_sub(max);
            let oldest = self.by_seq.values().filter(|id| !is_present(id));
            changed.extend(oldest.take(surplus).cloned());
            if changed.len() < surplus {
                return None;
            }
        }
        for gone in &changed {
            self.remove(gone);
        }
        self.insert(self.next_seq, member);
        changed.push(id);
        Some(changed)
    }

    /// Inserts a member under the sequence number that the journal holds.
    pub(super) fn insert(&mut self, seq: u64, member: Member) {
        let id = member.participant_id.clone();
        self.remove(&id);
        self.by_seq.insert(seq, id.clone());
        self.by_id.insert(id, (seq, member));
        self.next_seq = self.next_seq.max(seq + 1);
    }

    /// Iterates over the members with their sequence numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(u64, Member)> {
        self.by_id.values()
    }

    /// Returns a member with the sequence number.
    pub(super) fn find(&self, id: &ParticipantId) -> Option<&(u64, Member)> {
        self.by_id.get(id)
    }

    /// Removes a member. Returns whether there was one.
    pub(super) fn remove(&mut self, id: &ParticipantId) -> bool {
        let removed = self.by_id.remove(id);
        if let Some((seq, _)) = &removed {
            self.by_seq.remove(seq);
        }
        removed.is_some()
    }
}
