//! Outages: times in which no node reached Redis, so that nobody could come back and no deadline could be
//! carried out. Redis records each; the nodes give the time back to the rooms that wait for their host. To lost rooms,
//! so is the time in which they couldn't be rebuilt, which only this node knows.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::{Outage, Timestamp};

/// How many outages this node knows of, at most. A room that is rebuilt after more of them loses the time of
/// the earliest.
const KNOWN_MAX: usize = 32;

/// Lost rooms that people wait for are tried at least this often, in milliseconds.
const TRIED_WITHIN_MS: u64 = 15_000;
/// A rebuild that takes less, in milliseconds, waits for nothing.
const STUCK_LEAST_MS: u64 = 1_000;

/// The outages that Redis records, the earliest first: at least one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Recorded {
    /// The record.
    pub(super) text: String,
    outages: Vec<(Timestamp, u64)>,
}

/// What this node knows of outages.
#[derive(Debug, Default)]
pub(super) struct Outages(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// The last ones, also those that rooms have counted.
    last: VecDeque<Outage>,
    /// Those that rooms haven't counted yet.
    pending: Option<Recorded>,
    /// Until when this node has counted, until Redis has forgotten it.
    counted: Option<Timestamp>,
    is_counting: bool,
    /// How often counting `pending` has begun.
    tries: u32,
    stuck: Option<Stuck>,
    /// When lost rooms could last be rebuilt.
    unstuck: Timestamp,
}

/// A time in which lost rooms couldn't be rebuilt.
#[derive(Clone, Copy, Debug)]
struct Stuck {
    since: Timestamp,
    /// When it was last tried in vain.
    last: Timestamp,
}

impl Recorded {
    /// Parses `<until>:<length>,…`.
    pub(super) fn parse(text: String) -> Option<Self> {
        let one = |outage: &str| {
            let (until, length_ms) = outage.split_once(':')?;
            Some((Timestamp::from_millis(until.parse().ok()?), length_ms.parse().ok()?))
        };
        let outages = text.split(',').map(one).collect::<Option<Vec<_>>>()?;
        Some(Self { text, outages })
    }

    /// When the last one ended.
    pub(super) fn until(&self) -> Timestamp {
        self.outages.iter().map(|(until, _)| *until).max().unwrap_or_default()
    }

    /// How long they were together, in milliseconds.
    pub(super) fn length_ms(&self) -> u64 {
        self.outages.iter().fold(0, |sum, (_, length_ms)| sum.saturating_add(*length_ms))
    }
}

impl Outages {
    /// Takes in what Redis records now.
    pub(super) fn note(&self, recorded: Option<Recorded>) {
        let mut known = self.lock();
        for (until, length_ms) in recorded.iter().flat_map(|recorded| &recorded.outages) {
            known.add(Outage { until: *until, length_ms: Some(*length_ms) });
        }
        let is_counted = |one: &Recorded| Some(one.until()) <= known.counted;
        if recorded.as_ref().is_some_and(is_counted) {
            return;
        }
        if recorded.is_none() {
            known.counted = None;
        }
        if known.pending != recorded {
            known.tries = 0;
        }
        known.pending = recorded;
    }

    /// Forgets outages that may be none, because what the room clock was isn't what it is.
    pub(super) fn forget(&self) {
        *self.lock() = Known::default();
    }

    /// Notes that Redis had lost everything when this node came, so that nobody knows since when.
    pub(super) fn note_unknown(&self, until: Timestamp) {
        self.lock().add(Outage { until, length_ms: None });
    }

    /// Notes that lost rooms couldn't be rebuilt, which was begun at `began`.
    pub(super) fn note_stuck(&self, began: Timestamp, now: Timestamp) {
        let mut known = self.lock();
        let since = known.stuck_since(began);
        known.stuck = Some(Stuck { since, last: now });
    }

    /// Notes that lost rooms can be rebuilt, which was begun at `began`. The time in which they couldn't is one
    /// more outage to them: nobody could do anything in them.
    pub(super) fn note_unstuck(&self, began: Timestamp, now: Timestamp) {
        let mut known = self.lock();
        let length_ms = now.millis_since(known.stuck_since(began));
        (known.stuck, known.unstuck) = (None, now);
        if length_ms >= STUCK_LEAST_MS {
            known.add(Outage { until: now, length_ms: Some(length_ms) });
        }
    }

    /// Returns the last outages, the earliest first, also those that are counted.
    pub(super) fn known(&self) -> Vec<Outage> {
        self.lock().last.iter().copied().collect()
    }

    /// Whether deadlines that wait for hosts must wait until outages are counted.
    pub(super) fn is_pending(&self) -> bool {
        self.lock().pending.is_some()
    }

