//! Finds the pieces of a media playlist whose timestamps tell where its timeline begins and ends.

use std::ops::Range;

use super::tidy::{attributes, expand};

/// Pieces found at most: one for each discontinuity.
const FIRST_MAX: usize = engine::Timeline::ORIGINS_MAX;

/// The pieces that tell where a timeline begins and ends.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Pieces {
    /// The first of each discontinuity, in order, as many as may be read.
    pub(super) first: Vec<Piece>,
    /// The last of all, if it belongs to a discontinuity of `first` without being one of them.
    pub(super) last: Option<Piece>,
    /// Whether every duration but the last is a whole number of seconds, as nominal ones are.
    pub(super) is_nominal: bool,
}

/// A piece of media, as the playlist states it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Piece {
    /// The number of its discontinuity.
    pub(super) discontinuity: u32,
    /// Where it begins, in microseconds.
    pub(super) start_us: u64,
    /// How long it is, in microseconds.
    pub(super) duration_us: u64,
    /// Where its bytes are.
    pub(super) bytes: Bytes,
    /// The header that it needs, if there is one.
    pub(super) map: Option<Bytes>,
    /// Whether its bytes are encrypted.
    pub(super) is_encrypted: bool,
}

/// A file, or a range of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Bytes {
    /// The URI, relative to the playlist.
    pub(super) uri: String,
    /// `None` for the whole file.
    pub(super) range: Option<Range<u64>>,
}

/// Scans the text of a media playlist. What it can't read it leaves out.
pub(super) fn scan(text: &str) -> Pieces {
    let Ok(text) = expand(text) else { return Pieces::default() };
    let mut scan = Scan { is_nominal: true, ..Scan::default() };
    for line in text.lines().map(str::trim) {
        scan.read(line);
    }
    let Scan { first, last, is_nominal, .. } = scan;
    let covers = |piece: &Piece| {
        let of_last = first.last().is_some_and(|one| one.discontinuity == piece.discontinuity);
        of_last && !first.contains(piece)
    };
    Pieces { last: last.filter(covers), first, is_nominal }
}

#[derive(Default)]
struct Scan {
    first: Vec<Piece>,
    last: Option<Piece>,
    is_nominal: bool,
    /// Whether the duration before the last one was whole.
    was_whole: Option<bool>,
    discontinuity: u32,
    at_us: u64,
    map: Option<Bytes>,
    is_encrypted: bool,
    duration_us: Option<u64>,
    range: Option<String>,
    is_gap: bool,
    /// Where the last range ended, and of which file.
    range_end: (String, u64),
}

impl Scan {
    fn read(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("#EXTINF:") {
            self.duration_us = Some(micros(rest.split(',').next().unwrap_or_default().trim()));
        } else if let Some(range) = line.strip_prefix("#EXT-X-BYTERANGE:") {
            self.range = Some(range.trim().to_owned());
        } else if let Some(number) = line.strip_prefix("#EXT-X-DISCONTINUITY-SEQUENCE:") {
            self.discontinuity = number.trim().parse().unwrap_or(0);
        } else if line == "#EXT-X-DISCONTINUITY" {
            self.discontinuity = self.discontinuity.saturating_add(1);
        } else if line == "#EXT-X-GAP" {
            self.is_gap = true;
        } else if let Some(list) = line.strip_prefix("#EXT-X-KEY:") {
            let method = attributes(list).find(|(name, _)| *name == "METHOD");
            self.is_encrypted = method.is_none_or(|(_, method)| method != "NONE");
        } else if let Some(list) = line.strip_prefix("#EXT-X-MAP:") {
            self.map = map(list);
        } else if !line.is_empty() && !line.starts_with('#') {
            self.read_uri(line);
        }
    }

    fn read_uri(&mut self, uri: &str) {
        let (duration_us, range) = (self.duration_us.take(), self.range.take());
        let is_gap = std::mem::take(&mut self.is_gap);
        let Some(duration_us) = duration_us.filter(|us| *us > 0) else { return };
        let range = range.and_then(|range| self.range_of(uri, &range));
        let piece = Piece {
            discontinuity: self.discontinuity,
            start_us: self.at_us,
            duration_us,
            bytes: Bytes { uri: uri.to_owned(), range },
            map: self.map.clone(),
            is_encrypted: self.is_encrypted,
        };
        self.at_us = self.at_us.saturating_add(duration_us);
        self.is_nominal &= self.was_whole.unwrap_or(true);
        self.was_whole = Some(duration_us % 1_000_000 == 0);
        if is_gap {
            return;
        }
        let is_first = self.first.last().is_none_or(|one| one.discontinuity != self.discontinuity);
        if is_first && self.first.len() < FIRST_MAX {
            self.first.push(piece.clone());
        }
        self.last = Some(piece);
    }

