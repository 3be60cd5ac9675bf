//! The index of a Matroska file, whose last entry may lie behind the end that the header states.

use super::super::bytes::{Bytes, Read, be};
use super::ebml::{Element, Elements, read_element};

const SEEK: u64 = 0x4dbb;
const SEEK_ID: u64 = 0x53ab;
const SEEK_POSITION: u64 = 0x53ac;
const CUES: u64 = 0x1c53_bb6b;
const CUE_POINT: u64 = 0xbb;
const CUE_TIME: u64 = 0xb3;

/// The most of the index's end that is read: its last entry is a few dozen bytes long.
const TAIL_BYTES: u64 = 1024;

/// Where the index is by the list of what a segment holds, whose contents begin at `segment`; `None` if it names none.
pub(super) fn find(bytes: &Bytes, seek_head: &Element, segment: u64) -> Read<Option<u64>> {
    let mut entries = Elements::of(bytes, seek_head);
    while let Some(entry) = entries.next()? {
        let (mut id, mut position) = (0, None);
        let mut parts = Elements::of(bytes, &entry);
        while let Some(part) = parts.next()? {
            match (entry.id, part.id) {
                (SEEK, SEEK_ID) => id = be(part.contents(bytes, 8)?),
                (SEEK, SEEK_POSITION) => position = Some(part.number(bytes)?),
                _ => {}
            }
        }
        if id == CUES {
            return Ok(position.and_then(|position| segment.checked_add(position)));
        }
    }
    Ok(None)
}

/// The time of the last entry of the index at `at`, in units of the file; `None` if there is none that can be read.
pub(super) fn last_time(bytes: &Bytes, at: u64) -> Read<Option<u64>> {
    let cues = read_element(bytes, at)?.filter(|cues| cues.id == CUES && cues.len.is_some());
    let Some(cues) = cues else { return Ok(None) };
    let from = cues.payload.max(cues.end().saturating_sub(TAIL_BYTES));
    let tail = bytes.get(from, (cues.end() - from) as usize)?;
    let ends_there = |(at, id): (usize, &u8)| {
        let point = (u64::from(*id) == CUE_POINT).then(|| from + at as u64)?;
        entry_time(bytes, point, cues.end()).ok().flatten()
    };
    Ok(tail.iter().enumerate().filter_map(ends_there).max())
}

/// The time of the entry at `at` if it is the last one, which ends at `end`.
fn entry_time(bytes: &Bytes, at: u64, end: u64) -> Read<Option<u64>> {
    let Some(point) = read_element(bytes, at)?.filter(|point| point.end() == end) else {
        return Ok(None);
    };
    match Elements::of(bytes, &point).next()? {
        Some(time) if time.id == CUE_TIME && time.end() <= end => time.number(bytes).map(Some),
        _ => Ok(None),
    }
}
