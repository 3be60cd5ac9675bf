//! FLAC: the number of samples in its first block, held against its last frame.

use super::super::bytes::{Bytes, Read, be};
use super::super::contents::{Contents, Kind, Length};

/// The most of the end that is read to find the last frame: those of most files are shorter.
const TAIL_BYTES: u64 = 32 * 1024;
/// The longest head of a frame.
const HEAD_BYTES: usize = 16;

/// Reads the file whose marker `fLaC` is at `at`.
pub(super) fn read(bytes: &Bytes, at: u64, contents: &mut Contents) -> Read<()> {
    contents.mime = "audio/flac";
    contents.complete = true;
    contents.add(Kind::Sound, "flac");
    // Behind the marker and the head of the block.
    let stream = Stream::of(bytes.get(at + 4 + 4, 18)?);
    contents.length = Length::of(stream.samples, stream.rate, false);
    let Some(total) = bytes.total else { return Ok(()) };
    let tail = TAIL_BYTES.min(total.saturating_sub(at));
    let tail = bytes.get(total - tail, tail as usize)?;
    if stream.ends(tail).any(|end| end == stream.samples) {
        contents.length = Length::of(stream.samples, stream.rate, true);
    } else if let Some(there) = stream.ends(tail).next() {
        // Where something else is stated, players go by that until they come to the end.
        contents.length = Length::of(there, stream.rate, stream.samples == 0);
    }
    Ok(())
}

/// What the first block says.
struct Stream {
    /// Samples in a frame, if all but the last have as many; else 0.
    frame: u64,
    /// Samples per second.
    rate: u64,
    /// Samples in all; 0 if it doesn't say.
    samples: u64,
}

impl Stream {
    fn of(block: &[u8]) -> Self {
        let (least, most, last) = (be(&block[..2]), be(&block[2..4]), be(&block[10..18]));
        let frame = if least == most { least } else { 0 };
        Self { frame, rate: last >> 44, samples: last & 0xf_ffff_ffff }
    }

    /// Where the frames that begin in `tail` end, in samples from the beginning, the last one first.
    fn ends(&self, tail: &[u8]) -> impl Iterator<Item = u64> {
        tail.windows(HEAD_BYTES).rev().filter_map(|head| self.frame_end(head))
    }

    /// Where the frame with this head ends; `None` if it isn't one.
    fn frame_end(&self, head: &[u8]) -> Option<u64> {
        if head[0] != 0xff || head[1] & 0xfe != 0xf8 || head[3] & 1 != 0 || head[3] >> 4 > 10 {
            return None;
        }
        let counts_samples = head[1] & 1 == 1;
        let (number, len) = coded_number(&head[4..])?;
        let mut at = 4 + len;
        let samples = match head[2] >> 4 {
            0 => return None,
            1 => 192,
            code @ 2..=5 => 576 << (code - 2),
            6 => {
                at += 1;
                u64::from(head[at - 1]) + 1
            }
            7 => {
                at += 2;
                be(&head[at - 2..at]) + 1
            }
            code => 256 << (code - 8),
        };
        at += match head[2] & 0xf {
            12 => 1,
            13 | 14 => 2,
            15 => return None,
            _ => 0,
        };
        if checksum(head.get(..at)?) != *head.get(at)? {
            return None;
        }
        let begins = match (counts_samples, self.frame) {
            (true, _) => number,
            (false, frame) if samples > frame => return None,
            (false, frame) => number.checked_mul(frame)?,
        };
        begins.checked_add(samples)
    }
}

/// A number that is coded as a character of UTF-8 is, in up to seven bytes, and how many they are.
fn coded_number(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let ones = first.leading_ones() as usize;
    match ones {
        0 => Some((u64::from(first), 1)),
        2..=7 => {
            let more = bytes.get(1..ones)?;
            let bits = u64::from(first) & (0x7f >> ones);
            let all_follow = more.iter().all(|byte| byte >> 6 == 2);
            let number =
                more.iter().fold(bits, |number, byte| number << 6 | u64::from(byte & 0x3f));
            all_follow.then_some((number, ones))
        }
        _ => None,
    }
}

/// The checksum of a frame's head, which ends it.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(sum ^ byte, |sum, _| if sum & 0x80 == 0 { sum << 1 } else { sum << 1 ^ 7 })
    })
}
