//! The state of a line that its threads and the control socket share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::impairment::Impairment;

/// The longest recorded lateness, in microseconds.
const LATE_US_MAX: u64 = 10_000_000;

/// The two directions of a line.
#[derive(Debug)]
pub(crate) struct Line {
    /// From the client to the server.
    pub(crate) up: Arc<Direction>,
    /// From the server to the client.
    pub(crate) down: Arc<Direction>,
}

/// One direction. The thread that carries its packets never waits for a lock.
#[derive(Debug)]
pub(crate) struct Direction {
    impairment: Mutex<Impairment>,
    late_us: Mutex<Histogram<u64>>,
    packets: AtomicU64,
    lost: AtomicU64,
    overflowed: AtomicU64,
}

/// The statistics of a line.
#[derive(Debug, Serialize)]
pub(crate) struct LineStats {
    up: DirectionStats,
    down: DirectionStats,
}

/// The statistics of one direction.
#[derive(Debug, Serialize)]
struct DirectionStats {
    /// All packets, whatever their fate.
    packets: u64,
    lost: u64,
    overflowed: u64,
    late_ms: Lateness,
}

/// How much later than scheduled packets arrived, in milliseconds: the error of the emulation.
#[derive(Debug, Serialize)]
struct Lateness {
    p50: f64,
    p99: f64,
    max: f64,
}

impl Line {
    /// An unimpaired line.
    pub(crate) fn new() -> Self {
        Self { up: Arc::new(Direction::new()), down: Arc::new(Direction::new()) }
    }

    pub(crate) fn stats(&self) -> LineStats {
        LineStats { up: self.up.stats(), down: self.down.stats() }
    }
}

impl Direction {
    fn new() -> Self {
        let late_us = Histogram::new_with_bounds(1, LATE_US_MAX, 2).expect("the bounds are fixed");
        Self {
            impairment: Mutex::default(),
            late_us: Mutex::new(late_us),
            packets: AtomicU64::default(),
            lost: AtomicU64::default(),
            overflowed: AtomicU64::default(),
        }
    }

    /// Sets the impairment of later packets.
    pub(crate) fn set(&self, impairment: Impairment) {
        *self.impairment.lock().unwrap_or_else(PoisonError::into_inner) = impairment;
    }

    /// The current impairment; `None` while it is being changed, when the caller keeps the one that
    /// it knows.
    pub(crate) fn impairment(&self) -> Option<Impairment> {
        self.impairment.try_lock().ok().map(|impairment| *impairment)
    }

    pub(crate) fn count_packet(&self) {
        self.packets.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_overflowed(&self) {
        self.overflowed.fetch_add(1, Ordering::Relaxed);
    }

    /// Records the lateness of a packet, unless the statistics are being read at this moment.
    pub(crate) fn note_late(&self, late: Duration) {
        if let Ok(mut late_us) = self.late_us.try_lock() {
            late_us.saturating_record(u64::try_from(late.as_micros()).unwrap_or(u64::MAX));
        }
    }

    fn stats(&self) -> DirectionStats {
        let late_ms = {
            let late_us = self.late_us.lock().unwrap_or_else(PoisonError::into_inner);
            let at = |quantile| late_us.value_at_quantile(quantile) as f64 / 1000.0;
            Lateness { p50: at(0.5), p99: at(0.99), max: late_us.max() as f64 / 1000.0 }
        };
        DirectionStats {
            packets: self.packets.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            overflowed: self.overflowed.load(Ordering::Relaxed),
            late_ms,
        }
    }
}
