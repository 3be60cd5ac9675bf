//! Finds the duration of an MP4 file by walking its boxes.

use super::{Step, Window};

/// A walk over the top-level boxes and into `moov`, which skips everything else.
#[derive(Debug, Default)]
pub(super) struct Walk {
    at: u64,
    /// Where `moov` ends, once the walk is inside.
    moov_end: Option<u64>,
    /// Where `mvex` ends, once the walk is inside.
    mvex_end: Option<u64>,
    timescale: u64,
    movie: Option<u64>,
    /// Duration including fragments, in units of the timescale.
    with_fragments: Option<u64>,
    fragmented: bool,
}

#[derive(Debug)]
struct BoxHeader {
    kind: [u8; 4],
    payload: u64,
    end: u64,
}

/// The media type, by the brand in `ftyp`; still images use the same container and give `None`.
pub(super) fn sniff(head: &[u8]) -> Option<&'static str> {
    if head.get(4..8)? != b"ftyp" {
        return None;
    }
    match head.get(8..12)? {
        b"avif" | b"avis" | b"heic" | b"heix" | b"mif1" | b"msf1" | b"crx " => None,
        b"qt  " => Some("video/quicktime"),
        b"M4A " | b"M4B " => Some("audio/mp4"),
        _ => Some("video/mp4"),
    }
}

impl Walk {
    /// Walks on as far as the window reaches.
    pub(super) fn read(&mut self, window: Window<'_>) -> Step {
        loop {
            if self.moov_end.is_some_and(|end| self.at >= end) {
                return Step::Done(self.duration_ms());
            }
            let Some(header) = read_header(window, self.at) else {
                return self.want(window);
            };
            let Ok(header) = header else {
                return Step::Done(self.duration_ms());
            };
            if self.enter(&header, window).is_none() {
                return self.want(window);
            }
        }
    }

    /// The duration as far as it is known; that of a fragmented file stands only in `mehd`.
    pub(super) fn duration_ms(&self) -> Option<u64> {
        let units = if self.fragmented { self.with_fragments } else { self.movie }?;
        if units == 0 || self.timescale == 0 {
            return None;
        }
        u64::try_from(u128::from(units) * 1000 / u128::from(self.timescale)).ok()
    }

    /// Processes one box; `None` if the window doesn't hold the bytes it needs.
    fn enter(&mut self, header: &BoxHeader, window: Window<'_>) -> Option<()> {
        let inside = self.moov_end.is_some();
        match &header.kind {
            b"moov" if !inside => {
                self.moov_end = Some(header.end);
                self.at = header.payload;
                return Some(());
            }
            b"mvhd" if inside => (self.timescale, self.movie) = read_mvhd(header, window)?,
            b"mvex" if inside => {
                self.fragmented = true;
                self.mvex_end = Some(header.end);
                self.at = header.payload;
                return Some(());
            }
            b"mehd" if self.mvex_end.is_some_and(|end| header.end <= end) => {
                self.with_fragments = read_mehd(header, window)?;
            }
            _ => {}
        }
        self.at = header.end;
        Some(())
    }

    /// Asks for the next box, unless this window already started there and was too short.
    fn want(&self, window: Window<'_>) -> Step {
        if window.start == self.at { Step::Done(self.duration_ms()) } else { Step::ReadAt(self.at) }
    }
}

/// The header of the box at `at`: `None` if the window doesn't hold it, an error if it isn't valid
/// or the box extends to the end of the file.
fn read_header(window: Window<'_>, at: u64) -> Option<Result<BoxHeader, ()>> {
    let head = window.get(at, 8)?;
    let kind = [head[4], head[5], head[6], head[7]];
    let (size, header) = match be(&head[..4]) {
        1 => (be(window.get(at.checked_add(8)?, 8)?), 16),
        size => (size, 8),
    };
    let end = at.checked_add(size).filter(|_| size >= header);
    Some(end.map(|end| BoxHeader { kind, payload: at + header, end }).ok_or(()))
}

/// The timescale and the duration, whose bits are all ones where it isn't known.
fn read_mvhd(header: &BoxHeader, window: Window<'_>) -> Option<(u64, Option<u64>)> {
    let version = window.get(header.payload, 1)?[0];
    let (body, wide) = if version == 0 {
        (window.get(header.payload, 20)?, false)
    } else {
        (window.get(header.payload, 32)?, true)
    };
    let (timescale, units) =
        if wide { (be(&body[20..24]), &body[24..32]) } else { (be(&body[12..16]), &body[16..20]) };
    Some((timescale, known(units)))
}

fn read_mehd(header: &BoxHeader, window: Window<'_>) -> Option<Option<u64>> {
    let version = window.get(header.payload, 1)?[0];
    let len = if version == 0 { 8 } else { 12 };
    Some(known(&window.get(header.payload, len)?[4..]))
}

