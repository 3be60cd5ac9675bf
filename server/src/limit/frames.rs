//! Limits on the frames of one connection.

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::{per_minute_quota, positive, too_many};
use crate::refusal::Refusal;

/// How many frames a connection may send per second.
pub const FRAMES_PER_SECOND: u32 = 100;
/// How many frames it may send in a burst.
pub const FRAMES_BURST: u32 = 300;
/// How many unusable frames per minute close it.
pub const BAD_FRAMES_PER_MINUTE: u32 = 10;
/// How many frames per minute above the limit close it.
const EXCESS_PER_MINUTE: u32 = 2000;

/// Limits on the frames of one connection.
#[derive(Debug)]
pub struct FrameLimiter {
    frames: DefaultDirectRateLimiter,
    excess: DefaultDirectRateLimiter,
    bad: DefaultDirectRateLimiter,
}

impl Default for FrameLimiter {
    fn default() -> Self {
        let per_second = Quota::per_second(positive(FRAMES_PER_SECOND));
        Self {
            frames: RateLimiter::direct(per_second.allow_burst(positive(FRAMES_BURST))),
            excess: RateLimiter::direct(per_minute_quota(EXCESS_PER_MINUTE)),
            bad: RateLimiter::direct(per_minute_quota(BAD_FRAMES_PER_MINUTE - 1)),
        }
    }
}

impl FrameLimiter {
    /// Counts a frame.
    pub fn check_frame(&self) -> Result<(), Refusal> {
        self.frames.check().map_err(|not_until| too_many(&not_until))
    }

    /// Counts a control frame, which isn't refused. Returns whether the connection may stay.
    pub fn check_control(&self) -> bool {
        self.check_frame().is_ok() || self.check_excess()
    }

    /// Counts a frame above the limit. Returns whether the connection may stay.
    pub fn check_excess(&self) -> bool {
        self.excess.check().is_ok()
    }

    /// Counts an unusable frame. Returns whether the connection may stay.
    pub fn check_bad_frame(&self) -> bool {
        self.bad.check().is_ok()
    }
}
