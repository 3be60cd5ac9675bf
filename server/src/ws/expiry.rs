//! How long a connection stays open by its access token: it is warned before that ends, and closed after.

use std::time::Duration;

use tokio::time::Instant;

use crate::access::{Refreshing, Validity};
use crate::clock::WallTime;

/// How long before the end of its token a connection is warned.
const NOTICE: Duration = Duration::from_secs(60);
/// How often a connection that has outlived its token is checked again, because that can't be refreshed.
const OUTLIVES_CHECK: Duration = Duration::from_secs(3);
/// For how long a connection may outlive its token while others are refreshed.
const OUTLIVES_MAX: Duration = Duration::from_secs(30);

/// The end of the access token of one connection.
#[derive(Debug)]
pub(super) struct Expiry {
    validity: Validity,
    /// How long before the end the connection is warned: less for a token that had little time left, so
    /// that a client that refreshes at each warning has some peace in between.
    notice: Duration,
    /// When the connection closes, once it was told.
    closes_at: Option<Instant>,
    /// For how long it has outlived the token while others were refreshed, and since when again.
    outlived: (Duration, Option<Instant>),
}

/// What is due for a connection because of its token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Due {
    /// Nothing, for as long as the wall clock isn't set.
    Nothing(Duration),
    /// To tell it that it closes after this time.
    Tell(Duration),
    /// To close it.
    Close,
}

impl Expiry {
    /// Begins with a token.
    pub(super) fn new(validity: Validity, now: WallTime) -> Self {
        let left = Duration::from_millis(validity.left_ms(now));
        let notice = NOTICE.min(left / 2);
        Self { validity, notice, closes_at: None, outlived: (Duration::ZERO, None) }
    }

    /// Takes another token, unless that ends sooner.
    pub(super) fn extend(&mut self, validity: Validity, now: WallTime) {
        let is_sooner = validity.left_ms(now) < self.validity.left_ms(now);
        *self = Self::new(if is_sooner { self.validity } else { validity }, now);
    }

    /// Returns what is due. The wall clock says when the token is valid. It may have been set meanwhile, so
    /// that a token which had hours left is over, or from the future; the connection then is warned too, and
    /// closed after the time that it was told.
    pub(super) fn check(&mut self, now: WallTime, steady: Instant) -> Due {
        if let Some(closes_at) = self.closes_at {
            let left = closes_at.saturating_duration_since(steady);
            return if left.is_zero() { Due::Close } else { Due::Nothing(left) };
        }
        let left = Duration::from_millis(self.validity.left_ms(now));
        if left > self.notice {
            return Due::Nothing(left - self.notice);
        }
        self.closes_at = Some(steady + self.notice);
        Due::Tell(self.notice)
    }