fn known(units: &[u8]) -> Option<u64> {
    (!units.iter().all(|byte| *byte == 0xff)).then(|| be(units))
}

fn be(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_at_the_front_is_read_at_once() {
        let file = [ftyp(), moov(&[mvhd(1000, 30_021)]), mdat(50_000)].concat();
        assert_eq!(walk(&file, 4096), (Some(30_021), vec![]));
    }

    #[test]
    fn a_header_at_the_end_takes_one_jump() {
        let file = [ftyp(), mdat(50_000), moov(&[mvhd(600, 6000)])].concat();
        assert_eq!(walk(&file, 4096), (Some(10_000), vec![50_028]));
    }

    #[test]
    fn a_64_bit_header_and_a_64_bit_box_are_read() {
        let mut wide = vec![1, 0, 0, 0];
        wide.extend([0; 16]);
        wide.extend(90_000u32.to_be_bytes());
        wide.extend((90_000u64 * 3600 * 20).to_be_bytes());
        wide.extend([0; 80]);
        let mut large = 1u32.to_be_bytes().to_vec();
        large.extend(b"mdat");
        large.extend(5016u64.to_be_bytes());
        large.extend([0; 5000]);
        let file = [ftyp(), large, moov(&[boxed(b"mvhd", &wide)])].concat();
        assert_eq!(walk(&file, 4096).0, Some(72_000_000));
    }

    #[test]
    fn a_fragmented_file_has_the_duration_it_states_or_none() {
        let mehd = boxed(b"mehd", &[0, 0, 0, 0, 0, 0, 0x75, 0x30]);
        let stated = moov(&[mvhd(1000, 0), boxed(b"trak", &[0; 6000]), boxed(b"mvex", &mehd)]);
        assert_eq!(walk(&[ftyp(), stated].concat(), 4096).0, Some(30_000));
        let unstated = moov(&[mvhd(1000, 2000), boxed(b"mvex", &boxed(b"trex", &[0; 24]))]);
        assert_eq!(walk(&[ftyp(), unstated].concat(), 4096).0, None);
    }

    #[test]
    fn an_unknown_duration_is_none() {
        for movie in [mvhd(1000, u32::MAX), mvhd(0, 30_000), mvhd(1000, 0)] {
            assert_eq!(walk(&[ftyp(), moov(&[movie])].concat(), 4096).0, None);
        }
    }

    #[test]
    fn a_box_smaller_than_its_header_ends_the_walk() {
        let file = [ftyp(), 3u32.to_be_bytes().to_vec(), b"free".to_vec(), vec![0; 64]].concat();
        assert_eq!(walk(&file, 4096), (None, vec![]));
    }

    #[test]
    fn still_images_are_not_media() {
        assert_eq!(sniff(&boxed(b"ftyp", b"avif\0\0\0\0")), None);
        assert_eq!(sniff(&boxed(b"ftyp", b"isom\0\0\0\0")), Some("video/mp4"));
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n0000"), None);
    }

    proptest! {
        #[test]
        fn the_walk_ends_on_any_bytes(mut file: Vec<u8>, moov_at in 0usize..64) {
            if let Some(kind) = file.get_mut(moov_at..moov_at + 4) {
                kind.copy_from_slice(b"moov");
            }
            let (_, reads) = walk(&file, 16);
            prop_assert!(reads.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    /// The duration found, and the offsets of the further reads, with windows of `bytes`.
    fn walk(file: &[u8], bytes: usize) -> (Option<u64>, Vec<u64>) {
        let mut walk = Walk::default();
        let mut reads = vec![];
        let mut start = 0;
        loop {
            let rest = file.get(usize::try_from(start).unwrap()..).unwrap_or_default();
            let window = Window { start, bytes: &rest[..rest.len().min(bytes)] };
            match walk.read(window) {
                Step::Done(duration_ms) => return (duration_ms, reads),
                Step::ReadAt(at) if at >= file.len() as u64 => return (walk.duration_ms(), reads),
                Step::ReadAt(at) => {
                    reads.push(at);
                    start = at;
                }
            }
        }
    }

    fn ftyp() -> Vec<u8> {
        boxed(b"ftyp", b"isom\0\0\0\0mp42")
    }

    fn mdat(len: usize) -> Vec<u8> {
        boxed(b"mdat", &vec![0; len])
    }

    fn moov(children: &[Vec<u8>]) -> Vec<u8> {
        boxed(b"moov", &children.concat())
    }

    fn mvhd(timescale: u32, units: u32) -> Vec<u8> {
        let mut body = vec![0; 12];
        body.extend(timescale.to_be_bytes());
        body.extend(units.to_be_bytes());
        body.extend([0; 80]);
        boxed(b"mvhd", &body)
    }

    fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
        let mut bytes = u32::try_from(payload.len() + 8).unwrap().to_be_bytes().to_vec();
        bytes.extend(kind);
        bytes.extend(payload);
        bytes
    }
}
