//! How long one participant may delay a room's starts: by half a second per start and per minute, and once in a
//! while by a few seconds more.
//!
//! The rule adds up delays, so no pattern gets around it: always a little late, late every other time, or
//! never ready on one of several devices.

use crate::time::Timestamp;

/// How much more than that may add up until the participant isn't waited for any more, in milliseconds.
const MOST_MS: u64 = 4_000;
/// What it has to fall to until the participant is waited for again, in milliseconds.
const AGAIN_MS: u64 = 1_000;
/// What is counted at most, in milliseconds: above it only by starts that wait for longer than 3 s.
const COUNTED_MS: u64 = 7_000;
const MINUTE_MS: u64 = 60_000;

/// The delays of one participant. What is above the free half second adds up; each start without a delay, and
/// each minute, takes half a second of that back.
///
/// So in any time, the starts that waited for the participant were delayed by seven seconds at most, and by half
/// a second for each start and each minute.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DelayLimit {
    /// What had added up at `at`, in milliseconds.
    excess_ms: u64,
    at: Timestamp,
    is_over: bool,
}

impl DelayLimit {
    /// By how much each start may be delayed for ever, in milliseconds, and as much for each minute.
    pub const FREE_MS: u64 = 500;

    /// Counts a start that the participant delayed by so many milliseconds: 0 if it was ready in time, whether
    /// or not the start waited for it.
    pub fn count_start(&mut self, delay_ms: u64, now: Timestamp) {
        self.is_over = self.is_over(now);
        let excess_ms = self.excess_ms(now).saturating_add(delay_ms).saturating_sub(Self::FREE_MS);
        self.excess_ms = excess_ms.min(COUNTED_MS);
        self.at = self.at.max(now);
        self.is_over =
            if self.is_over { self.excess_ms > AGAIN_MS } else { self.excess_ms > MOST_MS };
    }

    /// Whether starts don't wait for the participant at `now`.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.rests_until().is_some_and(|until| now < until)
    }

    /// Returns until when starts don't wait for the participant, unless it is ready in time until then; `None` if
    /// they do.
    pub fn rests_until(&self) -> Option<Timestamp> {
        let above_ms = self.excess_ms.saturating_sub(AGAIN_MS);
        self.is_over.then(|| self.at.plus_millis(above_ms * MINUTE_MS / Self::FREE_MS))
    }

    /// Whether nothing is left to remember at `now`.
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        self.excess_ms(now) == 0
    }

    fn excess_ms(&self, now: Timestamp) -> u64 {
        let forgiven_ms = now.millis_since(self.at).saturating_mul(Self::FREE_MS) / MINUTE_MS;
        self.excess_ms.saturating_sub(forgiven_ms)
    }
}
