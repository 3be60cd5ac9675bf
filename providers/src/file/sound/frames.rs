//! MPEG audio and AAC: frames one after the other, each with a header.

use super::super::bytes::{Bytes, Read, Stop, be};
use super::super::contents::{Contents, Kind, Length, Refusal};
use super::count::{self, Count};
use super::tags;

/// How many frames in a row tell them from other bytes.
const IN_A_ROW: usize = 3;
/// Bytes of a look into the file, which shows whether the bit rate is constant, and how long frames are.
const LOOK_BYTES: usize = 4096;
/// Where frames are counted if they differ, in quarters of the file, and how much of it each look stands for.
const LOOKS: [(u64, u32); 5] = [(0, 1), (2, 2), (4, 1), (1, 2), (3, 2)];
/// The looks that a length takes: at the front, in the middle and at the end.
const LOOKS_MIN: usize = 3;
/// Tags at the end that hardly shorten the last look.
const SHORT_TAGS_BYTES: u64 = 256;
/// How many frames may be missing of those that are counted: some encoders count the first twice.
const CUT_FRAMES: u64 = 2;

/// Bit rates in kbit/s, by the version (1, or 2 and 2.5), the layer and the index.
const RATES: [[[u64; 15]; 3]; 2] = [
    [
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    ],
    [
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ],
];
const SAMPLE_RATES: [u64; 3] = [44_100, 48_000, 32_000];

/// The header of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Frame {
    codec: Codec,
    /// Samples per second.
    rate: u64,
    /// Samples in the frame.
    samples: u64,
    /// Bits per second; 0 for AAC, whose headers don't say.
    bit_rate: u64,
    /// Bytes in the frame.
    len: usize,
    /// Bytes between the header and the place of a table of contents.
    side: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Codec {
    /// The layer.
    Mpeg(u8),
    /// The kind of AAC.
    Aac(u8),
}

/// Whether these bytes begin with frames; fewer in a row are enough where the bytes end.
pub(super) fn begins(head: &[u8]) -> bool {
    let Some(first) = Frame::at(head, 0) else { return false };
    let mut at = first.len;
    for row in 1..IN_A_ROW {
        if at + 4 > head.len() {
            return row > 1 || at == head.len();
        }
        match Frame::at(head, at) {
            Some(next) if next.is_like(&first) => at += next.len,
            // A tag may end a short file.
            _ => return row > 1 && head[at..].starts_with(b"TAG"),
        }
    }
    true
}

/// Whether enough frames in a row follow other bytes, as where a recording was cut out of a stream.
pub(super) fn follow_others(head: &[u8]) -> bool {
    (1..head.len()).any(|at| {
        let Some(first) = Frame::at(head, at) else { return false };
        let mut at = at + first.len;
        (1..IN_A_ROW).all(|_| {
            let next = Frame::at(head, at).filter(|next| next.is_like(&first));
            at += next.map_or(0, |next| next.len);
            next.is_some()
        })
    })
}

/// Reads the file whose first frame is at `at`.
pub(super) fn read(bytes: &Bytes, at: u64, contents: &mut Contents) -> Read<()> {
    let known = bytes.up_to(at, LOOK_BYTES)?;
    let first = Frame::at(known, 0).ok_or(Stop::Refused(Refusal::NoSound))?;
    contents.complete = true;
    match first.codec {
        Codec::Aac(kind) => {
            contents.mime = "audio/aac";
            contents.add(Kind::Sound, &format!("mp4a.40.{kind}"));
            return estimate_length(bytes, at, &first, contents);
        }
        Codec::Mpeg(layer) => contents.add(Kind::Sound, &format!("mp{layer}")),
    }
    let frame = &known[..first.len.min(known.len())];
    contents.inexact = count::is_variable(frame, first.side);
    let counted = match count::read(frame, first.side) {
        Some(count) => counted_length(bytes, at, &first, count, contents)?,
        None => None,
    };
    contents.length = match counted {
        Some(length) => Some(length),
        None => constant_length(bytes, at, &first)?,
    };
    if contents.length.is_none() {
        contents.inexact = true;
        return estimate_length(bytes, at, &first, contents);
    }
    Ok(())
}

