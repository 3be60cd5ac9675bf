//! The roster of a room: who is connected, in the order in which they are listed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use contracts::Participant;
use engine::{ParticipantId, Room, Timestamp};
use serde::{Deserialize, Serialize};

use super::Presence;
use crate::store::Present;
use crate::{name, wire};

/// The largest roster that is made anew for each request.
const FRESH_MAX: usize = 256;
/// How long a larger one is kept, because making it takes a while.
const KEPT_FOR: Duration = Duration::from_secs(1);

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

/// Who was connected to a room at one moment, the longest connected first.
#[derive(Debug, Default)]
pub struct Roster(Vec<Present>);

impl Roster {
    /// Puts the participants in order.
    pub fn of(presence: Presence<'_>) -> Self {
        let mut people = presence.into_people();
        people.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
        Self(people)
    }

    /// Returns the number of participants.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Finds a participant.
    pub fn find(&self, id: &ParticipantId) -> Option<&Present> {
        self.0.iter().find(|one| one.participant_id == *id)
    }

    /// Whether making it takes a while, so that it is to be kept.
    pub fn is_large(&self) -> bool {
        self.0.len() > FRESH_MAX
    }

    /// Lists up to `take` participants behind a cursor: the host first, then the longest connected.
    pub fn page(
        &self,
        room: &Room,
        after: Option<&ParticipantCursor>,
        take: usize,
    ) -> ParticipantPage {
        let (host, host_id) = match after {
            Some(after) => (None, after.host_id.as_ref()),
            None => {
                let host = room.host_id.as_ref().and_then(|id| self.find(id));
                (host, host.map(|host| &host.participant_id))
            }
        };
        let is_host = |one: &Present| Some(&one.participant_id) == host_id;
        let from = after
            .and_then(|after| after.last.as_ref())
            .map_or(0, |(since, id)| self.0.partition_point(|one| key(one) <= (*since, id)));
        let others = self.0[from..].iter().filter(|one| !is_host(one));
        let mut listed: Vec<&Present> = host.into_iter().chain(others).take(take + 1).collect();
        let has_more = listed.len() > take;
        listed.truncate(take);
        let last = listed.last().filter(|one| !is_host(one));
        let last = last.map(|one| (one.since, one.participant_id.clone()));
        let next = ParticipantCursor { host_id: host_id.cloned(), last };
        let participant = |one: &Present| Participant {
            participant_id: one.participant_id.to_string(),
            display_name: one.display_name.clone(),
            name_skeleton: name::skeleton(&one.display_name),
            role: wire::role(room.role_of_participant(&one.participant_id, one.base)),
        };
        ParticipantPage {
            items: listed.into_iter().map(participant).collect(),
            total: self.count(),
            next: has_more.then_some(next),
        }
    }
}

/// A roster that is kept for a moment, if it is large.
#[derive(Debug, Default)]
pub(super) struct KeptRoster(Mutex<Option<(Instant, Arc<Roster>)>>);

impl KeptRoster {
    /// Returns the roster that is kept `now`, or else makes it. Only one caller at a time does.
    pub(super) fn find_or_make(&self, now: Instant, make: impl FnOnce() -> Roster) -> Arc<Roster> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, roster)) = kept.as_ref()
            && now.saturating_duration_since(*made) < KEPT_FOR
        {
            return roster.clone();
        }
        let roster = Arc::new(make());
        *kept = roster.is_large().then(|| (now, roster.clone()));
        roster
    }
}

/// What the order is by.
fn key(one: &Present) -> (Timestamp, &ParticipantId) {
    (one.since, &one.participant_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_roster_is_made_once_a_second_and_a_small_one_for_each_request() {
        let (kept, now) = (KeptRoster::default(), Instant::now());
        let of = |count: usize| move || Roster(vec![present(); count]);
        assert_eq!(kept.find_or_make(now, of(FRESH_MAX)).count(), FRESH_MAX as u64);
        let large = FRESH_MAX + 1;
        assert_eq!(kept.find_or_make(now, of(large)).count(), large as u64);
        let not_made = || unreachable!("it is kept");
        for ms in [0, 1, 999] {
            let later = now + Duration::from_millis(ms);
            assert_eq!(kept.find_or_make(later, not_made).count(), large as u64);
        }
        assert_eq!(kept.find_or_make(now + KEPT_FOR, of(2)).count(), 2);
        assert_eq!(kept.find_or_make(now + KEPT_FOR, of(1)).count(), 1);
    }

    fn present() -> Present {
        Present {
            participant_id: ParticipantId::new("p_ada"),
            display_name: "Ada".to_owned(),
            named_at_ms: 0,
            base: engine::Role::Guest,
            since: Timestamp::from_millis(1),
            connections: 1,
            ready_capable: false,
        }
    }
}
