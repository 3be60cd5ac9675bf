//! The elements that WebM and Matroska files are made of.

use super::super::bytes::{Bytes, Read, Stop, be};

/// The head of an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub(super) id: u64,
    /// Where its contents begin.
    pub(super) payload: u64,
    /// `None` if it extends to the end of its parent.
    pub(super) len: Option<u64>,
}

/// The elements between two offsets, one after the other.
pub(super) struct Elements<'a> {
    bytes: &'a Bytes,
    at: u64,
    end: u64,
}

impl Element {
    /// Where it ends; `u64::MAX` if that isn't stated.
    pub(super) fn end(&self) -> u64 {
        self.len.map_or(u64::MAX, |len| self.payload.saturating_add(len))
    }

    /// What it holds, at most `most` bytes of it.
    pub(super) fn contents<'a>(&self, bytes: &'a Bytes, most: u64) -> Read<&'a [u8]> {
        bytes.get(self.payload, self.len.unwrap_or(0).min(most) as usize)
    }

    /// The number it holds; 0 if that is longer than eight bytes.
    pub(super) fn number(&self, bytes: &Bytes) -> Read<u64> {
        Ok(be(self.contents(bytes, 8)?))
    }
}

impl<'a> Elements<'a> {
    pub(super) fn between(bytes: &'a Bytes, at: u64, end: u64) -> Self {
        Self { bytes, at, end }
    }

    /// The elements inside another.
    pub(super) fn of(bytes: &'a Bytes, parent: &Element) -> Self {
        Self::between(bytes, parent.payload, parent.end())
    }

    /// The next element; `None` at the end, and where no valid one follows.
    pub(super) fn next(&mut self) -> Read<Option<Element>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let Some(element) = read_element(self.bytes, self.at)? else { return Ok(None) };
        self.at = element.end();
        Ok(Some(element))
    }

    /// Goes on with what is inside an element, and then with what is behind it.
    pub(super) fn step_into(&mut self, element: &Element) {
        self.at = element.payload;
    }

    /// Goes on inside an element instead of behind it.
    pub(super) fn enter(&mut self, element: &Element) {
        self.at = element.payload;
        self.end = element.end();
    }
}

/// The element at `at`; `None` if none that is valid begins there.
pub(super) fn read_element(bytes: &Bytes, at: u64) -> Read<Option<Element>> {
    let Some((id, id_len)) = read_vint(bytes, at, true)? else { return Ok(None) };
    let Some((len, len_len)) = read_vint(bytes, at.saturating_add(id_len), false)? else {
        return Ok(None);
    };
    // All ones mean an unknown length.
    let unknown = len == (1 << (7 * len_len)) - 1;
    let payload = at.saturating_add(id_len + len_len);
    Ok(Some(Element { id, payload, len: (!unknown).then_some(len) }))
}

/// A number of one to eight bytes, and its width; ids keep the bit that marks the width.
fn read_vint(bytes: &Bytes, at: u64, keep_marker: bool) -> Read<Option<(u64, u64)>> {
    let first = bytes.get(at, 1)?[0];
    let width = first.leading_zeros() + 1;
    if width > 8 {
        return Ok(None);
    }
    let number = match bytes.get(at, width as usize) {
        Err(Stop::End) => return Ok(None),
        other => be(other?),
    };
    let marker = 1u64 << (7 * width);
    Ok(Some((if keep_marker { number } else { number & !marker }, u64::from(width))))
}
