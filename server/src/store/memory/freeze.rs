//! Notices that this process stood still, because it was stopped or its machine was paused.

use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::Timestamp;

/// A gap this long between two looks for due rooms is no mere delay, in milliseconds.
pub(super) const GAP_MS: u64 = 5_000;

/// What is known of the last looks for due rooms.
#[derive(Debug, Default)]
pub(super) struct Freeze(Mutex<Looks>);

#[derive(Debug, Default)]
struct Looks {
    last: Option<Timestamp>,
    /// The last look before the process stood still, until that time is given back.
    stopped_at: Option<Timestamp>,
}

impl Freeze {
    /// Notes that somebody looks for due rooms. Returns the last look before the process stood still, if
    /// the time since then is still to be given back.
    pub(super) fn note(&self, now: Timestamp) -> Option<Timestamp> {
        let mut looks = self.lock();
        let last = looks.last.replace(now).unwrap_or(now);
        if now.millis_since(last) >= GAP_MS {
            looks.stopped_at.get_or_insert(last);
        }
        looks.stopped_at
    }

    /// Notes that the time is given back.
    pub(super) fn end(&self) {
        self.lock().stopped_at = None;
    }

    fn lock(&self) -> MutexGuard<'_, Looks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_gap_is_a_standstill_and_it_stays_one_until_it_is_given_back() {
        let freeze = Freeze::default();
        let at = Timestamp::from_millis;
        for now in [1_000, 1_025, 1_025 + GAP_MS - 1] {
            assert_eq!(freeze.note(at(now)), None);
        }
        let stopped_at = 1_025 + GAP_MS - 1;
        for later in [GAP_MS, GAP_MS + 500, 3 * GAP_MS] {
            assert_eq!(freeze.note(at(stopped_at + later)), Some(at(stopped_at)));
        }
        freeze.end();
        assert_eq!(freeze.note(at(stopped_at + 3 * GAP_MS + 25)), None);
    }
}
