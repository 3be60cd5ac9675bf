//! WebM and Matroska: the duration in `Info`, the codecs in `Tracks`.

mod codec;
mod cues;
mod ebml;
#[cfg(test)]
mod tests;

use super::bytes::{Bytes, Read, Stop, be};
use super::contents::{Contents, Kind, Length, Refusal, START_MIN_MS};
use ebml::{Element, Elements};

const EBML: u64 = 0x1a45_dfa3;
const DOC_TYPE: u64 = 0x4282;
const SEGMENT: u64 = 0x1853_8067;
const SEEK_HEAD: u64 = 0x114d_9b74;
const INFO: u64 = 0x1549_a966;
const TIMESTAMP_SCALE: u64 = 0x2a_d7b1;
const DURATION: u64 = 0x4489;
const WRITING_APP: u64 = 0x5741;
const TRACKS: u64 = 0x1654_ae6b;
const TRACK_ENTRY: u64 = 0xae;
const TRACK_NUMBER: u64 = 0xd7;
const TRACK_TYPE: u64 = 0x83;
const FLAG_ENABLED: u64 = 0xb9;
const CODEC_ID: u64 = 0x86;
const CODEC_PRIVATE: u64 = 0x63a2;
const CONTENT_ENCODINGS: u64 = 0x6d80;
const CONTENT_ENCODING: u64 = 0x6240;
const CONTENT_ENCRYPTION: u64 = 0x5035;
const CONTENT_COMPRESSION: u64 = 0x5034;
const COMPRESSION_METHOD: u64 = 0x4254;
/// The methods by their numbers, but the last, which only leaves out what all blocks begin with.
const COMPRESSIONS: [&str; 3] = ["zlib", "bzip2", "LZO"];
const CLUSTER: u64 = 0x1f43_b675;
const TIMESTAMP: u64 = 0xe7;
const SIMPLE_BLOCK: u64 = 0xa3;
const BLOCK_GROUP: u64 = 0xa0;
const BLOCK: u64 = 0xa1;

/// A program that states how much there is; others state when it ends.
const STATES_HOW_MUCH: &[u8] = b"mkvmerge";

/// Nanoseconds per unit, unless the file states another scale.
const DEFAULT_SCALE: u64 = 1_000_000;
/// The longest id of a codec that is read.
const CODEC_ID_BYTES_MAX: u64 = 64;
/// The most of a codec's configuration that is read: what names it stands at its front.
const CONFIGURATION_BYTES_MAX: u64 = 32;

/// The media type, by the document type in the EBML header.
pub(super) fn sniff(head: &[u8]) -> Option<&'static str> {
    let mut bytes = Bytes::of(None);
    bytes.add(0, head.to_vec());
    let mut top = Elements::between(&bytes, 0, u64::MAX);
    let header = top.next().ok()?.filter(|element| element.id == EBML && element.len.is_some())?;
    let mut inside = Elements::of(&bytes, &header);
    while let Some(element) = inside.next().ok()? {
        if element.id == DOC_TYPE {
            let name = element.contents(&bytes, CODEC_ID_BYTES_MAX).ok()?;
            return match trimmed(name) {
                b"webm" => Some("video/webm"),
                b"matroska" => Some("video/x-matroska"),
                _ => None,
            };
        }
    }
    None
}

/// Reads the elements as far as the bytes allow.
pub(super) fn read(bytes: &Bytes, mime: &'static str) -> (Contents, Read<()>) {
    let mut contents = Contents::new(mime);
    let outcome = read_segment(bytes, &mut contents);
    if contents.has_picture() == Some(false) {
        contents.mime = if mime == "video/webm" { "audio/webm" } else { "audio/x-matroska" };
    }
    (contents, outcome)
}

/// What `Info` says.
#[derive(Clone, Copy)]
struct Info {
    length: Option<Length>,
    /// The nanoseconds of a unit.
    scale_ns: u64,
    /// Whether the length is that of the media, wherever its clock begins.
    is_how_much: bool,
}

impl Default for Info {
    fn default() -> Self {
        Self { length: None, scale_ns: DEFAULT_SCALE, is_how_much: false }
    }
}

impl Info {
    /// So many units in milliseconds.
    fn ms(&self, units: u64) -> u64 {
        u64::try_from(u128::from(units) * u128::from(self.scale_ns) / 1_000_000).unwrap_or(0)
    }
}

