//! The edge of a live source: where it is at any instant, and which positions can be played then.

use serde::{Deserialize, Serialize};

use crate::time::{Position, Rate, Timestamp};

/// What lies further ahead is met by no room, in milliseconds: a hundred years.
const FAR_MS: u64 = 3_155_760_000_000;

/// Where two readings of an edge are less apart, they may be of the same edge, in milliseconds.
const APART_LEAST_MS: u64 = 2_000;

/// The edge of a live source, as it was when its playlist was read. From then on it advances with the
/// room clock.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LiveEdge {
    /// The position at which the newest media ended.
    pub position: Position,
    /// The instant at which it ended there.
    pub at: Timestamp,
    /// How much media before the edge can be played, in milliseconds.
    pub window_ms: u64,
    /// How far behind the edge players stay, in milliseconds.
    pub hold_back_ms: u64,
    /// Whether what is in the window stays there, so that the window grows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_all: bool,
}

impl LiveEdge {
    /// Where the newest media is taken to end at `now`.
    pub fn position_at(&self, now: Timestamp) -> Position {
        self.behind(0, now)
    }

    /// Whether `read`, a later reading, says something else of `now`. The newest media may be almost a
    /// target duration old when it is read, so less than half of the distance that players keep counts
    /// as the same: within it, they have what they need.
    pub fn is_off(&self, read: &Self, now: Timestamp) -> bool {
        let hold_back_ms = self.hold_back_ms.max(read.hold_back_ms);
        let tolerance_ms = APART_LEAST_MS.max(hold_back_ms / 2);
        let is_apart = |one: Position, other: Position| {
            one.as_millis().abs_diff(other.as_millis()) > tolerance_ms
        };
        is_apart(self.position_at(now), read.position_at(now))
            || is_apart(self.earliest(now), read.earliest(now))
            || is_apart(self.latest(now), read.latest(now))
            || self.keeps_all != read.keeps_all
    }

    /// The position as far behind this edge as `position` is behind the edge `before`, if it can be
    /// played at `now`, else the nearest that can.
    pub(crate) fn as_far_behind(
        &self,
        before: &Self,
        position: Position,
        now: Timestamp,
    ) -> Position {
        let behind_ms = before.position_at(now).as_millis().saturating_sub(position.as_millis());
        self.nearest(self.behind(behind_ms, now), now)
    }

    /// The first position that can be played at `now`.
    pub fn earliest(&self, now: Timestamp) -> Position {
        self.behind(self.window_ms, if self.keeps_all { self.at } else { now })
    }

    /// The last position that can be played at `now`; not before `earliest`.
    pub fn latest(&self, now: Timestamp) -> Position {
        self.behind(self.hold_back_ms.min(self.window_ms), now)
    }

    /// The position nearest to `position` that can be played at `now`.
    pub fn nearest(&self, position: Position, now: Timestamp) -> Position {
        position.clamp(self.earliest(now), self.latest(now))
    }

    /// When a playhead that was at `position` at `anchor_at` and moves on at `rate` reaches the end of
    /// the window that lies ahead of it; `None` if it reaches none.
    pub fn met_at(
        &self,
        position: Position,
        anchor_at: Timestamp,
        rate: Rate,
    ) -> Option<Timestamp> {
        let thousandths = rate.as_milli().abs_diff(Rate::NORMAL.as_milli());
        let gap_ms = if rate.as_milli() > Rate::NORMAL.as_milli() {
            self.latest(anchor_at).as_millis().saturating_sub(position.as_millis())
        } else if thousandths > 0 && !self.keeps_all {
            position.as_millis().saturating_sub(self.earliest(anchor_at).as_millis())
        } else {
            return None;
        };
        let closed_in = (u128::from(gap_ms) * 1000).div_ceil(u128::from(thousandths));
        let closed_in = u64::try_from(closed_in).ok().filter(|ms| *ms <= FAR_MS)?;
        Some(anchor_at.plus_millis(closed_in))
    }

    fn behind(&self, ms: u64, now: Timestamp) -> Position {
        let edge_ms = self.position.as_millis().saturating_add(now.millis_since(self.at));
        Position::from_millis(edge_ms.saturating_sub(ms))
    }
}