    /// `length@offset`; without an offset, behind the range before.
    fn range_of(&mut self, uri: &str, range: &str) -> Option<Range<u64>> {
        let (length, offset) = range.split_once('@').map_or((range, None), |(l, o)| (l, Some(o)));
        let start = match offset {
            Some(offset) => offset.trim().parse().ok()?,
            None if self.range_end.0 == uri => self.range_end.1,
            None => 0,
        };
        let end = length.trim().parse::<u64>().ok()?.checked_add(start)?;
        self.range_end = (uri.to_owned(), end);
        Some(start..end)
    }
}

fn map(list: &str) -> Option<Bytes> {
    let quoted = |name| {
        let value = attributes(list).find(|(found, _)| *found == name)?.1;
        Some(value.trim_matches('"').to_owned())
    };
    let range = quoted("BYTERANGE").and_then(|range| {
        let (length, offset) = range.split_once('@').unwrap_or((&range, "0"));
        let start: u64 = offset.trim().parse().ok()?;
        Some(start..start.checked_add(length.trim().parse().ok()?)?)
    });
    Some(Bytes { uri: quoted("URI")?, range })
}

/// A number of seconds in microseconds; 0 if it isn't one.
fn micros(seconds: &str) -> u64 {
    let len = seconds.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(seconds.len());
    let seconds = seconds[..len].parse::<f64>().unwrap_or(0.0);
    (seconds * 1e6).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_piece_of_each_discontinuity_and_the_last_are_found() {
        let pieces = scan(
            "#EXTM3U\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"700@4\"\n\
             #EXTINF:3,\n#EXT-X-BYTERANGE:50@10\na\n#EXTINF:3,\n#EXT-X-BYTERANGE:60\na\n\
             #EXT-X-DISCONTINUITY\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXTINF:3.5,t\nb\n\
             #EXT-X-KEY:METHOD=NONE\n#EXTINF:4,\nc\n#EXT-X-ENDLIST\n",
        );
        let map = Some(Bytes { uri: "i.mp4".to_owned(), range: Some(4..704) });
        let piece = |discontinuity, start: u64, duration: u64, uri: &str| Piece {
            discontinuity,
            start_us: start * 1_000,
            duration_us: duration * 1_000,
            bytes: Bytes { uri: uri.to_owned(), range: None },
            map: map.clone(),
            is_encrypted: false,
        };
        let mut one = piece(3, 0, 3_000, "a");
        one.bytes.range = Some(10..60);
        let other = Piece { is_encrypted: true, ..piece(4, 6_000, 3_500, "b") };
        assert_eq!(pieces.first, [one, other]);
        assert_eq!(pieces.last, Some(piece(4, 9_500, 4_000, "c")));
        assert!(!pieces.is_nominal);
    }

    #[test]
    fn nominal_durations_are_whole_but_for_the_last() {
        let playlist = |durations: &[&str]| {
            let pieces = durations.iter().map(|duration| format!("#EXTINF:{duration},\np\n"));
            scan(&format!("#EXTM3U\n{}", pieces.collect::<String>()))
        };
        assert!(playlist(&["10", "10.000000", "3.7"]).is_nominal);
        assert!(!playlist(&["10.01", "10.01", "3"]).is_nominal);
    }

    #[test]
    fn ranges_without_an_offset_follow_each_other_and_a_gap_is_no_piece() {
        let pieces = scan(
            "#EXTM3U\n#EXT-X-GAP\n#EXTINF:2,\n#EXT-X-BYTERANGE:50@0\na\n\
             #EXTINF:2,\n#EXT-X-BYTERANGE:60\na\n#EXTINF:2,\n#EXT-X-BYTERANGE:70\na\n",
        );
        assert_eq!(pieces.first.len(), 1);
        assert_eq!(
            (pieces.first[0].start_us, &pieces.first[0].bytes.range),
            (2_000_000, &Some(50..110))
        );
        assert_eq!(pieces.last.unwrap().bytes.range, Some(110..180));
    }

    #[test]
    fn discontinuities_beyond_what_may_be_read_are_left_out_and_so_is_the_end() {
        let pieces = scan(&"#EXTINF:2,\na\n#EXT-X-DISCONTINUITY\n".repeat(20));
        assert_eq!((pieces.first.len(), pieces.last), (FIRST_MAX, None));
    }
}