fn read_segment(bytes: &Bytes, contents: &mut Contents) -> Read<()> {
    let mut elements = Elements::between(bytes, 0, u64::MAX);
    let (mut measured, mut info, mut tracks) = (false, Info::default(), vec![]);
    let (mut segment, mut cut_off, mut cues) = (0, false, None);
    while let Some(element) = elements.next()? {
        match element.id {
            SEGMENT => {
                segment = element.payload;
                cut_off =
                    element.len.is_some() && bytes.total.is_some_and(|total| element.end() > total);
                elements.enter(&element);
            }
            SEEK_HEAD if element.len.is_some() => {
                cues = cues.or(cues::find(bytes, &element, segment)?);
            }
            INFO if element.len.is_some() => {
                info = read_info(bytes, &element)?;
                // Nothing tells how much of a file that is cut off is there.
                contents.length = info.length.filter(|_| !cut_off);
                measured = true;
            }
            TRACKS => {
                tracks = read_tracks(bytes, &element, contents)?;
                contents.complete = true;
            }
            // The media begins, and neither follows it.
            CLUSTER => {
                read_start(bytes, &element, info, &tracks, contents)?;
                break;
            }
            _ => {}
        }
        let is_nothing =
            (contents.has_picture(), contents.has_sound()) == (Some(false), Some(false));
        if measured && is_nothing {
            break;
        }
    }
    if (contents.has_picture(), contents.has_sound()) == (Some(false), Some(false)) {
        return Err(Stop::Refused(Refusal::Empty));
    }
    match cues {
        Some(cues) if contents.is_enough() => doubt_length(bytes, cues, info, contents),
        _ => Ok(()),
    }
}

/// Forgets a length that the index at `cues` contradicts, since it lists what lies behind it.
fn doubt_length(bytes: &Bytes, cues: u64, info: Info, contents: &mut Contents) -> Read<()> {
    let Some(length) = contents.length else { return Ok(()) };
    let last = cues::last_time(bytes, cues)?;
    let last_ms = last.map_or(0, |units| info.ms(units).saturating_sub(contents.start_ms()));
    if last_ms > length.ms + START_MIN_MS {
        contents.length = None;
    }
    Ok(())
}

/// Notes where the clock begins, by the first block of `tracks`, in this cluster or a later one, and takes what it had
/// counted before off the length.
fn read_start(
    bytes: &Bytes,
    cluster: &Element,
    info: Info,
    tracks: &[u64],
    contents: &mut Contents,
) -> Read<()> {
    let mut elements = Elements::between(bytes, cluster.payload, u64::MAX);
    let (mut at, mut earliest) = (0, u64::MAX);
    let begins = loop {
        let Some(element) = elements.next()? else { return Ok(()) };
        match element.id {
            TIMESTAMP => at = element.number(bytes)?,
            CLUSTER | BLOCK_GROUP => elements.step_into(&element),
            SIMPLE_BLOCK | BLOCK => {
                let (track, since) = read_block(bytes, &element)?;
                let units = at.saturating_add_signed(since);
                earliest = earliest.min(units);
                // Subtitles may begin before picture and sound.
                if tracks.is_empty() || tracks.contains(&track) {
                    break units;
                }
            }
            _ => {}
        }
    };
    let begins_ms = info.ms(begins);
    if begins_ms < START_MIN_MS {
        return Ok(());
    }
    contents.begins_at(begins_ms, 1000);
    // An end before the beginning can only be a length, whichever program wrote it.
    contents.take_off(begins_ms - if info.is_how_much { info.ms(earliest) } else { 0 });
    Ok(())
}

/// The number of a block's track, and how much later than its cluster it is.
fn read_block(bytes: &Bytes, block: &Element) -> Read<(u64, i64)> {
    let since = |high: &u8, low: &u8| i64::from(i16::from_be_bytes([*high, *low]));
    Ok(match block.contents(bytes, 4)? {
        [track @ 0x80..=0xff, high, low, ..] => (u64::from(track & 0x7f), since(high, low)),
        [track @ 0x40..=0x7f, rest, high, low] => (be(&[track & 0x3f, *rest]), since(high, low)),
        // No file has as many tracks.
        _ => (0, 0),
    })
}

