//! The length of a file in fragments, by the index of its fragments.

use super::super::bytes::{Bytes, Read, Stop, be};
use super::super::contents::{Length, Refusal};
use super::boxes::{self, Boxes, Header};

/// The most bytes of an index that are read: 12 for each of its fragments.
const INDEX_BYTES_MAX: u64 = 32 * 1024;

/// An index: how long its fragments last, and where the last of them ends.
struct Index {
    length: Option<Length>,
    end: u64,
}

/// The length by the indexes that follow `moov`, of which each covers a track; `None` if they
/// don't cover the whole file.
pub(super) fn indexed_length(boxes: &mut Boxes<'_>, bytes: &Bytes) -> Read<Option<Length>> {
    let mut longest: Option<Length> = None;
    let mut covered = false;
    loop {
        let header = match boxes.next() {
            // The first piece of a film that is delivered in pieces.
            Ok(None) | Err(Stop::End) => return Err(Stop::Refused(Refusal::Piece)),
            Ok(Some(header)) => header,
            Err(stop) => return Err(stop),
        };
        match &header.kind {
            b"sidx" => {
                let Some(index) = read_index(bytes, &header)? else { return Ok(None) };
                covered |= is_end_of_media(bytes, index.end)?;
                longest = longest.max(index.length);
            }
            b"moof" | b"mdat" => break,
            _ => {}
        }
    }
    Ok(longest.filter(|_| covered))
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
    let sum = |part: fn(&[u8]) -> u64| references.chunks(12).map(part).sum::<u64>();
    // The highest bit of a size says that another index lies there.
    let bytes_long = sum(|reference| be(&reference[..4]) & 0x7fff_ffff);
    let units = sum(|reference| be(&reference[4..8]));
    let end = sidx.end.saturating_add(first).saturating_add(bytes_long);
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
