//! When an access token is valid.

use contracts::ErrorCode;

use crate::clock::WallTime;
use crate::refusal::Refusal;

/// How far in the future a token may have been issued, in milliseconds: the clock of another node may be
/// a little ahead.
const AHEAD_MS: u64 = 5 * 60 * 1000;

/// When a token was issued, and when it expires.
///
/// A token from the future is not valid. The clock that issued it has been put right since, so nobody
/// knows when it should have ended; and its user gets another one by the refresh token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validity {
    /// When it was issued.
    pub issued_at: WallTime,
    /// When it expires.
    pub expires_at: WallTime,
}

impl Validity {
    /// Refuses a token that isn't valid at `now`.
    pub fn check(self, now: WallTime) -> Result<(), Refusal> {
        if self.is_early(now) {
            let detail = "the token was issued by a clock that was ahead; get a new one";
            return Err(Refusal::new(ErrorCode::TokenInvalid, detail));
        }
        if self.expires_at <= now {
            let detail = "the token has expired; get a new one";
            return Err(Refusal::new(ErrorCode::TokenExpired, detail));
        }
        Ok(())
    }

    /// Returns for how long the token is still valid, in milliseconds.
    pub fn left_ms(self, now: WallTime) -> u64 {
        if self.is_early(now) { 0 } else { self.expires_at.millis_since(now) }
    }

    fn is_early(self, now: WallTime) -> bool {
        self.issued_at > now.plus_millis(AHEAD_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_valid_from_when_it_was_issued_until_it_expires() {
        let at = |seconds: u64| WallTime::from_millis(1_700_000_000_000 + seconds * 1000);
        let validity = Validity { issued_at: at(1_000), expires_at: at(2_000) };
        for (now, left_s, code) in [
            (0, 0, Some(ErrorCode::TokenInvalid)),
            (699, 0, Some(ErrorCode::TokenInvalid)),
            (700, 1_300, None),
            (1_000, 1_000, None),
            (1_999, 1, None),
            (2_000, 0, Some(ErrorCode::TokenExpired)),
            (9_000, 0, Some(ErrorCode::TokenExpired)),
        ] {
            assert_eq!(validity.left_ms(at(now)), left_s * 1000, "{now}");
            assert_eq!(validity.check(at(now)).err().map(|refused| refused.code()), code, "{now}");
        }
    }
}