/// By the count of frames, as far as its count of bytes agrees with the file: what was cut off isn't
/// there, and what was joined later isn't counted. `None` if more sound follows what is counted.
fn counted_length(
    bytes: &Bytes,
    at: u64,
    first: &Frame,
    count: Count,
    contents: &mut Contents,
) -> Read<Option<Length>> {
    let length = |frames: u64, exact| Length::of(frames * first.samples, first.rate, exact);
    let stated = length(count.frames, false);
    let there = bytes.total.map_or(0, |total| total.saturating_sub(at));
    let Some(counted) = count.bytes.filter(|_| there > 0) else { return Ok(stated) };
    if there.saturating_add(CUT_FRAMES * first.len as u64) < counted {
        // Both are less than 2^32.
        return Ok(length(count.frames * there / counted, false));
    }
    if there <= counted + LOOK_BYTES as u64 {
        return Ok(length(count.frames, true));
    }
    // Tags may follow as well, and are long if they hold a picture.
    contents.length = stated;
    let (end, last) = end_and_last_look(bytes, at, at + there)?;
    if end - at <= counted + LOOK_BYTES as u64 {
        return Ok(length(count.frames, true));
    }
    let look = bytes.up_to(last, LOOK_BYTES)?;
    let goes_on = (0..look.len()).any(|at| is_start(look, at, first));
    Ok(stated.filter(|_| !goes_on))
}

/// By the bit rate, if it is the same at the front, in the middle and at the end.
fn constant_length(bytes: &Bytes, at: u64, first: &Frame) -> Read<Option<Length>> {
    let Some(total) = bytes.total.filter(|total| *total > at) else { return Ok(None) };
    let (end, last) = end_and_last_look(bytes, at, total)?;
    for quarter in [0, 2, 4] {
        let look = bytes.up_to(look_at(quarter, at, last), LOOK_BYTES)?;
        if !is_constant(look, first) {
            return Ok(None);
        }
    }
    let bits = (end - at).checked_mul(8);
    Ok(bits.and_then(|bits| Length::of(bits, first.bit_rate, false)))
}

/// Where the sound that begins at `at` ends in a file of `total` bytes, before the tags at the end, and
/// where the last look into it begins.
fn end_and_last_look(bytes: &Bytes, at: u64, total: u64) -> Read<(u64, u64)> {
    let look = LOOK_BYTES as u64;
    let tail = total.saturating_sub(look).max(at);
    let tags = tags::len_at_end(bytes.up_to(tail, LOOK_BYTES)?);
    let end = total.saturating_sub(tags).max(at);
    // What was read for short tags is sound but for them.
    let is_short = tags <= SHORT_TAGS_BYTES;
    Ok((end, if is_short { tail } else { end.saturating_sub(look).max(at) }))
}

/// Where a look begins, so many quarters of the way from the first at `at` to the last at `last`.
fn look_at(quarter: u64, at: u64, last: u64) -> u64 {
    if quarter == 4 { last } else { at + (last - at) / 4 * quarter }
}

/// By how close frames follow each other in a few places. Each further look makes the length better.
fn estimate_length(bytes: &Bytes, at: u64, first: &Frame, contents: &mut Contents) -> Read<()> {
    let Some(total) = bytes.total.filter(|total| *total > at) else { return Ok(()) };
    let (end, last) = end_and_last_look(bytes, at, total)?;
    let (mut weights, mut frames_per_byte, mut looks) = (0.0, 0.0, 0);
    for (quarter, weight) in LOOKS {
        let part = bytes.up_to(look_at(quarter, at, last), LOOK_BYTES)?;
        let Some(found) = frames_per_byte_in(part, first) else { continue };
        frames_per_byte += found * f64::from(weight);
        weights += f64::from(weight);
        looks += 1;
        if looks >= LOOKS_MIN {
            let frames = (frames_per_byte / weights * (end - at) as f64).round() as u64;
            let samples = frames.checked_mul(first.samples);
            contents.length = samples.and_then(|samples| Length::of(samples, first.rate, false));
        }
    }
    Ok(())
}