fn read_info(bytes: &Bytes, info: &Element) -> Read<Info> {
    let (mut scale_ns, mut units, mut is_how_much) = (DEFAULT_SCALE, None, false);
    let mut elements = Elements::of(bytes, info);
    while let Some(element) = elements.next()? {
        match element.id {
            TIMESTAMP_SCALE => scale_ns = element.number(bytes)?,
            DURATION => units = float(element.contents(bytes, 8)?),
            WRITING_APP => {
                let name = element.contents(bytes, STATES_HOW_MUCH.len() as u64)?;
                is_how_much = name == STATES_HOW_MUCH;
            }
            _ => {}
        }
    }
    let ms = units.map(|units: f64| (units * scale_ns as f64 / 1e6).round());
    let ms = ms.filter(|ms| ms.is_finite() && *ms > 0.0 && *ms < u64::MAX as f64);
    // Only the header says so.
    let length = ms.map(|ms| Length { ms: ms as u64, exact: false });
    Ok(Info { length, scale_ns, is_how_much })
}

/// Reads the tracks, and returns the numbers of those with picture or sound.
fn read_tracks(bytes: &Bytes, tracks: &Element, contents: &mut Contents) -> Read<Vec<u64>> {
    let mut numbers = vec![];
    let mut elements = Elements::of(bytes, tracks);
    while let Some(element) = elements.next()? {
        if element.id == TRACK_ENTRY {
            numbers.extend(read_track(bytes, &element, contents)?);
        }
    }
    Ok(numbers)
}

/// Its number, if it has picture or sound and states one.
fn read_track(bytes: &Bytes, entry: &Element, contents: &mut Contents) -> Read<Option<u64>> {
    let (mut number, mut kind, mut enabled) = (None, Kind::Other, true);
    let (mut id, mut configuration) = (String::new(), &[][..]);
    let mut encoded = None;
    let mut elements = Elements::of(bytes, entry);
    while let Some(element) = elements.next()? {
        match element.id {
            TRACK_NUMBER => number = Some(element.number(bytes)?),
            TRACK_TYPE => {
                kind = match element.number(bytes)? {
                    1 => Kind::Picture,
                    2 => Kind::Sound,
                    _ => Kind::Other,
                }
            }
            FLAG_ENABLED => enabled = element.number(bytes)? != 0,
            CODEC_ID => {
                let name = trimmed(element.contents(bytes, CODEC_ID_BYTES_MAX)?);
                id = String::from_utf8_lossy(name).into_owned();
            }
            CODEC_PRIVATE => configuration = element.contents(bytes, CONFIGURATION_BYTES_MAX)?,
            CONTENT_ENCODINGS => encoded = find_encoding(bytes, &element)?,
            _ => {}
        }
    }
    // Of several compressed ones, browsers play the first of each kind.
    let is_first = match kind {
        Kind::Picture => contents.has_picture() != Some(true),
        Kind::Sound => contents.has_sound() != Some(true),
        Kind::Other => false,
    };
    match encoded {
        Some(Refusal::Encrypted) if kind != Kind::Other => {
            return Err(Stop::Refused(Refusal::Encrypted));
        }
        Some(refusal) if is_first => return Err(Stop::Refused(refusal)),
        _ => {}
    }
    if enabled {
        contents.add(kind, &codec::name(&id, configuration));
    }
    Ok(number.filter(|_| kind != Kind::Other))
}

/// What browsers can't undo of the encodings.
fn find_encoding(bytes: &Bytes, encodings: &Element) -> Read<Option<Refusal>> {
    let mut found = None;
    let mut elements = Elements::of(bytes, encodings);
    while let Some(element) = elements.next()? {
        let mut inside = Elements::of(bytes, &element);
        while let Some(part) = inside.next()? {
            match (element.id, part.id) {
                (CONTENT_ENCODING, CONTENT_ENCRYPTION) => return Ok(Some(Refusal::Encrypted)),
                (CONTENT_ENCODING, CONTENT_COMPRESSION) => {
                    let name = find_compression(bytes, &part)?;
                    found = found.or(name.map(Refusal::Compressed));
                }
                _ => {}
            }
        }
    }
    Ok(found)
}

/// The name of a compression that browsers can't undo.
fn find_compression(bytes: &Bytes, compression: &Element) -> Read<Option<&'static str>> {
    // What isn't stated is the first.
    let mut method = 0;
    let mut elements = Elements::of(bytes, compression);
    while let Some(element) = elements.next()? {
        if element.id == COMPRESSION_METHOD {
            method = element.number(bytes)?;
        }
    }
    Ok(usize::try_from(method).ok().and_then(|method| COMPRESSIONS.get(method).copied()))
}

/// Text without the blanks and zeros that fill it up.
fn trimmed(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    text[..end].trim_ascii_end()
}

fn float(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => Some(f64::from(f32::from_be_bytes(bytes.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}
