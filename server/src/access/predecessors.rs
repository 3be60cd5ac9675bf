//! The tokens of a family that were replaced lately, and the way from each of them to the newest one.

use super::refresh_token::{Hash, RefreshToken, Salt};

/// How long a replaced token still gives the newest one after its successor was first used, in
/// milliseconds: two tabs may refresh at once. Before that use there is no end, because the answer with
/// the successor may have got lost.
pub const OVERLAP_MS: u64 = 30_000;
/// How often a family's token may be replaced within that time.
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

/// Tokens that were replaced and still give the newest one, the oldest first: each leads to the next, the
/// last to the newest token. The last is always here, and the others until [`OVERLAP_MS`] after their
/// successor was used, which is when that was replaced in turn.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Predecessors(Vec<Predecessor>);

impl Predecessors {
    /// Decodes those that still give the newest token `passed_ms` after the last rotation. Ages are kept
    /// relative to that, so that a clock that is set moves all of them at once.
    pub fn decode(bytes: &[u8], passed_ms: u64) -> Self {
        let records = bytes.chunks_exact(RECORD_BYTES).filter_map(|record| {
            let (hash, rest) = record.split_first_chunk::<HASH_BYTES>()?;
            let (salt, age) = rest.split_first_chunk::<SALT_BYTES>()?;
            let age_ms = u64::from_be_bytes(age.try_into().ok()?).saturating_add(passed_ms);
            Some(Predecessor { hash: *hash, salt: *salt, age_ms })
        });
        let mut all: Vec<Predecessor> = records.collect();
        // Ages only fall from one to the next, so what is over is at the front.
        let over = all.iter().skip(1).take_while(|used| used.age_ms > OVERLAP_MS).count();
        all.drain(..over);
        Self(all)
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

    /// Replaces `newest` in the family with this key, and returns its successor, with this number. If there
    /// were too many replacements lately, returns after how many milliseconds there may be one again.
    pub fn rotate(
        &mut self,
        newest: &RefreshToken,
        salt: Salt,
        number: u32,
        proof_key: &[u8],
    ) -> Result<RefreshToken, u64> {
        if self.0.len() >= PREDECESSORS_MAX {
            let next_over_ms = self.0.get(1).map_or(0, |used| used.age_ms);
            return Err(OVERLAP_MS.saturating_sub(next_over_ms) + 1);
        }
        self.0.push(Predecessor { hash: newest.hash(), salt, age_ms: 0 });
        Ok(newest.successor(&salt, number, proof_key))
    }

    /// Returns the newest token, which has this number, if `token` is one of those before it. Not its own
    /// successor, which may have been replaced too: a late client must not be left with a token that is
    /// soon void.
    pub fn newest_after(
        &self,
        token: &RefreshToken,
        number: u32,
        proof_key: &[u8],
    ) -> Option<RefreshToken> {
        let hash = token.hash();
        let from = self.0.iter().position(|predecessor| predecessor.hash == hash)?;
        let mut newest = token.clone();
        for predecessor in self.0.iter().skip(from) {
            newest = newest.successor(&predecessor.salt, number, proof_key);
        }
        Some(newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id;

    const KEY: [u8; 32] = [7; 32];
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;

    #[test]
    fn a_predecessor_gives_the_newest_token_until_half_a_minute_after_its_successor_was_used() {
        let first = RefreshToken::generate(&KEY);
        let mut chain = Predecessors::decode(&[], 0);
        let second = chain.rotate(&first, id::random_bytes(), 1, &KEY).unwrap();
        let stored = chain.encode();
        let later = |stored: &[u8], passed_ms| Predecessors::decode(stored, passed_ms);
        for passed_ms in [0, 30_001, DAY_MS] {
            let chain = later(&stored, passed_ms);
            assert_eq!(chain.newest_after(&first, 1, &KEY), Some(second.clone()), "{passed_ms}");
        }

        // The second is used after a day: from now on the first has half a minute.
        let mut chain = later(&stored, DAY_MS);
        let third = chain.rotate(&second, id::random_bytes(), 2, &KEY).unwrap();
        let stored = chain.encode();
        let newest = |token, passed_ms| later(&stored, passed_ms).newest_after(token, 2, &KEY);
        assert_eq!(newest(&first, 0), Some(third.clone()));
        assert_eq!(newest(&first, 30_000), Some(third.clone()));
        assert_eq!(newest(&first, 30_001), None);
        assert_eq!(newest(&second, DAY_MS), Some(third.clone()));
        assert_eq!(newest(&third, 0), None);
        assert_eq!(newest(&RefreshToken::generate(&KEY), 0), None);
    }

    #[test]
    fn a_token_is_replaced_only_so_often_and_again_once_that_is_long_ago() {
        let mut token = RefreshToken::generate(&KEY);
        let mut chain = Predecessors::decode(&[], 0);
        for _ in 0..PREDECESSORS_MAX {
            token = chain.rotate(&token, id::random_bytes(), 1, &KEY).unwrap();
        }
        let wait_ms = chain.rotate(&token, id::random_bytes(), 1, &KEY).unwrap_err();
        let mut sooner = Predecessors::decode(&chain.encode(), wait_ms - 1);
        sooner.rotate(&token, id::random_bytes(), 1, &KEY).unwrap_err();
        let mut chain = Predecessors::decode(&chain.encode(), wait_ms);
        chain.rotate(&token, id::random_bytes(), 1, &KEY).unwrap();
    }
}
