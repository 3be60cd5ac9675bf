//! Tags around the frames of a file of sound: ID3 and APE.

use super::super::bytes::le;

/// Bytes that tell how long a tag in front is.
pub(super) const HEAD_BYTES: usize = 24;
/// Bytes of an ID3 tag of the first version, which is the last of a file.
const OLD_BYTES: usize = 128;
/// Bytes of the header of an APE tag, and of its footer.
const APE_BYTES: usize = 32;
/// The flag of an APE tag that has a header, which its size doesn't count.
const HAS_HEADER: u64 = 1 << 31;

/// The length of the tag that `bytes` begin with, in bytes.
pub(super) fn len_in_front(bytes: &[u8]) -> Option<u64> {
    id3_len(bytes).or_else(|| ape(bytes).map(|(size, _)| APE_BYTES as u64 + size))
}

/// How many bytes of tags a file ends with of which these bytes are the last.
pub(super) fn len_at_end(tail: &[u8]) -> u64 {
    let old = tail.len().checked_sub(OLD_BYTES).filter(|at| tail[*at..].starts_with(b"TAG"));
    let end = old.unwrap_or(tail.len());
    let footer = end.checked_sub(APE_BYTES).and_then(|at| ape(&tail[at..end]));
    let header = |flags: u64| if flags & HAS_HEADER == 0 { 0 } else { APE_BYTES as u64 };
    let ape_len = footer.map_or(0, |(size, flags)| size + header(flags));
    (tail.len() - end) as u64 + ape_len
}

/// The size and the flags in the header or footer of an APE tag. The size counts the footer.
fn ape(bytes: &[u8]) -> Option<(u64, u64)> {
    let numbers = bytes.strip_prefix(b"APETAGEX")?;
    Some((le(numbers.get(4..8)?), le(numbers.get(12..16)?)))
}

fn id3_len(bytes: &[u8]) -> Option<u64> {
    let [b'I', b'D', b'3', major, _, flags, a, b, c, d, ..] = *bytes else { return None };
    let size = [a, b, c, d];
    if major == 0xff || size.iter().any(|byte| *byte > 0x7f) {
        return None;
    }
    let size = size.iter().fold(0, |size, byte| size << 7 | u64::from(*byte));
    let footer = if flags & 0x10 == 0 { 0 } else { 10 };
    Some(10 + size + footer)
}
