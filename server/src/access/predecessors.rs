//! The tokens of a family that were replaced lately, and the way from each of them to the newest one.

use super::refresh_token::{Hash, RefreshToken, Salt};

/// How long a replaced token still gives its successor, in milliseconds: two tabs may refresh at once,
/// and an answer may get lost.
pub const OVERLAP_MS: u64 = 30_000;
/// How often a token may be replaced within that time.
pub const PREDECESSORS_MAX: usize = 16;

const HASH_BYTES: usize = 32;
const SALT_BYTES: usize = 32;
const RECORD_BYTES: usize = HASH_BYTES + SALT_BYTES + 8;

/// A token that was replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Predecessor {
    hash: Hash,
    salt: Salt,
    /// How long ago it was replaced, in milliseconds.
    age_ms: u64,
}

/// Tokens that were replaced lately, the oldest first: each leads to the next, the last to the newest
/// token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Predecessors(Vec<Predecessor>);

impl Predecessors {
    /// Decodes those that aren't too old `passed_ms` after the last rotation. Ages are kept relative to
    /// that, so that a clock that is set moves all of them at once.
    pub fn decode(bytes: &[u8], passed_ms: u64) -> Self {
        let records = bytes.chunks_exact(RECORD_BYTES).filter_map(|record| {
            let (hash, rest) = record.split_first_chunk::<HASH_BYTES>()?;
            let (salt, age) = rest.split_first_chunk::<SALT_BYTES>()?;
            let age_ms = u64::from_be_bytes(age.try_into().ok()?).saturating_add(passed_ms);
            Some(Predecessor { hash: *hash, salt: *salt, age_ms })
        });
        Self(records.filter(|predecessor| predecessor.age_ms <= OVERLAP_MS).collect())
    }

    /// Encodes them for the database, as of a rotation now.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * RECORD_BYTES);
        for predecessor in &self.0 {
            bytes.extend(predecessor.hash);
            bytes.extend(predecessor.salt);
            bytes.extend(predecessor.age_ms.to_be_bytes());
        }
        bytes
    }

    /// Replaces `newest`, and returns its successor. If it was replaced too often lately, returns after
    /// how many milliseconds it may be again.
    pub fn rotate(&mut self, newest: &RefreshToken, salt: Salt) -> Result<RefreshToken, u64> {
        if self.0.len() >= PREDECESSORS_MAX {
            let oldest_ms = self.0.first().map_or(0, |oldest| oldest.age_ms);
            return Err(OVERLAP_MS.saturating_sub(oldest_ms) + 1);
        }
        self.0.push(Predecessor { hash: newest.hash(), salt, age_ms: 0 });
        Ok(newest.successor(&salt))
    }

    /// Returns the newest token, if `token` is one of those before it. Not its own successor, which may
    /// have been replaced too: a late client must not be left with a token that is soon void.
    pub fn newest_after(&self, token: &RefreshToken) -> Option<RefreshToken> {
        let hash = token.hash();
        let from = self.0.iter().position(|predecessor| predecessor.hash == hash)?;
        let rest = self.0.iter().skip(from);
        Some(rest.fold(token.clone(), |token, predecessor| token.successor(&predecessor.salt)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id;

    #[test]
    fn each_predecessor_gives_the_newest_token_for_half_a_minute() {
        let first = RefreshToken::generate();
        let mut chain = Predecessors::decode(&[], 0);
        let second = chain.rotate(&first, id::random_bytes()).unwrap();
        assert_eq!(chain.newest_after(&first), Some(second.clone()));

        let mut chain = Predecessors::decode(&chain.encode(), 20_000);
        let third = chain.rotate(&second, id::random_bytes()).unwrap();
        let stored = chain.encode();
        let later = |passed_ms| Predecessors::decode(&stored, passed_ms);
        assert_eq!(later(0).newest_after(&first), Some(third.clone()));
        assert_eq!(later(10_000).newest_after(&first), Some(third.clone()));
        assert_eq!(later(10_001).newest_after(&first), None);
        assert_eq!(later(30_000).newest_after(&second), Some(third.clone()));
        assert_eq!(later(30_001).newest_after(&second), None);
        assert_eq!(later(0).newest_after(&third), None);
        assert_eq!(later(0).newest_after(&RefreshToken::generate()), None);
    }

    #[test]
    fn a_token_is_replaced_only_so_often_and_again_once_that_is_long_ago() {
        let mut token = RefreshToken::generate();
        let mut chain = Predecessors::decode(&[], 0);
        for _ in 0..PREDECESSORS_MAX {
            token = chain.rotate(&token, id::random_bytes()).unwrap();
        }
        let wait_ms = chain.rotate(&token, id::random_bytes()).unwrap_err();
        let mut chain = Predecessors::decode(&chain.encode(), wait_ms);
        chain.rotate(&token, id::random_bytes()).unwrap();
    }
}
