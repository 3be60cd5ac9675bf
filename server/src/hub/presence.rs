//! Who is connected to a room: each participant once, no matter to how many nodes.

use std::borrow::Cow;
use std::collections::HashMap;

use engine::{Facts, ParticipantId, Role, Room, Timestamp};

use super::round_trips;
use crate::store::{Elsewhere, Present};

/// The participants that are connected to a room.
#[derive(Debug, Default)]
pub struct Presence<'a> {
    people: Vec<Cow<'a, Present>>,
    /// The round trip of each node's players, and how many they are.
    trips: Vec<(u64, usize)>,
}

impl<'a> Presence<'a> {
    /// Returns the participants that are connected to other nodes.
    pub fn of_remote(remote: &'a Elsewhere) -> Self {
        let mut presence = Self::default();
        for (_, node) in &remote.nodes {
            presence.add(node.present.iter(), node.rtt_ms);
        }
        presence
    }

    /// Adds the participants that are connected to one more node.
    pub(super) fn add(&mut self, present: impl Iterator<Item = &'a Present>, rtt_ms: u64) {
        let mut players = 0;
        let present = present.inspect(|one| players += usize::from(one.ready_capable));
        self.merge_in(present);
        self.trips.push((rtt_ms, players));
    }

    fn merge_in(&mut self, present: impl Iterator<Item = &'a Present>) {
        if self.people.is_empty() {
            self.people.extend(present.map(Cow::Borrowed));
            return;
        }
        let entry = |(index, one): (usize, &Cow<'_, Present>)| (one.participant_id.clone(), index);
        let known: HashMap<_, _> = self.people.iter().enumerate().map(entry).collect();
        for one in present {
            match known.get(&one.participant_id) {
                Some(index) => merge(self.people[*index].to_mut(), one),
                None => self.people.push(Cow::Borrowed(one)),
            }
        }
    }

    /// Returns the number of participants.
    pub fn count(&self) -> u64 {
        self.people.len() as u64
    }

    /// Finds a participant.
    pub fn find(&self, id: &ParticipantId) -> Option<&Present> {
        self.people.iter().find(|one| one.participant_id == *id).map(AsRef::as_ref)
    }

    /// Iterates over their ids.
    pub fn ids(&self) -> impl Iterator<Item = &ParticipantId> {
        self.people.iter().map(|one| &one.participant_id)
    }

    /// Returns the participants themselves, in no order.
    pub(super) fn into_people(self) -> Vec<Present> {
        self.people.into_iter().map(Cow::into_owned).collect()
    }

    /// Returns what the engine needs to know about the connections to decide a command.
    pub fn facts(&self, room: &Room, now: Timestamp) -> Facts {
        let role = |one: &Present| room.role_of_participant(&one.participant_id, one.base);
        Facts {
            now,
            ready_capable: self.ids_longest_first(|one| one.ready_capable),
            rtt_ms: round_trips::of_majority(self.trips.clone()),
            connections: self.people.iter().map(|one| one.connections).sum(),
            co_hosts: self.ids_longest_first(|one| role(one) == Role::CoHost),
        }
    }

    fn ids_longest_first(&self, filter: impl Fn(&Present) -> bool) -> Vec<ParticipantId> {
        let mut found: Vec<_> = self.people.iter().filter(|one| filter(one)).collect();
        found.sort_unstable_by_key(|one| (one.since, &one.participant_id));
        found.into_iter().map(|one| one.participant_id.clone()).collect()
    }
}

/// Merges what two nodes know of the same participant.
fn merge(one: &mut Present, other: &Present) {
    one.since = one.since.min(other.since);
    if one.naming() < other.naming() {
        one.named_at_ms = other.named_at_ms;
        one.display_name.clone_from(&other.display_name);
    }
    one.connections += other.connections;
    one.ready_capable |= other.ready_capable;
}
