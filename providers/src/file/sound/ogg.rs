//! Ogg: the codecs on its first pages, the length on its last.

use super::super::bytes::{Bytes, Read, Stop, be, le};
use super::super::contents::{Contents, Kind, Length, Refusal};

/// The most streams that a file begins with.
const STREAMS_MAX: usize = 8;
/// How much of the end is read at first, and at most: the longest page, and one byte less.
const TAIL_BYTES: [u64; 2] = [8 * 1024, 130 * 1024];
const PAGE_BYTES: usize = 27;
/// The most of a first packet that is read.
const PACKET_BYTES_MAX: usize = 64;
/// Opus always counts in 48 kHz.
const OPUS_RATE: u64 = 48_000;

/// A stream of sound whose pages count samples.
struct Stream {
    serial: u64,
    rate: u64,
    /// Samples that are decoded before the first that is heard.
    skipped: u64,
}

/// Reads the file whose first page is at `at`.
pub(super) fn read(bytes: &Bytes, mut at: u64, contents: &mut Contents) -> Read<()> {
    let mut measured: Option<Stream> = None;
    for _ in 0..STREAMS_MAX {
        let page = bytes.get(at, PAGE_BYTES)?;
        let is_first = page[..4] == *b"OggS" && page[5] & 2 != 0;
        if !is_first {
            break;
        }
        let serial = le(&page[14..18]);
        let segments = usize::from(page[26]);
        let sizes = bytes.get(at + PAGE_BYTES as u64, segments)?;
        let size: usize = sizes.iter().map(|size| usize::from(*size)).sum();
        let packet_at = at + (PAGE_BYTES + segments) as u64;
        let packet = bytes.get(packet_at, size.min(PACKET_BYTES_MAX))?;
        let (kind, codec, counted) = describe(packet);
        contents.add(kind, codec);
        measured = measured.or(counted.map(|(rate, skipped)| Stream { serial, rate, skipped }));
        at = packet_at + size as u64;
    }
    contents.complete = true;
    match (contents.has_picture(), contents.has_sound()) {
        (Some(false), Some(false)) => return Err(Stop::Refused(Refusal::Empty)),
        (Some(true), _) => contents.mime = "video/ogg",
        _ => {}
    }
    if let Some(stream) = measured {
        contents.length = find_length(bytes, &stream)?;
    }
    Ok(())
}

/// What the first packet of a stream says: what it is, its codec, and for sound how many samples
/// make a second and how many aren't heard.
fn describe(packet: &[u8]) -> (Kind, &'static str, Option<(u64, u64)>) {
    let number = |at: usize, len: usize| packet.get(at..at + len).map(le);
    if packet.starts_with(b"OpusHead") {
        (Kind::Sound, "opus", number(10, 2).map(|skipped| (OPUS_RATE, skipped)))
    } else if packet.starts_with(b"\x01vorbis") {
        (Kind::Sound, "vorbis", number(12, 4).map(|rate| (rate, 0)))
    } else if packet.starts_with(b"\x7fFLAC") {
        // Behind the version, the marker and the head of the block, as in a plain file.
        let rate = packet.get(27..35).map(|stream| be(stream) >> 44);
        (Kind::Sound, "flac", rate.map(|rate| (rate, 0)))
    } else if packet.starts_with(b"Speex   ") {
        (Kind::Sound, "speex", number(36, 4).map(|rate| (rate, 0)))
    } else if packet.starts_with(b"\x80theora") {
        (Kind::Picture, "theora", None)
    } else if packet.starts_with(b"OVP80") {
        (Kind::Picture, "vp8", None)
    } else {
        (Kind::Other, "", None)
    }
}

/// By the last page of the stream; `None` if other streams follow it.
fn find_length(bytes: &Bytes, stream: &Stream) -> Read<Option<Length>> {
    let Some(total) = bytes.total else { return Ok(None) };
    for tail in TAIL_BYTES {
        let at = total.saturating_sub(tail);
        let part = bytes.get(at, (total - at) as usize)?;
        if let Some(samples) = last_sample(part, stream.serial) {
            let heard = samples.saturating_sub(stream.skipped);
            return Ok(Length::of(heard, stream.rate, true));
        }
        if at == 0 {
            break;
        }
    }
    Ok(None)
}

/// The number of the last sample, on the last page of the stream that ends a packet.
fn last_sample(tail: &[u8], serial: u64) -> Option<u64> {
    let pages = tail.windows(PAGE_BYTES).rev();
    let ours = pages.filter(|page| page[..5] == *b"OggS\0" && le(&page[14..18]) == serial);
    ours.map(|page| le(&page[6..14])).find(|samples| *samples != u64::MAX)
}
