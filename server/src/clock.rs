//! The room clock, and the wall clock. This is the only file that reads the machine's wall clock.
//!
//! The two are never compared: a room clock only has to be steady and shared, and a wall clock may be
//! set, by hand or by NTP. Hence two types, [`Timestamp`] and [`WallTime`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use engine::Timestamp;

/// A node's estimate of the room clock, which counts from the Unix epoch. The clock of a single node
/// is monotonic from its start. Nodes that share a store estimate the store's clock.
#[derive(Clone, Debug)]
pub struct RoomClock {
    since: Instant,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// The room clock minus `monotonic_us`.
    offset_us: AtomicI64,
    /// The uncertainty of `offset_us` when it was set.
    uncertainty_us: AtomicU64,
    /// When `offset_us` was last set, as `monotonic_us`; 0 if it never was.
    set_at_us: AtomicU64,
}

/// A time on the machine's wall clock, which judges what people see: the ends of tokens and families.
/// It may jump, forward or back.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct WallTime(u64);

impl WallTime {
    /// Reads the wall clock.
    pub fn now() -> Self {
        Self(wall_us() / 1000)
    }

    /// Makes a time of milliseconds since the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the time `millis` later.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Returns the time `millis` earlier.
    #[must_use]
    pub const fn minus_millis(self, millis: u64) -> Self {
        Self(self.0.saturating_sub(millis))
    }

    /// Returns the milliseconds since `earlier`: 0 if that is later, as it may be once the clock was
    /// set back.
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Notices that the wall clock was set, by the steady clock.
#[derive(Clone, Copy, Debug)]
pub struct WallWatch {
    wall: WallTime,
    steady: Instant,
}

/// A step of the wall clock: what was written with the times from `from` to `to` was written `by_ms`
/// too early, or too late if that is negative.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WallStep {
    /// What the clock showed when it was first watched.
    pub from: WallTime,
    /// What it would show now.
    pub to: WallTime,
    /// How far it was set forward, in milliseconds.
    pub by_ms: i64,
}

/// The smallest step that counts, in milliseconds. NTP slews what is much smaller.
const STEP_MS: u64 = 60_000;

impl WallWatch {
    /// Watches the clock from now on.
    pub fn start(wall: WallTime, steady: Instant) -> Self {
        Self { wall, steady }
    }

    /// Returns how long it has been watched.
    pub fn ran_for(&self, steady: Instant) -> Duration {
        steady.saturating_duration_since(self.steady)
    }

    /// Returns how far the clock was set since the watch began, if it was.
    pub fn find_step(&self, wall: WallTime, steady: Instant) -> Option<WallStep> {
        let passed = steady.saturating_duration_since(self.steady).as_millis();
        let to = self.wall.plus_millis(u64::try_from(passed).unwrap_or(u64::MAX));
        let by_ms = wall.0.cast_signed().saturating_sub(to.0.cast_signed());
        (by_ms.unsigned_abs() >= STEP_MS).then_some(WallStep { from: self.wall, to, by_ms })
    }
}

/// The largest rate at which two clocks drift apart, in parts per million: more than the errors of
/// two crystals and of a clock that is being slewed.
const DRIFT_PPM: u64 = 100;

impl RoomClock {
    /// Starts a clock at the wall clock's time, or at `not_before` if the wall clock is behind it.
    pub fn start(not_before: Timestamp) -> Self {
        let anchor_us = wall_us().max(not_before.as_millis().saturating_mul(1000));
        let offset_us = AtomicI64::new(i64::try_from(anchor_us).unwrap_or(i64::MAX / 2));
        let shared =
            Shared { offset_us, uncertainty_us: AtomicU64::new(0), set_at_us: AtomicU64::new(0) };
        Self { since: Instant::now(), shared: Arc::new(shared) }
    }

    /// Returns the room clock in microseconds since the Unix epoch.
    pub fn now_us(&self) -> u64 {
        let offset_us = self.shared.offset_us.load(Ordering::Relaxed);
        self.monotonic_us().saturating_add_signed(offset_us)
    }

    /// Returns the room clock now and at `then`, in microseconds since the Unix epoch.
    pub fn since_us(&self, then: Instant) -> (u64, u64) {
        let passed_us = u64::try_from(then.elapsed().as_micros()).unwrap_or(u64::MAX);
        let now_us = self.now_us();
        (now_us, now_us.saturating_sub(passed_us))
    }

    /// Returns the room clock.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_us() / 1000)
    }

    /// Returns the microseconds since this node started. They never go back.
    pub fn monotonic_us(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX / 4)
    }

    /// Sets the difference between the room clock and `monotonic_us`, and its uncertainty.
    pub fn set_offset(&self, offset_us: i64, uncertainty_us: u64) {
        self.shared.offset_us.store(offset_us, Ordering::Relaxed);
        self.shared.uncertainty_us.store(uncertainty_us, Ordering::Relaxed);
        self.shared.set_at_us.store(self.monotonic_us().max(1), Ordering::Relaxed);
    }

    /// Returns the largest possible error of this estimate, in microseconds; 0 if the offset was
    /// never set, because the node's clock then is the room clock.
    pub fn uncertainty_us(&self) -> u64 {
        let set_at_us = self.shared.set_at_us.load(Ordering::Relaxed);
        if set_at_us == 0 {
            return 0;
        }
        // While the store can't be reached, nothing is measured and the clocks drift apart.
        let age_us = self.monotonic_us().saturating_sub(set_at_us);
        self.shared.uncertainty_us.load(Ordering::Relaxed).saturating_add(drift_us(age_us))
    }
}

/// Returns how far two clocks may drift apart in `passed_us`, in microseconds.
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
    fn a_single_nodes_clock_is_exact_and_an_estimate_gets_less_certain_with_time() {
        let clock = RoomClock::start(Timestamp::default());
        assert_eq!(clock.uncertainty_us(), 0);
        clock.set_offset(5_000_000, 70);
        assert!(clock.uncertainty_us() >= 70);
        // The same estimate, as if it were ten seconds old.
        let long_ago = RoomClock {
            since: Instant::now().checked_sub(Duration::from_secs(10)).expect("booted"),
            shared: clock.shared.clone(),
        };
        assert!(long_ago.uncertainty_us() >= 70 + 900, "{}", long_ago.uncertainty_us());
    }

    #[test]
    fn a_wall_clock_that_is_set_is_noticed_and_one_that_just_runs_is_not() {
        let (wall, steady) = (WallTime::from_millis(1_700_000_000_000), Instant::now());
        let watch = WallWatch::start(wall, steady);
        let hour = Duration::from_secs(3600);
        let later = wall.plus_millis(3_600_000);
        assert_eq!(watch.find_step(later, steady + hour), None);
        assert_eq!(watch.find_step(later.plus_millis(59_000), steady + hour), None);
        for (found, by_ms) in [
            (later.plus_millis(46_800_000), 46_800_000),
            (later.minus_millis(172_800_000), -172_800_000),
        ] {
            let step = watch.find_step(found, steady + hour);
            assert_eq!(step, Some(WallStep { from: wall, to: later, by_ms }));
        }
    }
}
