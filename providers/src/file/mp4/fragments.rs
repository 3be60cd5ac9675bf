//! The length of a file in fragments, by the index of its fragments, and where the first one begins.

use super::super::bytes::{Bytes, Read, Stop, be};
use super::super::contents::{Length, Refusal};
use super::boxes::{self, Boxes, Header};
use super::track::Track;
use crate::timestamp;

/// The most bytes of an index that are read: 12 for each of its fragments.
const INDEX_BYTES_MAX: u64 = 32 * 1024;
/// The most of a box that is read for where the first fragment begins, in bytes.
const STAMP_BYTES_MAX: u64 = 32;

/// What the boxes behind `moov` tell.
pub(super) struct Fragments {
    /// The length by the indexes, of which each covers a track; `None` if they don't cover the whole file.
    /// Where they name more than the file holds, it is an estimate, of the fragments that are whole.
    pub(super) length: Option<Length>,
    /// The head of the first fragment.
    pub(super) first: Option<Header>,
}

/// An index: how long its fragments last, and where the last of them ends.
struct Index {
    length: Option<Length>,
    end: u64,
}

/// Reads on from behind `moov` to the first fragment.
pub(super) fn read(boxes: &mut Boxes<'_>, bytes: &Bytes) -> Read<Fragments> {
    let mut longest: Option<Length> = None;
    let (mut covered, mut unread, mut cut_off) = (false, false, false);
    let first = loop {
        let header = match boxes.next() {
            // The first piece of a film that is delivered in pieces.
            Ok(None) | Err(Stop::End) => return Err(Stop::Refused(Refusal::Piece)),
            Ok(Some(header)) => header,
            Err(stop) => return Err(stop),
        };
        match &header.kind {
            b"sidx" => match read_index(bytes, &header)? {
                Some(index) => {
                    cut_off |= bytes.total.is_some_and(|total| index.end > total);
                    covered |= is_end_of_media(bytes, index.end)?;
                    longest = longest.max(index.length);
                }
                None => unread = true,
            },
            b"moof" => break Some(header),
            b"mdat" => break None,
            _ => {}
        }
    };
    let length = longest.filter(|_| covered && !unread);
    let length = length.map(|length| Length { exact: length.exact && !cut_off, ..length });
    Ok(Fragments { length, first })
}

/// When the first sample of a track in the fragment with this head is presented, before its edits and in
/// units of the track; `None` if that can't be told.
pub(super) fn first_stamp(bytes: &Bytes, track: &Track, moof: &Header) -> Read<Option<i64>> {
    let mut boxes = Boxes::of(bytes, moof);
    while let Some(header) = boxes.next()? {
        if header.kind == *b"traf"
            && let Some(stamp) = stamp_in(bytes, track, &header)?
        {
            return Ok(Some(stamp));
        }
    }
    Ok(None)
}

/// The same in one part of the fragment; `None` also if it is another track's.
fn stamp_in(bytes: &Bytes, track: &Track, traf: &Header) -> Read<Option<i64>> {
    let mut decoded = None;
    let mut boxes = Boxes::of(bytes, traf);
    while let Some(header) = boxes.next()? {
        match &header.kind {
            b"tfhd" if be(boxes::full(bytes, &header, 4)?.1) != track.id => return Ok(None),
            b"tfdt" => decoded = Some(first_bytes(bytes, &header)?),
            b"trun" => {
                let run = first_bytes(bytes, &header)?;
                return Ok(decoded.and_then(|decoded| timestamp::presented(decoded, run)));
            }
            _ => {}
        }
    }
    Ok(None)
}

fn first_bytes<'a>(bytes: &'a Bytes, header: &Header) -> Read<&'a [u8]> {
    let len = header.end.saturating_sub(header.payload).min(STAMP_BYTES_MAX);
    bytes.up_to(header.payload, len as usize)
}

fn read_index(bytes: &Bytes, sidx: &Header) -> Read<Option<Index>> {
    if sidx.end - sidx.payload > INDEX_BYTES_MAX {
        return Ok(None);
    }
    let wide = bytes.get(sidx.payload, 1)?[0] != 0;
    let (_, head) = boxes::full(bytes, sidx, if wide { 28 } else { 20 })?;
    let timescale = be(&head[4..8]);
    let (first, rest) =
        if wide { (be(&head[16..24]), &head[24..]) } else { (be(&head[12..16]), &head[16..]) };
    let count = be(&rest[2..4]) as usize;
    let table = sidx.payload + 4 + head.len() as u64;
    if table + 12 * count as u64 > sidx.end {
        return Ok(None);
    }
    let references = bytes.get(table, 12 * count)?;
    let (mut end, mut units) = (sidx.end.saturating_add(first), 0);
    for reference in references.chunks(12) {
        // The highest bit of a size says that another index lies there.
        end = end.saturating_add(be(&reference[..4]) & 0x7fff_ffff);
        if bytes.total.is_none_or(|total| end <= total) {
            units += be(&reference[4..8]);
        }
    }
    Ok(Some(Index { length: Length::of(units, timescale, true), end }))
}

/// Whether no fragment follows at `at`.
fn is_end_of_media(bytes: &Bytes, at: u64) -> Read<bool> {
    match boxes::read_header(bytes, at) {
        Err(Stop::End) => Ok(true),
        Err(stop) => Err(stop),
        Ok(Some(header)) => {
            Ok(!matches!(&header.kind, b"moof" | b"mdat" | b"styp" | b"sidx" | b"emsg" | b"prft"))
        }
        Ok(None) => Ok(false),
    }
}
