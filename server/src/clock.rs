//! The room clock, and the only place that asks the machine for the time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use engine::Timestamp;

/// The room clock of one node: monotonic, counted from the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub struct RoomClock {
    anchor_us: u64,
    since: Instant,
}

impl RoomClock {
    /// Starts at the wall clock, or at `not_before` if the wall clock has gone back behind it.
    pub fn start(not_before: Timestamp) -> Self {
        let anchor_us = wall_us().max(not_before.as_millis().saturating_mul(1000));
        Self { anchor_us, since: Instant::now() }
    }

    /// Microseconds since the Unix epoch.
    pub fn now_us(&self) -> u64 {
        self.anchor_us + u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX / 2)
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_us() / 1000)
    }
}

fn wall_us() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    let now = SystemTime::now();
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)
}
