//! Limits on how often something may be asked. They count on this node alone.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::LimitConfig;
use crate::refusal::Refusal;

/// How many frames one connection may send.
pub const FRAMES_PER_SECOND: u32 = 100;
/// How many frames it may send at once after a quiet while.
pub const FRAMES_BURST: u32 = 300;
/// How many unusable frames in a minute close it.
pub const BAD_FRAMES_PER_MINUTE: u32 = 10;

/// How many frames above what is allowed it may send in a minute before it is closed.
const EXCESS_PER_MINUTE: u32 = 2000;

/// Limits per address and user.
#[derive(Debug)]
pub struct Limiters {
    guests: Option<DefaultKeyedRateLimiter<IpAddr>>,
    rooms: Option<DefaultKeyedRateLimiter<IpAddr>>,
    joins: Option<DefaultKeyedRateLimiter<IpAddr>>,
    codes: Option<DefaultKeyedRateLimiter<IpAddr>>,
    resolves: DefaultKeyedRateLimiter<String>,
    writes: DefaultKeyedRateLimiter<String>,
}

impl Limiters {
    /// Limits as configured.
    pub fn new(config: &LimitConfig) -> Self {
        let keyed = |per_minute: u32| {
            let wanted = config.per_address != 0;
            wanted.then(|| RateLimiter::keyed(per_minute_quota(per_minute)))
        };
        Self {
            guests: keyed(config.guests_per_minute),
            rooms: keyed(config.rooms_per_minute),
            joins: keyed(config.joins_per_minute),
            codes: keyed(config.codes_per_minute),
            resolves: RateLimiter::keyed(per_minute_quota(config.resolves_per_minute)),
            writes: RateLimiter::keyed(per_minute_quota(config.writes_per_minute)),
        }
    }

    /// New guests of one address.
    pub fn check_guest(&self, address: IpAddr) -> Result<(), Refusal> {
        check(self.guests.as_ref(), &address)
    }

    /// New rooms of one address.
    pub fn check_room(&self, address: IpAddr) -> Result<(), Refusal> {
        check(self.rooms.as_ref(), &address)
    }

    /// Joins of one address.
    pub fn check_join(&self, address: IpAddr) -> Result<(), Refusal> {
        check(self.joins.as_ref(), &address)
    }

    /// Codes that one address tries, right or wrong: were only wrong ones counted, the answer to
    /// one more would tell which it is.
    pub fn check_code(&self, address: IpAddr) -> Result<(), Refusal> {
        check(self.codes.as_ref(), &address)
    }

    /// Fetches that one user makes the server do.
    pub fn check_resolve(&self, user_id: &str) -> Result<(), Refusal> {
        check(Some(&self.resolves), &user_id.to_owned())
    }

    /// Changes that one user makes over HTTP.
    pub fn check_write(&self, user_id: &str) -> Result<(), Refusal> {
        check(Some(&self.writes), &user_id.to_owned())
    }

    /// Forgets keys that are back at their start.
    pub fn sweep(&self) {
        for limiter in [&self.guests, &self.rooms, &self.joins, &self.codes].into_iter().flatten() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        for limiter in [&self.resolves, &self.writes] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

/// Frames of one connection.
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
    /// One more frame.
    pub fn check_frame(&self) -> Result<(), Refusal> {
        self.frames.check().map_err(|not_until| {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            Refusal::rate_limited(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1))
        })
    }

    /// One more frame above what is allowed; false if there were far too many.
    pub fn check_excess(&self) -> bool {
        self.excess.check().is_ok()
    }

    /// One more frame that can't be used; false if there were too many.
    pub fn check_bad_frame(&self) -> bool {
        self.bad.check().is_ok()
    }
}

fn check<K: Clone + Eq + std::hash::Hash>(
    limiter: Option<&DefaultKeyedRateLimiter<K>>,
    key: &K,
) -> Result<(), Refusal> {
    let Some(limiter) = limiter else { return Ok(()) };
    limiter.check_key(key).map_err(|not_until| {
        let wait = not_until.wait_time_from(DefaultClock::default().now());
        Refusal::rate_limited(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1))
    })
}

fn per_minute_quota(per_minute: u32) -> Quota {
    Quota::per_minute(positive(per_minute))
}

fn positive(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}
