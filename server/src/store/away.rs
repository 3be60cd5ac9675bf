//! The rooms whose commands can't be stored now. Rooms are divided into shards, each of which is kept in
//! one place and is away as a whole.

use engine::RoomId;
use sha2::{Digest, Sha256};

/// The number of shards.
pub(super) const SHARDS: u16 = 256;

/// Returns the shard of a room, which is below `SHARDS`.
pub(super) fn shard_of(room_id: &RoomId) -> u16 {
    u16::from(Sha256::digest(room_id.as_str().as_bytes())[0])
}

/// The rooms whose commands can't be stored now. Initially none.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Away([u64; 4]);

impl Away {
    /// Makes it of shards. Those that don't exist are left out.
    pub fn of_shards(shards: impl IntoIterator<Item = u16>) -> Self {
        let mut bits = [0; 4];
        for shard in shards.into_iter().filter(|shard| *shard < SHARDS) {
            bits[usize::from(shard / 64)] |= 1 << (shard % 64);
        }
        Self(bits)
    }

    /// Whether commands of a room can't be stored.
    pub fn has(&self, room_id: &RoomId) -> bool {
        self.has_shard(shard_of(room_id))
    }

    /// Whether a shard below `SHARDS` is away.
    pub(super) fn has_shard(&self, shard: u16) -> bool {
        self.0[usize::from(shard / 64)] & (1 << (shard % 64)) != 0
    }

    /// The number of shards that are away.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|bits| bits.count_ones()).sum()
    }

    /// Whether no room is away.
    pub fn is_none(&self) -> bool {
        self.count() == 0
    }

    /// Whether every room is away.
    pub fn is_all(&self) -> bool {
        self.count() == u32::from(SHARDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_rooms_of_the_shards_that_are_away_are_away() {
        let rooms: Vec<RoomId> = (0..2_000).map(|n| RoomId::new(format!("r_{n}"))).collect();
        let away = Away::of_shards([0, 63, 64, 255, SHARDS]);
        assert_eq!((away.count(), away.is_none(), away.is_all()), (4, false, false));
        for room_id in &rooms {
            let expected = [0, 63, 64, 255].contains(&shard_of(room_id));
            assert_eq!(away.has(room_id), expected, "{room_id}");
        }
        assert!(rooms.iter().any(|room_id| away.has(room_id)), "some are");
        assert!(Away::default().is_none());
        assert!(Away::of_shards(0..SHARDS).is_all());
    }
}
