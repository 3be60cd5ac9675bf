//! Who is in a room, each participant once, to whichever nodes they are connected.

use std::borrow::Cow;
use std::collections::HashMap;

use contracts::Participant;
use engine::{Facts, ParticipantId, Role, Room, Timestamp};

use crate::store::{Elsewhere, Present};
use crate::wire;

/// Which participants have a connection now.
#[derive(Debug, Default)]
pub struct Presence<'a> {
    people: Vec<Cow<'a, Present>>,
    rtt_ms_max: u64,
}

impl<'a> Presence<'a> {
    /// Those connected to other nodes.
    pub fn elsewhere(elsewhere: &'a Elsewhere) -> Self {
        let mut presence = Self::default();
        for (_, node) in &elsewhere.nodes {
            presence.add(node.present.iter(), node.rtt_ms_max);
        }
        presence
    }

    /// Adds those connected to one more node.
    pub(super) fn add(&mut self, present: impl Iterator<Item = &'a Present>, rtt_ms_max: u64) {
        self.rtt_ms_max = self.rtt_ms_max.max(rtt_ms_max);
        if self.people.is_empty() {
            self.people.extend(present.map(Cow::Borrowed));
            return;
        }
        let place = |(index, one): (usize, &Cow<'_, Present>)| (one.participant_id.clone(), index);
        let known: HashMap<_, _> = self.people.iter().enumerate().map(place).collect();
        for one in present {
            match known.get(&one.participant_id) {
                Some(index) => join(self.people[*index].to_mut(), one),
                None => self.people.push(Cow::Borrowed(one)),
            }
        }
    }

    /// How many participants.
    pub fn count(&self) -> u64 {
        self.people.len() as u64
    }

    /// Their ids.
    pub fn ids(&self) -> impl Iterator<Item = &ParticipantId> {
        self.people.iter().map(|one| &one.participant_id)
    }

    /// The host first, then the longest connected.
    pub fn participants(&self, room: &Room, skip: usize, take: usize) -> Vec<Participant> {
        let mut all: Vec<_> = self.people.iter().collect();
        let is_host = |id: &ParticipantId| room.host_id.as_ref() == Some(id);
        all.sort_unstable_by_key(|one| {
            (!is_host(&one.participant_id), one.since, &one.participant_id)
        });
        let participant = |one: &Cow<'_, Present>| Participant {
            participant_id: one.participant_id.to_string(),
            display_name: one.display_name.clone(),
            role: wire::participant_role(room.role_of_participant(&one.participant_id, one.base)),
        };
        all.into_iter().skip(skip).take(take).map(participant).collect()
    }

    /// What a decision needs to know of the connections.
    pub fn facts(&self, room: &Room, now: Timestamp) -> Facts {
        let role = |one: &Present| room.role_of_participant(&one.participant_id, one.base);
        Facts {
            now,
            ready_capable: self.longest_first(|one| one.ready_capable),
            rtt_ms_max: self.rtt_ms_max,
            connections: self.people.iter().map(|one| one.connections).sum(),
            co_hosts: self.longest_first(|one| role(one) == Role::CoHost),
        }
    }

    fn longest_first(&self, is_meant: impl Fn(&Present) -> bool) -> Vec<ParticipantId> {
        let mut meant: Vec<_> = self.people.iter().filter(|one| is_meant(one)).collect();
        meant.sort_unstable_by_key(|one| (one.since, &one.participant_id));
        meant.into_iter().map(|one| one.participant_id.clone()).collect()
    }
}

/// The same participant at two nodes.
fn join(here: &mut Present, there: &Present) {
    here.since = here.since.min(there.since);
    here.connections += there.connections;
    here.ready_capable |= there.ready_capable;
}
