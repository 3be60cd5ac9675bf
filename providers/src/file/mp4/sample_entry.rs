//! The descriptions of samples, and the codecs they name, as in RFC 6381.

use super::super::bytes::{Bytes, Read, Stop, be};
use super::super::codec::{aac_object_type, av1, avc, hevc};
use super::super::contents::{Kind, Refusal};
use super::boxes::{Boxes, Header};

/// The most descriptions of one track that are read.
const ENTRIES_MAX: u64 = 8;
/// Bytes of a visual description before the boxes in it.
const VISUAL_BYTES: u64 = 78;
/// The same of an audio description, and what versions 1 and 2 of QuickTime's add.
const AUDIO_BYTES: u64 = 28;
const QUICKTIME_1_BYTES: u64 = 16;
const QUICKTIME_2_BYTES: u64 = 36;
/// The longest configuration that is read.
const CONFIGURATION_BYTES_MAX: u64 = 2048;

/// The codecs of a track; refuses encrypted ones.
pub(super) fn read_all(bytes: &Bytes, stsd: &Header, kind: Kind) -> Read<Vec<String>> {
    if kind == Kind::Other {
        return Ok(vec![]);
    }
    let version = bytes.get(stsd.payload, 1)?[0];
    let count = be(bytes.get(stsd.payload + 4, 4)?).min(ENTRIES_MAX);
    let mut entries = Boxes::between(bytes, stsd.payload + 8, stsd.end);
    let mut codecs = vec![];
    for _ in 0..count {
        let Some(entry) = entries.next()? else { break };
        if matches!(&entry.kind, b"encv" | b"enca" | b"drmi" | b"drms") {
            return Err(Stop::Refused(Refusal::Encrypted));
        }
        let codec = match kind {
            Kind::Picture => picture(bytes, &entry)?,
            _ => sound(bytes, &entry, version)?,
        };
        codecs.push(codec);
    }
    Ok(codecs)
}

/// The bits per second of all that a track holds, as its first description states them.
pub(super) fn bit_rate(bytes: &Bytes, stsd: &Header, kind: Kind) -> Option<u64> {
    let entry = Boxes::between(bytes, stsd.payload + 8, stsd.end).next().ok()??;
    let fixed = if kind == Kind::Picture { VISUAL_BYTES } else { AUDIO_BYTES };
    let rates = find(bytes, entry.payload + fixed, entry.end, b"btrt").ok()??;
    // Behind the size of a buffer and the highest rate.
    rates.get(8..12).map(be).filter(|rate| *rate > 0)
}

fn picture(bytes: &Bytes, entry: &Header) -> Read<String> {
    let inside = |kind| find(bytes, entry.payload + VISUAL_BYTES, entry.end, kind);
    let name = name(&entry.kind);
    let named = match &entry.kind {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => inside(b"avcC")?.and_then(|c| avc(&name, c)),
        b"hvc1" | b"hev1" => inside(b"hvcC")?.and_then(|c| hevc(&name, c)),
        b"av01" => inside(b"av1C")?.and_then(av1),
        b"vp08" | b"vp09" => inside(b"vpcC")?.and_then(|c| vpx(&name, c)),
        b"mp4v" => inside(b"esds")?.and_then(|c| mpeg4(&name, c)),
        b"dvh1" | b"dvhe" | b"dva1" | b"dvav" => match inside(b"dvcC")? {
            None => inside(b"dvvC")?.and_then(|c| dolby_vision(&name, c)),
            Some(configuration) => dolby_vision(&name, configuration),
        },
        _ => None,
    };
    Ok(named.unwrap_or(name))
}

fn sound(bytes: &Bytes, entry: &Header, version: u8) -> Read<String> {
    let name = name(&entry.kind);
    if entry.kind != *b"mp4a" {
        return Ok(match &entry.kind {
            b"Opus" => "opus".to_owned(),
            b"fLaC" => "flac".to_owned(),
            b".mp3" | b"ms\0U" => "mp3".to_owned(),
            _ => name,
        });
    }
    let quicktime = match bytes.get(entry.payload + 8, 2)? {
        [0, 1] if version == 0 => QUICKTIME_1_BYTES,
        [0, 2] if version == 0 => QUICKTIME_2_BYTES,
        _ => 0,
    };
    let from = entry.payload + AUDIO_BYTES + quicktime;
    let configuration = match find(bytes, from, entry.end, b"esds")? {
        Some(configuration) => Some(configuration),
        // QuickTime wraps it.
        None => match find_box(bytes, from, entry.end, b"wave")? {
            Some(wave) => find(bytes, wave.payload, wave.end, b"esds")?,
            None => None,
        },
    };
    Ok(configuration.and_then(|c| mpeg4(&name, c)).unwrap_or(name))
}

