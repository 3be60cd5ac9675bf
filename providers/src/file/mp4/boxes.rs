//! The boxes that MP4 and QuickTime files are made of.

use super::super::bytes::{Bytes, Read, Stop, be};

/// The header of a box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) kind: [u8; 4],
    /// Where its contents begin.
    pub(super) payload: u64,
    /// Where it ends, not before its contents begin; `u64::MAX` if it extends to the end of the file.
    pub(super) end: u64,
}

/// The boxes between two offsets, one after the other.
pub(super) struct Boxes<'a> {
    bytes: &'a Bytes,
    at: u64,
    end: u64,
}

impl<'a> Boxes<'a> {
    pub(super) fn between(bytes: &'a Bytes, at: u64, end: u64) -> Self {
        Self { bytes, at, end }
    }

    /// The boxes inside another.
    pub(super) fn of(bytes: &'a Bytes, parent: &Header) -> Self {
        Self::between(bytes, parent.payload, parent.end)
    }

    /// The next box; `None` at the end, and where no valid box follows.
    pub(super) fn next(&mut self) -> Read<Option<Header>> {
        // Less than a header is padding, as at the end of QuickTime's lists.
        if self.end.saturating_sub(self.at) < 8 {
            return Ok(None);
        }
        let Some(header) = read_header(self.bytes, self.at)? else {
            return Ok(None);
        };
        if self.end != u64::MAX && header.end > self.end && header.end != u64::MAX {
            return Ok(None);
        }
        self.at = header.end;
        let end = header.end.min(self.end);
        Ok((header.payload <= end).then_some(Header { end, ..header }))
    }
}

/// The header of the box at `at`; `None` if there is none that is valid.
pub(super) fn read_header(bytes: &Bytes, at: u64) -> Read<Option<Header>> {
    let head = bytes.get(at, 8)?;
    let kind = [head[4], head[5], head[6], head[7]];
    let (size, header) = match be(&head[..4]) {
        0 => return Ok(Some(Header { kind, payload: at + 8, end: u64::MAX })),
        1 => (be(bytes.get(at.checked_add(8).ok_or(Stop::End)?, 8)?), 16),
        size => (size, 8),
    };
    let end = at.checked_add(size).filter(|_| size >= header);
    Ok(end.map(|end| Header { kind, payload: at + header, end }))
}

/// The version of a full box, and `len` bytes after its version and flags.
pub(super) fn full<'a>(bytes: &'a Bytes, header: &Header, len: usize) -> Read<(u8, &'a [u8])> {
    let whole = bytes.get(header.payload, len + 4)?;
    Ok((whole[0], &whole[4..]))
}

/// The timescale and the duration of an `mvhd` or `mdhd`; the duration is `None` if all its bits
/// are ones, which means that it isn't known.
pub(super) fn timed(bytes: &Bytes, header: &Header) -> Read<(u64, Option<u64>)> {
    let version = bytes.get(header.payload, 1)?[0];
    let (body, units) = if version == 0 {
        let (_, body) = full(bytes, header, 16)?;
        (&body[8..12], &body[12..16])
    } else {
        let (_, body) = full(bytes, header, 28)?;
        (&body[16..20], &body[20..28])
    };
    Ok((be(body), known(units)))
}

/// A duration, unless it is stated as unknown.
pub(super) fn known(units: &[u8]) -> Option<u64> {
    (!units.iter().all(|byte| *byte == 0xff)).then(|| be(units))
}
