//! Who is connected to a room: each participant once, no matter to how many nodes.

use std::borrow::Cow;
use std::collections::HashMap;

use contracts::Participant;
use engine::{Facts, ParticipantId, Role, Room, Timestamp};
use serde::{Deserialize, Serialize};

use crate::store::{Elsewhere, Present};
use crate::wire;

/// Where a page of participants ends. The page after it is right whatever has changed since: nobody
/// who stayed is listed twice or left out.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "CursorFields", into = "CursorFields")]
pub struct ParticipantCursor {
    /// The host whom the first page listed first, and who is therefore in no later page.
    host_id: Option<ParticipantId>,
    /// The last participant listed besides the host: since when connected, and the id.
    last: Option<(Timestamp, ParticipantId)>,
}

/// A cursor's fields in their order, none of which may be missing in a token.
type CursorFields = (Option<ParticipantId>, Option<(Timestamp, ParticipantId)>);

impl From<CursorFields> for ParticipantCursor {
    fn from((host_id, last): CursorFields) -> Self {
        Self { host_id, last }
    }
}

impl From<ParticipantCursor> for CursorFields {
    fn from(cursor: ParticipantCursor) -> Self {
        (cursor.host_id, cursor.last)
    }
}

/// A page of participants.
#[derive(Clone, Debug)]
pub struct ParticipantPage {
    /// The participants.
    pub items: Vec<Participant>,
    /// How many participants are connected, on all pages.
    pub total: u64,
    /// Where the next page begins, if there is one.
    pub next: Option<ParticipantCursor>,
}

/// The participants that are connected to a room.
#[derive(Debug, Default)]
pub struct Presence<'a> {
    people: Vec<Cow<'a, Present>>,
    rtt_ms_max: u64,
}

impl<'a> Presence<'a> {
    /// Returns the participants that are connected to other nodes.
    pub fn of_remote(remote: &'a Elsewhere) -> Self {
        let mut presence = Self::default();
        for (_, node) in &remote.nodes {
            presence.add(node.present.iter(), node.rtt_ms_max);
        }
        presence
    }

    /// Adds the participants that are connected to one more node.
    pub(super) fn add(&mut self, present: impl Iterator<Item = &'a Present>, rtt_ms_max: u64) {
        self.rtt_ms_max = self.rtt_ms_max.max(rtt_ms_max);
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

    /// Iterates over their ids.
    pub fn ids(&self) -> impl Iterator<Item = &ParticipantId> {
        self.people.iter().map(|one| &one.participant_id)
    }

    /// Lists up to `take` participants behind a cursor: the host first, then the longest connected.
    pub fn list(
        &self,
        room: &Room,
        after: Option<&ParticipantCursor>,
        take: usize,
    ) -> ParticipantPage {
        let is_present = |id: &&ParticipantId| self.ids().any(|present| present == *id);
        let host_id = match after {
            Some(after) => after.host_id.as_ref(),
            None => room.host_id.as_ref().filter(is_present),
        };
        let last = after.and_then(|after| after.last.as_ref());
        let is_host = |one: &Present| Some(&one.participant_id) == host_id;
        let mut listed: Vec<&Present> = self
            .people
            .iter()
            .map(Cow::as_ref)
            .filter(|one| after.is_none() || !is_host(one))
            .filter(|one| {
                last.is_none_or(|(since, id)| (one.since, &one.participant_id) > (*since, id))
            })
            .collect();
        listed.sort_unstable_by_key(|one| (!is_host(one), one.since, &one.participant_id));
        let has_more = listed.len() > take;
        listed.truncate(take);
        let last = listed
            .last()
            .filter(|one| !is_host(one))
            .map(|one| (one.since, one.participant_id.clone()));
        let next = ParticipantCursor { host_id: host_id.cloned(), last };
        let participant = |one: &Present| Participant {
            participant_id: one.participant_id.to_string(),
            display_name: one.display_name.clone(),
            role: wire::role(room.role_of_participant(&one.participant_id, one.base)),
        };
        ParticipantPage {
            items: listed.into_iter().map(participant).collect(),
            total: self.count(),
            next: has_more.then_some(next),
        }
    }

    /// Returns what the engine needs to know about the connections to decide a command.
    pub fn facts(&self, room: &Room, now: Timestamp) -> Facts {
        let role = |one: &Present| room.role_of_participant(&one.participant_id, one.base);
        Facts {
            now,
            ready_capable: self.ids_longest_first(|one| one.ready_capable),
            rtt_ms_max: self.rtt_ms_max,
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
    one.connections += other.connections;
    one.ready_capable |= other.ready_capable;
}
