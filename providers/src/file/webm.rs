//! Finds the duration of a WebM or Matroska file in the `Info` element of its segment.

use super::{Step, Window};

const EBML: u64 = 0x1a45_dfa3;
const DOC_TYPE: u64 = 0x4282;
const SEGMENT: u64 = 0x1853_8067;
const INFO: u64 = 0x1549_a966;
const CLUSTER: u64 = 0x1f43_b675;
const TIMESTAMP_SCALE: u64 = 0x2a_d7b1;
const DURATION: u64 = 0x4489;

/// Nanoseconds per unit, unless the file states another scale.
const DEFAULT_SCALE: u64 = 1_000_000;

/// A walk over the elements of the segment and into `Info`, which skips everything else.
#[derive(Debug, Default)]
pub(super) struct Walk {
    at: u64,
    /// Where `Info` ends, once the walk is inside.
    info_end: Option<u64>,
    scale_ns: Option<u64>,
    units: Option<f64>,
}

#[derive(Debug)]
struct Element {
    id: u64,
    payload: u64,
    /// `None` if the element extends to the end of its parent.
    len: Option<u64>,
}

/// The media type, by the document type in the EBML header.
pub(super) fn sniff(head: &[u8]) -> Option<&'static str> {
    let window = Window { start: 0, bytes: head };
    let header = read_element(window, 0).filter(|element| element.id == EBML)?;
    let end = header.payload.checked_add(header.len?)?;
    let mut at = header.payload;
    while at < end {
        let element = read_element(window, at)?;
        let len = element.len?;
        if element.id == DOC_TYPE {
            let name = window.get(element.payload, usize::try_from(len).ok()?)?;
            return match name.trim_ascii_end() {
                b"webm" => Some("video/webm"),
                b"matroska" => Some("video/x-matroska"),
                _ => None,
            };
        }
        at = element.payload.checked_add(len)?;
    }
    None
}

impl Walk {
    /// Walks on as far as the window reaches.
    pub(super) fn read(&mut self, window: Window<'_>) -> Step {
        loop {
            if self.info_end.is_some_and(|end| self.at >= end) {
                return Step::Done(self.duration_ms());
            }
            let Some(element) = read_element(window, self.at) else {
                return self.want(window);
            };
            match element.id {
                SEGMENT => self.at = element.payload,
                INFO if element.len.is_some() => {
                    self.info_end = element.len.and_then(|len| element.payload.checked_add(len));
                    self.at = element.payload;
                }
                // The media begins: the duration can't follow.
                CLUSTER => return Step::Done(None),
                _ => match self.enter(&element, window) {
                    Some(next) => self.at = next,
                    None => return self.want(window),
                },
            }
        }
    }

    /// Processes one element and returns the offset of the next; `None` if the window is too short.
    fn enter(&mut self, element: &Element, window: Window<'_>) -> Option<u64> {
        let len = element.len?;
        if self.info_end.is_some() && matches!(element.id, TIMESTAMP_SCALE | DURATION) {
            let number = window.get(element.payload, usize::try_from(len).ok()?)?;
            match element.id {
                TIMESTAMP_SCALE => self.scale_ns = read_unsigned(number),
                _ => self.units = read_float(number),
            }
        }
        element.payload.checked_add(len)
    }

    /// Asks for the next element, unless this window already started there and was too short.
    fn want(&self, window: Window<'_>) -> Step {
        if window.start == self.at { Step::Done(None) } else { Step::ReadAt(self.at) }
    }

    fn duration_ms(&self) -> Option<u64> {
        let scale_ns = self.scale_ns.unwrap_or(DEFAULT_SCALE) as f64;
        let ms = (self.units? * scale_ns / 1e6).round();
        (ms.is_finite() && ms > 0.0 && ms < u64::MAX as f64).then_some(ms as u64)
    }
}

