//! What is known of a file's bytes while its container is read.

use super::contents::Refusal;

/// The parts of a file that were fetched so far.
#[derive(Debug)]
pub(super) struct Bytes {
    parts: Vec<(u64, Vec<u8>)>,
    /// Length of the whole file in bytes, if the origin stated it.
    pub(super) total: Option<u64>,
}

/// Why reading a container stops.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Stop {
    /// It needs these bytes first.
    Need {
        /// Their offset in the file.
        at: u64,
        /// How many.
        len: usize,
    },
    /// The file ends before.
    End,
    /// The file can't be played.
    Refused(Refusal),
}

/// The outcome of reading a part of a container.
pub(super) type Read<T> = Result<T, Stop>;

impl Bytes {
    /// Nothing yet of a file of this length.
    pub(super) fn of(total: Option<u64>) -> Self {
        Self { parts: vec![], total }
    }

    /// Adds a part that begins at `at`.
    pub(super) fn add(&mut self, at: u64, part: Vec<u8>) {
        self.parts.push((at, part));
    }

    /// How many parts were fetched.
    pub(super) fn parts(&self) -> usize {
        self.parts.len()
    }

    /// The `len` bytes at offset `at`.
    pub(super) fn get(&self, at: u64, len: usize) -> Read<&[u8]> {
        if len == 0 {
            return Ok(&[]);
        }
        let held = self.parts.iter().find_map(|(start, part)| {
            let from = usize::try_from(at.checked_sub(*start)?).ok()?;
            part.get(from..from.checked_add(len)?)
        });
        let end = at.checked_add(len as u64);
        match (held, self.total, end) {
            (Some(held), ..) => Ok(held),
            (None, Some(total), Some(end)) if end > total => Err(Stop::End),
            (None, _, None) => Err(Stop::End),
            (None, ..) => Err(Stop::Need { at, len }),
        }
    }

    /// Up to `len` bytes at offset `at`, fewer only at the end of the file.
    pub(super) fn up_to(&self, at: u64, len: usize) -> Read<&[u8]> {
        let left = self.total.map_or(len as u64, |total| total.saturating_sub(at));
        self.get(at, len.min(usize::try_from(left).unwrap_or(len)))
    }
}

/// A big-endian number of at most eight bytes.
pub(super) fn be(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A little-endian number of at most eight bytes.
pub(super) fn le(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