    /// Returns the outages to count, and how often that has begun, unless this node is counting already.
    pub(super) fn begin_counting(&self) -> Option<(Recorded, u32)> {
        let mut known = self.lock();
        let pending = known.pending.clone().filter(|_| !known.is_counting)?;
        known.is_counting = true;
        known.tries += 1;
        Some((pending, known.tries))
    }

    /// Ends what `begin_counting` began.
    pub(super) fn end_counting(&self, recorded: &Recorded, done: bool) {
        let mut known = self.lock();
        known.is_counting = false;
        if done {
            known.counted = known.counted.max(Some(recorded.until()));
            known.pending.take_if(|pending| pending == recorded);
        }
    }

    /// Returns until when Redis may forget outages, in milliseconds; empty if it may forget none.
    pub(super) fn counted(&self) -> String {
        let counted = self.lock().counted;
        counted.map(|until| until.as_millis().to_string()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Since when lost rooms couldn't be rebuilt when that was begun at `began`.
    fn stuck_since(&self, began: Timestamp) -> Timestamp {
        let is_one = |stuck: &Stuck| began.millis_since(stuck.last) < TRIED_WITHIN_MS;
        // Of attempts that overlap, the first that succeeds counts for all.
        self.stuck.filter(is_one).map_or(began.max(self.unstuck), |stuck| stuck.since)
    }

    /// Adds an outage, unless it is known.
    fn add(&mut self, outage: Outage) {
        if self.last.iter().any(|known| known.until == outage.until) {
            return;
        }
        if self.last.len() == KNOWN_MAX {
            self.last.pop_front();
        }
        self.last.push_back(outage);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_outage_is_counted_once_and_a_new_one_again() {
        let outages = Outages::default();
        let recorded = |text: &str| Recorded::parse(text.to_owned());
        assert_eq!(recorded("nonsense"), None);
        outages.note(recorded("5000:3000"));
        let (first, tries) = outages.begin_counting().unwrap();
        assert_eq!(tries, 1);
        assert_eq!((first.until(), first.length_ms()), (Timestamp::from_millis(5_000), 3_000));
        assert_eq!(outages.begin_counting(), None, "it is being counted");
        outages.end_counting(&first, false);
        let (first, tries) = outages.begin_counting().unwrap();
        assert_eq!(tries, 2);
        outages.end_counting(&first, true);
        assert!(!outages.is_pending());
        // Redis may report it until it has heard that it is counted.
        outages.note(recorded("5000:3000"));
        assert!(!outages.is_pending());
        assert_eq!(outages.counted(), "5000");
        outages.note(None);
        assert_eq!(outages.counted(), "");

        outages.note(recorded("9000:2000"));
        assert!(outages.is_pending());
        outages.note(None);
        assert!(!outages.is_pending(), "another node has counted it");
        let known: Vec<_> = outages.known().iter().map(|outage| outage.length_ms).collect();
        assert_eq!(known, [Some(3_000), Some(2_000)], "each for itself");
    }

    #[test]
    fn an_outage_that_comes_while_another_is_counted_is_counted_next() {
        let outages = Outages::default();
        let recorded = |text: &str| Recorded::parse(text.to_owned());
        outages.note(recorded("5000:3000"));
        let (first, _) = outages.begin_counting().unwrap();
        outages.note(recorded("5000:3000,9000:2000"));
        outages.end_counting(&first, true);
        assert_eq!(outages.counted(), "5000", "Redis may forget the first");
        assert!(outages.is_pending());
        outages.note(recorded("9000:2000"));
        let (second, _) = outages.begin_counting().unwrap();
        assert_eq!((second.until(), second.length_ms()), (Timestamp::from_millis(9_000), 2_000));
        outages.end_counting(&second, true);
        assert!(!outages.is_pending());
        assert_eq!(outages.counted(), "9000");
    }

    #[test]
    fn attempts_to_rebuild_that_overlap_make_one_outage() {
        let outages = Outages::default();
        let at = Timestamp::from_millis;
        outages.note_stuck(at(10_000), at(13_000));
        outages.note_stuck(at(14_000), at(17_000));
        for began in 0..40 {
            outages.note_unstuck(at(20_000 + began), at(22_000 + began));
        }
        let known: Vec<_> = outages.known().iter().map(|outage| outage.length_ms).collect();
        assert_eq!(known, [Some(12_000)]);
        outages.note_unstuck(at(60_000), at(60_100));
        outages.note_unstuck(at(70_000), at(75_000));
        assert_eq!(outages.known().len(), 2, "a quick one is none");
    }
}
