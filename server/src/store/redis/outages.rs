//! Outages: times in which no node reached Redis, so that nobody could come back and no deadline could be
//! carried out. Redis records each; the nodes give the time back to the rooms that wait for their host.

use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::{Outage, Timestamp};

/// An outage as Redis records it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Recorded {
    /// The record, which names it.
    pub(super) text: String,
    /// When it ended.
    pub(super) until: Timestamp,
    /// How long it was, in milliseconds.
    pub(super) length_ms: u64,
}

/// What this node knows of outages.
#[derive(Debug, Default)]
pub(super) struct Outages(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    last: Option<Outage>,
    /// The one that rooms haven't counted yet.
    pending: Option<Recorded>,
    /// The record that this node has counted, until Redis has forgotten it.
    counted: Option<String>,
    is_counting: bool,
    /// How often counting `pending` has begun.
    tries: u32,
}

impl Recorded {
    /// Parses `<until>:<length>`.
    pub(super) fn parse(text: String) -> Option<Self> {
        let (until, length) = text.split_once(':')?;
        let (until, length_ms) =
            (Timestamp::from_millis(until.parse().ok()?), length.parse().ok()?);
        Some(Self { text, until, length_ms })
    }
}

impl Outages {
    /// Takes in what Redis records now.
    pub(super) fn note(&self, recorded: Option<Recorded>) {
        let mut known = self.lock();
        if let Some(Recorded { until, length_ms, .. }) = &recorded {
            known.last = Some(Outage { until: *until, length_ms: Some(*length_ms) });
        }
        let is_counted = |one: &Recorded| known.counted.as_ref() == Some(&one.text);
        if !recorded.as_ref().is_some_and(is_counted) {
            known.counted = None;
            if known.pending != recorded {
                known.tries = 0;
            }
            known.pending = recorded;
        }
    }

    /// Notes that Redis had lost everything when this node came, so that nobody knows since when.
    pub(super) fn note_unknown(&self, until: Timestamp) {
        self.lock().last = Some(Outage { until, length_ms: None });
    }

    /// Returns the last outage, also if it is counted.
    pub(super) fn last(&self) -> Option<Outage> {
        self.lock().last
    }

    /// Whether deadlines that wait for hosts must wait until an outage is counted.
    pub(super) fn is_pending(&self) -> bool {
        self.lock().pending.is_some()
    }

    /// Returns the outage to count, and how often that has begun, unless this node is counting already.
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
        if done && known.pending.as_ref() == Some(recorded) {
            known.pending = None;
            known.counted = Some(recorded.text.clone());
        }
    }

    /// Returns the record that Redis may forget; empty if there is none.
    pub(super) fn counted(&self) -> String {
        self.lock().counted.clone().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        assert_eq!((first.until, first.length_ms), (Timestamp::from_millis(5_000), 3_000));
        assert_eq!(outages.begin_counting(), None, "it is being counted");
        outages.end_counting(&first, false);
        let (first, tries) = outages.begin_counting().unwrap();
        assert_eq!(tries, 2);
        outages.end_counting(&first, true);
        assert!(!outages.is_pending());
        // Redis may report it until it has heard that it is counted.
        outages.note(recorded("5000:3000"));
        assert!(!outages.is_pending());
        assert_eq!(outages.counted(), "5000:3000");
        outages.note(None);
        assert_eq!(outages.counted(), "");
        outages.note(recorded("9000:2000"));
        assert!(outages.is_pending());
        outages.note(None);
        assert!(!outages.is_pending(), "another node has counted it");
        assert_eq!(outages.last().unwrap().length_ms, Some(2_000));
    }
}
