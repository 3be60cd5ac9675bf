//! WAV, and its forms for more than 4 GiB.

use super::super::bytes::{Bytes, Read, Stop, le};
use super::super::contents::{Contents, Kind, Length, Refusal};

/// The format tag of a description that names the format itself.
const EXTENSIBLE: u64 = 0xfffe;
/// The formats whose samples are of one size: whole numbers, floating-point numbers, A-law and µ-law.
const ONE_SIZE: [u64; 4] = [1, 3, 6, 7];
/// Sizes that mean another, or none.
const UNKNOWN: u64 = 0xffff_ffff;

pub(super) fn is_wav(head: &[u8]) -> bool {
    let outer = head.get(..4).is_some_and(|outer| matches!(outer, b"RIFF" | b"RF64" | b"BW64"));
    outer && head.get(8..12) == Some(b"WAVE")
}

pub(super) fn read(bytes: &Bytes, contents: &mut Contents) -> Read<()> {
    let (mut at, mut large, mut rate, mut sound) = (12, None, None, None);
    contents.complete = true;
    loop {
        let (name, size) = match bytes.get(at, 8) {
            Err(Stop::End) => return Err(Stop::Refused(Refusal::CutOff)),
            chunk => (&chunk?[..4], le(&bytes.get(at, 8)?[4..])),
        };
        let payload = at + 8;
        match name {
            b"ds64" => large = Some(le(&bytes.get(payload, 16)?[8..])),
            b"fmt " => {
                let format = bytes.get(payload, 16)?;
                let tag = match le(&format[..2]) {
                    EXTENSIBLE if size >= 26 => le(&bytes.get(payload + 24, 2)?[..2]),
                    tag => tag,
                };
                // As RFC 2361 writes it, and Matroska's names of the same formats do.
                contents.add(Kind::Sound, &format!("{tag:x}"));
                // Others only state what their bytes come to, and some are wrong.
                rate = Some((byte_rate(format, tag), ONE_SIZE.contains(&tag)));
            }
            b"data" => {
                let stated = match (size, large) {
                    (UNKNOWN, Some(large)) => Some(large),
                    (0 | UNKNOWN, _) => None,
                    _ => Some(size),
                };
                let there = bytes.total.map(|total| total.saturating_sub(payload));
                // Written while it was recorded, or cut off: what is there counts.
                sound = Some([stated, there].into_iter().flatten().min());
            }
            _ => {}
        }
        // Either may come first.
        if let (Some((rate, is_exact)), Some(len)) = (rate, sound) {
            contents.length = len.and_then(|len| Length::of(len, rate, is_exact));
            return Ok(());
        }
        at = payload.saturating_add(size).saturating_add(size & 1);
    }
}

/// Bytes per second of a description with this tag. The field that states it is wrong in some files,
/// and players go by the size of a sample in all channels, where that is always the same.
fn byte_rate(format: &[u8], tag: u64) -> u64 {
    let stated = le(&format[8..12]);
    let counted = le(&format[4..8]) * le(&format[12..14]);
    if ONE_SIZE.contains(&tag) && counted > 0 { counted } else { stated }
}