fn read_element(window: Window<'_>, at: u64) -> Option<Element> {
    let (id, id_len) = read_vint(window, at, true)?;
    let (len, len_len) = read_vint(window, at.checked_add(id_len)?, false)?;
    // All ones mean an unknown length.
    let unknown = len == (1 << (7 * len_len)) - 1;
    let payload = at.checked_add(id_len + len_len)?;
    Some(Element { id, payload, len: (!unknown).then_some(len) })
}

/// A number of one to eight bytes, and its width; ids keep the bit that marks the width.
fn read_vint(window: Window<'_>, at: u64, keep_marker: bool) -> Option<(u64, u64)> {
    let first = window.get(at, 1)?[0];
    let width = first.leading_zeros() + 1;
    if width > 8 {
        return None;
    }
    let number = read_unsigned(window.get(at, width as usize)?)?;
    let marker = 1u64 << (7 * width);
    Some((if keep_marker { number } else { number & !marker }, u64::from(width)))
}

fn read_unsigned(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn read_float(bytes: &[u8]) -> Option<f64> {
    match bytes.len() {
        4 => Some(f64::from(f32::from_be_bytes(bytes.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_duration_is_in_the_units_of_the_file() {
        let scale = element(TIMESTAMP_SCALE, &[0x0f, 0x42, 0x40]);
        let duration = element(DURATION, &10_008f64.to_be_bytes());
        assert_eq!(walk(&file(&[scale, duration])), Step::Done(Some(10_008)));
        let scale = element(TIMESTAMP_SCALE, &[0x01, 0x86, 0xa0]);
        let duration = element(DURATION, &5000f32.to_be_bytes());
        assert_eq!(walk(&file(&[duration, scale])), Step::Done(Some(500)));
    }

    #[test]
    fn a_recording_without_a_duration_has_none() {
        assert_eq!(walk(&file(&[])), Step::Done(None));
        let not_a_number = element(DURATION, &f64::NAN.to_be_bytes());
        assert_eq!(walk(&file(&[not_a_number])), Step::Done(None));
    }

    #[test]
    fn the_walk_ends_where_media_begins() {
        let cluster = element(CLUSTER, &[0; 100]);
        let file = [header("webm"), element(SEGMENT, &cluster)].concat();
        assert_eq!(walk(&file), Step::Done(None));
    }

    #[test]
    fn the_document_type_decides_the_media_type() {
        assert_eq!(sniff(&header("webm")), Some("video/webm"));
        assert_eq!(sniff(&header("matroska")), Some("video/x-matroska"));
        assert_eq!(sniff(&header("other")), None);
        assert_eq!(sniff(b"<!doctype html>"), None);
    }

    proptest! {
        #[test]
        fn the_walk_ends_on_any_bytes(tail: Vec<u8>) {
            let file = [header("webm"), tail].concat();
            sniff(&file);
            match Walk::default().read(Window { start: 0, bytes: &file }) {
                Step::ReadAt(at) => prop_assert!(at > 0),
                Step::Done(_) => {}
            }
            let _ = Walk::default().read(Window { start: 0, bytes: &file[40..] });
        }
    }

    fn walk(file: &[u8]) -> Step {
        Walk::default().read(Window { start: 0, bytes: file })
    }

    fn file(info: &[Vec<u8>]) -> Vec<u8> {
        let void = element(0xec, &[0; 60]);
        let segment = [void, element(INFO, &info.concat())].concat();
        [header("webm"), element(SEGMENT, &segment)].concat()
    }

    fn header(doc_type: &str) -> Vec<u8> {
        let version = element(0x4286, &[1]);
        let padding = element(0xec, &[0; 30]);
        element(EBML, &[version, element(DOC_TYPE, doc_type.as_bytes()), padding].concat())
    }

    fn element(id: u64, payload: &[u8]) -> Vec<u8> {
        let id = id.to_be_bytes();
        let skip = id.iter().take_while(|byte| **byte == 0).count();
        let len = (1u64 << 56) | payload.len() as u64;
        [&id[skip..], &len.to_be_bytes(), payload].concat()
    }
}
