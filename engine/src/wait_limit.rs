//! How often a room lets itself be held up for one reason: players that re-buffer, or newcomers who aren't ready.
//!
//! The rule looks at the room alone: a rule for each participant is no limit for somebody who makes
//! participants as needed.

use crate::time::Timestamp;

/// How long a room rests after the first wait before it may wait again, in milliseconds.
const REST_MS: u64 = 30_000;
/// How often that time is doubled at most, which makes 16 minutes.
const DOUBLINGS_MAX: u32 = 5;
/// After how long without a wait one doubling is taken back, in milliseconds.
const CALM_MS: u64 = 600_000;

/// The waits of one room. Each makes the time until the next twice as long, and every ten minutes without one
/// take a doubling back. So in any time there are at most six waits, and one more for each ten minutes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WaitLimit {
    last: Option<Timestamp>,
    doublings: u32,
}

impl WaitLimit {
    /// Whether the room may wait at `now`.
    pub fn may_wait(&self, now: Timestamp) -> bool {
        self.rests_until().is_none_or(|until| now >= until)
    }

    /// Returns until when the room doesn't wait again; `None` if it hasn't waited yet.
    pub fn rests_until(&self) -> Option<Timestamp> {
        self.last.map(|last| last.plus_millis(REST_MS << self.doublings))
    }

    /// Counts a wait. One may be told twice, as a request and as its commit: what comes within the
    /// shortest rest is the same wait.
    pub fn count_wait(&mut self, at: Timestamp) {
        let Some(last) = self.last else {
            self.last = Some(at);
            return;
        };
        let passed_ms = at.millis_since(last);
        if passed_ms >= REST_MS {
            let forgiven = u32::try_from(passed_ms / CALM_MS).unwrap_or(u32::MAX);
            self.doublings = (self.doublings + 1).saturating_sub(forgiven).min(DOUBLINGS_MAX);
            self.last = Some(at);
        }
    }
}