    /// Returns after what time to look again at a connection that is due to be closed, but whose token can't
    /// have been refreshed because the database was away; `None` if it is to be closed now. While no token can be
    /// refreshed, this goes on. Once others are, the connection has half a minute, in all of the times.
    pub(super) fn outlive(&mut self, refreshing: Refreshing, steady: Instant) -> Option<Duration> {
        let (passed, since) = &mut self.outlived;
        if let Some(since) = since.take() {
            *passed += steady.saturating_duration_since(since);
        }
        match refreshing {
            Refreshing::Works => return None,
            Refreshing::WorksAgain if *passed >= OUTLIVES_MAX => return None,
            Refreshing::WorksAgain => *since = Some(steady),
            Refreshing::Fails => {}
        }
        Some(OUTLIVES_CHECK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime::from_millis(1_700_000_000_000);
    const HOUR_MS: u64 = 60 * 60 * 1000;
    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_connection_is_told_a_minute_before_its_token_ends_and_then_closed() {
        let mut expiry = Expiry::new(token(NOW, 12 * HOUR_MS), NOW);
        let began = Instant::now();
        let Due::Nothing(wait) = expiry.check(NOW, began) else { panic!("{expiry:?}") };
        assert_eq!(wait, Duration::from_millis(12 * HOUR_MS) - NOTICE);
        let told = began + wait;
        let wall = NOW.plus_millis(12 * HOUR_MS - 60_000);
        assert_eq!(expiry.check(wall, told), Due::Tell(NOTICE));
        assert_eq!(expiry.check(wall, told + SECOND), Due::Nothing(NOTICE - SECOND));
        assert_eq!(expiry.check(wall.plus_millis(60_000), told + NOTICE), Due::Close);
    }

    #[test]
    fn another_token_keeps_it_open_and_one_that_ends_sooner_changes_nothing() {
        let mut expiry = Expiry::new(token(NOW, 10_000), NOW);
        let began = Instant::now();
        let near = NOW.plus_millis(6_000);
        assert_eq!(expiry.check(near, began + 6 * SECOND), Due::Tell(5 * SECOND));
        expiry.extend(token(NOW, 12 * HOUR_MS), near);
        expiry.extend(token(NOW, 7_000), near);
        let Due::Nothing(wait) = expiry.check(near, began + 6 * SECOND) else { panic!() };
        assert!(wait > 10 * 3600 * SECOND, "{wait:?}");
    }

    #[test]
    fn a_clock_that_is_put_right_closes_nobody_who_was_not_told() {
        // The server was 13 hours behind when the token was issued.
        let mut expiry = Expiry::new(token(NOW, 12 * HOUR_MS), NOW);
        let put_right = NOW.plus_millis(13 * HOUR_MS);
        let noticed = Instant::now();
        assert_eq!(expiry.check(put_right, noticed), Due::Tell(NOTICE));
        assert_ne!(expiry.check(put_right, noticed + NOTICE - SECOND), Due::Close);
        expiry.extend(token(put_right, 12 * HOUR_MS), put_right);
        assert!(matches!(expiry.check(put_right, noticed + NOTICE), Due::Nothing(_)));

        // It was two days ahead.
        let put_right = NOW.minus_millis(48 * HOUR_MS);
        let mut expiry = Expiry::new(token(NOW, 12 * HOUR_MS), NOW);
        assert_eq!(expiry.check(put_right, noticed), Due::Tell(NOTICE));
        assert_ne!(expiry.check(put_right, noticed + NOTICE - SECOND), Due::Close);
        expiry.extend(token(put_right, HOUR_MS), put_right);
        let Due::Nothing(wait) = expiry.check(put_right, noticed + NOTICE) else { panic!() };
        assert!(wait < Duration::from_millis(HOUR_MS), "the new token counts: {wait:?}");
    }

    #[test]
    fn a_connection_outlives_its_token_while_none_is_refreshed_and_half_a_minute_while_others_are()
    {
        let mut expiry = Expiry::new(token(NOW, 10_000), NOW);
        let ended = Instant::now();
        for seconds in (0..3_600).step_by(3) {
            let now = ended + seconds * SECOND;
            assert!(expiry.outlive(Refreshing::Fails, now).is_some(), "{seconds}");
        }
        // Some are refreshed and some fail, by turns.
        let mut kept = 0;
        let mut now = ended + 3_600 * SECOND;
        while expiry.outlive(Refreshing::WorksAgain, now).is_some() {
            now += 3 * SECOND;
            expiry.outlive(Refreshing::Fails, now);
            kept += 3;
            now += 3 * SECOND;
        }
        assert_eq!(kept, 30);
        let mut expiry = Expiry::new(token(NOW, 10_000), NOW);
        assert_eq!(
            expiry.outlive(Refreshing::Works, ended),
            None,
            "its client could have refreshed"
        );
    }

    #[test]
    fn a_token_without_end_never_closes_a_connection() {
        let endless = Validity { issued_at: NOW, expires_at: WallTime::from_millis(u64::MAX) };
        let mut expiry = Expiry::new(endless, NOW);
        assert!(matches!(expiry.check(NOW, Instant::now()), Due::Nothing(_)));
    }

    fn token(issued_at: WallTime, lifetime_ms: u64) -> Validity {
        Validity { issued_at, expires_at: issued_at.plus_millis(lifetime_ms) }
    }
}
