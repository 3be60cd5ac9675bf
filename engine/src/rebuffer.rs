//! How often a room lets itself be stopped for players that re-buffer.
//!
//! The rule looks at the room alone: a rule for each participant is no limit for somebody who makes
//! participants as needed.

use crate::time::Timestamp;

/// How long a room plays after the first wait before it may wait again, in milliseconds.
const REST_MS: u64 = 30_000;
/// How often that time is doubled at most, which makes 16 minutes.
const DOUBLINGS_MAX: u32 = 5;
/// After how long without a wait one doubling is taken back, in milliseconds.
const CALM_MS: u64 = 600_000;

/// The waits of one room. Each makes the time until the next twice as long, and every ten minutes without one
/// take a doubling back. So in any time there are at most six waits, and one more for each ten minutes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RebufferLimit {
    last: Option<Timestamp>,
    doublings: u32,
}

impl RebufferLimit {
    /// Whether the room may wait at `now`.
    pub fn may_wait(&self, now: Timestamp) -> bool {
        let rest_ms = REST_MS << self.doublings;
        self.last.is_none_or(|last| now.millis_since(last) >= rest_ms)
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
