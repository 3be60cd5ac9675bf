//! The checksum of a row of the journal: a row that the disk has changed is noticed.

/// Returns the checksum of a row: of its room, its number, and everything else in it.
pub(super) fn of_row(room_id: &str, number: u64, parts: &[&[u8]]) -> i64 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(room_id.as_bytes());
    hash.update(&number.to_le_bytes());
    for part in parts {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    i64::from(hash.finalize())
}