/// How many whole frames like `first` follow each other in `part`, by the bytes that they take.
fn frames_per_byte_in(part: &[u8], first: &Frame) -> Option<f64> {
    let begins = (0..part.len()).find(|at| is_start(part, *at, first))?;
    let (mut at, mut frames) = (begins, 0_u32);
    while let Some(frame) = Frame::at(part, at).filter(|frame| at + frame.len <= part.len()) {
        at += frame.len;
        frames += 1;
    }
    (frames > 0).then(|| f64::from(frames) / (at - begins) as f64)
}

/// Whether a frame like `first` begins at `at`.
fn is_start(part: &[u8], at: usize, first: &Frame) -> bool {
    Frame::at(part, at).is_some_and(|frame| frame.is_like(first)) && begins(&part[at..])
}

/// Whether all frames in `part` have the bit rate of `first`.
fn is_constant(part: &[u8], first: &Frame) -> bool {
    let Some(mut at) = (0..part.len()).find(|at| is_start(part, *at, first)) else { return false };
    while let Some(frame) = Frame::at(part, at) {
        if frame.bit_rate != first.bit_rate {
            return false;
        }
        at += frame.len;
    }
    true
}

impl Frame {
    /// The frame whose header is at `at`.
    fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let header = bytes.get(at..at.checked_add(4)?)?;
        if header[0] != 0xff || header[1] & 0xe0 != 0xe0 {
            return None;
        }
        if header[1] & 0xf6 == 0xf0 {
            return Self::aac(bytes.get(at..at + 7)?);
        }
        Self::mpeg(header)
    }

    fn aac(header: &[u8]) -> Option<Self> {
        const AAC_RATES: [u64; 13] = [
            96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
            8_000, 7_350,
        ];
        let rate = *AAC_RATES.get(usize::from(header[2] >> 2 & 0xf))?;
        let len = (be(&header[3..6]) >> 5 & 0x1fff) as usize;
        let blocks = u64::from(header[6] & 3) + 1;
        let codec = Codec::Aac((header[2] >> 6) + 1);
        let frame = Self { codec, rate, samples: 1024 * blocks, bit_rate: 0, len, side: 0 };
        (len >= 7).then_some(frame)
    }

    fn mpeg(header: &[u8]) -> Option<Self> {
        let (version, layer) = (header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3));
        let (rate_index, sample_index) = (header[2] >> 4, usize::from(header[2] >> 2 & 3));
        if version == 1 || layer == 4 || rate_index == 0 || rate_index == 15 {
            return None;
        }
        let first_version = version == 3;
        let rate = SAMPLE_RATES.get(sample_index)? >> [2, 0, 1, 0][usize::from(version)];
        let rates = &RATES[usize::from(!first_version)][usize::from(layer - 1)];
        let bit_rate = rates[usize::from(rate_index)] * 1000;
        let samples = match (layer, first_version) {
            (1, _) => 384,
            (3, false) => 576,
            _ => 1152,
        };
        let padding = u64::from(header[2] >> 1 & 1) * if layer == 1 { 4 } else { 1 };
        let len = match layer {
            1 => 12 * bit_rate / rate * 4 + padding,
            _ => samples / 8 * bit_rate / rate + padding,
        };
        let is_mono = header[3] >> 6 == 3;
        let side = match (first_version, is_mono) {
            (true, false) => 32,
            (true, true) | (false, false) => 17,
            (false, true) => 9,
        };
        let codec = Codec::Mpeg(layer);
        Some(Self { codec, rate, samples, bit_rate, len: len as usize, side })
    }

    /// Whether both may be of one stream.
    fn is_like(&self, other: &Self) -> bool {
        (self.codec, self.rate, self.samples) == (other.codec, other.rate, other.samples)
    }
}
