//! Instants, positions and rates: three kinds of number that must never be mixed.

use serde::{Deserialize, Serialize};

/// The largest whole number that every reader of JSON keeps exactly: 2^53 - 1, as in JavaScript. Larger
/// positions, places and timestamps are refused where they come in.
pub const WHOLE_MAX: u64 = (1 << 53) - 1;

/// An instant of the room clock, in milliseconds since the Unix epoch.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Timestamp(u64);

/// A position in the media, in milliseconds from its start.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Position(u64);

/// A playback rate in thousandths; `Rate::NORMAL` is 1000.
///
/// Invariant: it lies within `MIN_MILLI..=MAX_MILLI`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Rate(u16);

impl Timestamp {
    /// Makes a timestamp from milliseconds since the Unix epoch.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// The milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The milliseconds from `earlier` to `self`; zero if `earlier` is later.
    pub const fn millis_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The instant `ms` milliseconds later.
    pub const fn plus_millis(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl Position {
    /// The start of the media.
    pub const START: Self = Self(0);

    /// Makes a position from milliseconds.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// The milliseconds from the start of the media.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The position that a playhead reaches from here in `elapsed_ms` of room time at `rate`.
    pub fn advance(self, elapsed_ms: u64, rate: Rate) -> Self {
        let moved = u128::from(elapsed_ms) * u128::from(rate.0) / 1000;
        Self(self.0.saturating_add(u64::try_from(moved).unwrap_or(u64::MAX)))
    }
}

impl Rate {
    /// Normal speed.
    pub const NORMAL: Self = Self(1000);
    /// The slowest rate, in thousandths.
    pub const MIN_MILLI: u16 = 250;
    /// The fastest rate, in thousandths.
    pub const MAX_MILLI: u16 = 4000;

    /// Makes a rate from thousandths; `None` if it is out of range.
    pub const fn from_milli(thousandths: u16) -> Option<Self> {
        if Self::MIN_MILLI <= thousandths && thousandths <= Self::MAX_MILLI {
            Some(Self(thousandths))
        } else {
            None
        }
    }

    /// The rate in thousandths.
    pub const fn as_milli(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Rate {
    type Error = &'static str;

    fn try_from(thousandths: u16) -> Result<Self, Self::Error> {
        Self::from_milli(thousandths).ok_or("rate out of range")
    }
}

impl From<Rate> for u16 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}
