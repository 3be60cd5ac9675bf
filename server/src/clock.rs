//! The room clock, and the only place that asks the machine for the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use engine::Timestamp;

/// The room clock as one node knows it, counted from the Unix epoch. Alone, a node's clock is
/// monotonic from its start; nodes that share a store follow the store's clock.
#[derive(Clone, Debug)]
pub struct RoomClock {
    since: Instant,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// What to add to the microseconds since `since`.
    offset_us: AtomicI64,
    uncertainty_us: AtomicU64,
    /// When that was known; 0 for a clock that follows nobody.
    followed_us: AtomicU64,
}

/// How far two clocks may drift apart in a million microseconds, in microseconds: more than any
/// crystal's error, and what a slewed clock adds.
const DRIFT_PPM: u64 = 100;

impl RoomClock {
    /// Starts at the wall clock, or at `not_before` if the wall clock has gone back behind it.
    pub fn start(not_before: Timestamp) -> Self {
        let anchor_us = wall_us().max(not_before.as_millis().saturating_mul(1000));
        let offset_us = AtomicI64::new(i64::try_from(anchor_us).unwrap_or(i64::MAX / 2));
        let shared =
            Shared { offset_us, uncertainty_us: AtomicU64::new(0), followed_us: AtomicU64::new(0) };
        Self { since: Instant::now(), shared: Arc::new(shared) }
    }

    /// Microseconds since the Unix epoch.
    pub fn now_us(&self) -> u64 {
        let offset_us = self.shared.offset_us.load(Ordering::Relaxed);
        self.monotonic_us().saturating_add_signed(offset_us)
    }

    /// What the clock says now, and what it would have said at `then`, in microseconds.
    pub fn since_us(&self, then: Instant) -> (u64, u64) {
        let passed_us = u64::try_from(then.elapsed().as_micros()).unwrap_or(u64::MAX);
        let now_us = self.now_us();
        (now_us, now_us.saturating_sub(passed_us))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_us() / 1000)
    }

    /// Microseconds since this node's start. Never goes back.
    pub fn monotonic_us(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX / 4)
    }

    /// Moves the clock: the room clock is `monotonic_us` and this, known to ± `uncertainty_us`.
    pub fn follow(&self, offset_us: i64, uncertainty_us: u64) {
        self.shared.offset_us.store(offset_us, Ordering::Relaxed);
        self.shared.uncertainty_us.store(uncertainty_us, Ordering::Relaxed);
        self.shared.followed_us.store(self.monotonic_us().max(1), Ordering::Relaxed);
    }

    /// How far from the store's clock this one may be, in microseconds; 0 if it is the clock.
    pub fn uncertainty_us(&self) -> u64 {
        let followed_us = self.shared.followed_us.load(Ordering::Relaxed);
        if followed_us == 0 {
            return 0;
        }
        // What isn't measured any more, while the store is away, isn't known as well any more.
        let age_us = self.monotonic_us().saturating_sub(followed_us);
        self.shared.uncertainty_us.load(Ordering::Relaxed).saturating_add(drift_us(age_us))
    }
}

/// How far two clocks may drift apart in this time, in microseconds.
pub fn drift_us(passed_us: u64) -> u64 {
    passed_us.saturating_mul(DRIFT_PPM).div_ceil(1_000_000)
}

fn wall_us() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    let now = SystemTime::now();
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_follows_nobody_is_exact_and_one_that_follows_knows_less_with_time() {
        let clock = RoomClock::start(Timestamp::default());
        assert_eq!(clock.uncertainty_us(), 0);
        clock.follow(5_000_000, 70);
        assert!(clock.uncertainty_us() >= 70);
        // Followed ten seconds ago, as it were.
        let long_ago = RoomClock {
            since: Instant::now().checked_sub(std::time::Duration::from_secs(10)).expect("booted"),
            shared: clock.shared.clone(),
        };
        assert!(long_ago.uncertainty_us() >= 70 + 900, "{}", long_ago.uncertainty_us());
    }
}