fn find_box(bytes: &Bytes, from: u64, end: u64, kind: &[u8; 4]) -> Read<Option<Header>> {
    let mut boxes = Boxes::between(bytes, from, end);
    while let Some(header) = boxes.next()? {
        if header.kind == *kind {
            return Ok(Some(header));
        }
    }
    Ok(None)
}

/// What a box of this kind holds, if there is one.
fn find<'a>(bytes: &'a Bytes, from: u64, end: u64, kind: &[u8; 4]) -> Read<Option<&'a [u8]>> {
    let Some(found) = find_box(bytes, from, end, kind)? else { return Ok(None) };
    let len = found.end.saturating_sub(found.payload).min(CONFIGURATION_BYTES_MAX);
    bytes.get(found.payload, len as usize).map(Some)
}

/// The four characters of an entry, without the blanks that fill them up.
fn name(kind: &[u8; 4]) -> String {
    String::from_utf8_lossy(kind).trim().to_owned()
}

fn vpx(name: &str, configuration: &[u8]) -> Option<String> {
    let [_, _, _, _, profile, level, depth, ..] = *configuration else { return None };
    Some(format!("{name}.{profile:02}.{level:02}.{:02}", depth >> 4))
}

fn dolby_vision(name: &str, configuration: &[u8]) -> Option<String> {
    let [_, _, high, low, ..] = *configuration else { return None };
    Some(format!("{name}.{:02}.{:02}", high >> 1, (high & 1) << 5 | low >> 3))
}

/// From an elementary stream's descriptor: the object type, and the kind of AAC or the profile.
fn mpeg4(name: &str, esds: &[u8]) -> Option<String> {
    let (tag, stream, _) = descriptor(esds.get(4..)?)?;
    let flags = *stream.get(2).filter(|_| tag == 3)?;
    let dependence = if flags & 0x80 == 0 { 0 } else { 2 };
    let url = if flags & 0x40 == 0 { 0 } else { 1 + usize::from(*stream.get(3 + dependence)?) };
    let clock = if flags & 0x20 == 0 { 0 } else { 2 };
    let (tag, decoder, _) = descriptor(stream.get(3 + dependence + url + clock..)?)?;
    let object_type = *decoder.first().filter(|_| tag == 4)?;
    let specific = decoder.get(13..).and_then(descriptor);
    let specific =
        specific.filter(|(tag, ..)| *tag == 5).map_or(&[][..], |(_, specific, _)| specific);
    Some(match object_type {
        0x40 => match aac_object_type(specific) {
            Some(kind) => format!("{name}.40.{kind}"),
            None => format!("{name}.40.2"),
        },
        0x69 | 0x6b => "mp3".to_owned(),
        0xa5 => "ac-3".to_owned(),
        0xa6 => "ec-3".to_owned(),
        0xa9 => "dts".to_owned(),
        0xad => "opus".to_owned(),
        0xdd => "vorbis".to_owned(),
        0x20 => match visual_profile(specific) {
            Some(profile) => format!("{name}.20.{profile}"),
            None => format!("{name}.20"),
        },
        other => format!("{name}.{other:02X}"),
    })
}

/// The profile and level of MPEG-4 video, which follow its first start code.
fn visual_profile(configuration: &[u8]) -> Option<u8> {
    let start = configuration.windows(4).position(|code| code == [0, 0, 1, 0xb0])?;
    configuration.get(start + 4).copied()
}

/// A descriptor's tag, its contents, and what follows.
fn descriptor(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, mut rest) = bytes.split_first()?;
    let mut len = 0;
    for _ in 0..4 {
        let (byte, after) = rest.split_first()?;
        rest = after;
        len = len << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    let len = len.min(rest.len());
    Some((*tag, &rest[..len], &rest[len..]))
}
