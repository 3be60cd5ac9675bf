//! Finds the pieces of a media playlist whose timestamps tell where its timeline begins and ends.

use std::ops::Range;

use super::attributes::Attributes;

/// First pieces found at most: one for each discontinuity that is read at once.
const FIRST_MAX: usize = 8;

/// The pieces that tell where a timeline begins and ends.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Pieces {
    /// The first of each discontinuity from the wanted position on, in order, as many as may be read.
    pub(super) first: Vec<Piece>,
    /// The second of the first discontinuity of these, if they begin with the playlist.
    pub(super) second: Option<Piece>,
    /// Where the first discontinuity after those begins, in microseconds, if there is one.
    pub(super) more_us: Option<u64>,
    /// The last of all, if it belongs to a discontinuity of `first` without being one of them.
    pub(super) last: Option<Piece>,
    /// Whether every duration but the last is a whole number of seconds, or the same, as nominal ones are.
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

/// Finds the pieces while a playlist is read.
#[derive(Debug, Default)]
pub(super) struct PiecesReader {
    /// The wanted position, in microseconds.
    from_us: u64,
    first: Vec<Piece>,
    second: Option<Piece>,
    more_us: Option<u64>,
    /// The discontinuity of the last piece that isn't missing.
    seen: Option<u32>,
    last: Option<Piece>,
    /// Whether a duration other than the last isn't a whole number of seconds.
    is_broken: bool,
    /// Whether a duration other than the last differs from the first.
    is_uneven: bool,
    /// The first duration and the newest, in microseconds.
    durations_us: Option<[u64; 2]>,
    discontinuity: u32,
    at_us: u64,
    map: Option<Bytes>,
}

impl PiecesReader {
    /// Wants the discontinuity at this position, in microseconds, and those after it.
    pub(super) fn want_from(&mut self, from_us: u64) {
        self.from_us = from_us;
    }

    /// Reads a tag that has no attributes.
    pub(super) fn read_tag(&mut self, name: &str, value: &str) {
        match name {
            "EXT-X-DISCONTINUITY-SEQUENCE" => {
                self.discontinuity = value.trim().parse().unwrap_or(0);
            }
            "EXT-X-DISCONTINUITY" => self.discontinuity = self.discontinuity.saturating_add(1),
            _ => {}
        }
    }

    /// Reads an `EXT-X-MAP` tag.
    pub(super) fn read_map(&mut self, map: &Attributes) {
        let range = map.text("BYTERANGE").and_then(|range| {
            let (length, offset) = range.split_once('@').unwrap_or((range, "0"));
            let start: u64 = offset.trim().parse().ok()?;
            Some(start..start.checked_add(length.trim().parse().ok()?)?)
        });
        self.map = map.owned("URI").map(|uri| Bytes { uri, range });
    }

    /// Reads a segment of this duration. One that is missing takes its time, but can't be read.
    pub(super) fn read_segment(
        &mut self,
        bytes: Bytes,
        seconds: f64,
        is_encrypted: bool,
        is_missing: bool,
    ) {
        let duration_us = (seconds * 1e6).round() as u64;
        let piece = Piece {
            discontinuity: self.discontinuity,
            start_us: self.at_us,
            duration_us,
            bytes,
            map: self.map.clone(),
            is_encrypted,
        };
        self.at_us = self.at_us.saturating_add(duration_us);
        if let Some([first_us, newest_us]) = self.durations_us {
            self.is_broken |= !newest_us.is_multiple_of(1_000_000);
            self.is_uneven |= newest_us != first_us;
        }
        self.durations_us =
            Some([self.durations_us.map_or(duration_us, |[us, _]| us), duration_us]);
        if is_missing {
            return;
        }
        if self.seen.replace(self.discontinuity) != Some(self.discontinuity) {
            self.read_first(&piece);
        } else if self.second.is_none() && self.first.len() == 1 {
            self.second = Some(piece.clone());
        }
        self.last = Some(piece);
    }

    /// Keeps the first piece of a discontinuity, if it is among those that are wanted.
    fn read_first(&mut self, piece: &Piece) {
        if piece.start_us <= self.from_us {
            self.first.clear();
        }
        if self.first.len() < FIRST_MAX {
            self.first.push(piece.clone());
        } else {
            self.more_us.get_or_insert(piece.start_us);
        }
    }

    /// What was found.
    pub(super) fn finish(self) -> Pieces {
        let Self { first, second, more_us, last, is_broken, is_uneven, .. } = self;
        let is_nominal = !(is_broken && is_uneven);
        let covers = |piece: &Piece| {
            let of_last = first.last().is_some_and(|one| one.discontinuity == piece.discontinuity);
            of_last && !first.contains(piece)
        };
        let is_of_first = |piece: &Piece| {
            first.first().is_some_and(|one| one.discontinuity == piece.discontinuity)
        };
        let second = second.filter(is_of_first);
        Pieces { last: last.filter(covers), first, second, more_us, is_nominal }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::super::reader::{Playlist, Reader};
    use super::*;

    #[test]
    fn the_first_piece_of_each_discontinuity_and_the_last_are_found() {
        let pieces = scan(
            "#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"700@4\"\n\
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
    fn nominal_durations_are_whole_or_the_same_but_for_the_last() {
        let playlist = |durations: &[&str]| {
            let pieces = durations.iter().map(|duration| format!("#EXTINF:{duration},\np\n"));
            scan(&pieces.collect::<String>())
        };
        assert!(playlist(&["10", "10.000000", "3.7"]).is_nominal);
        assert!(playlist(&["10.01", "10.01", "3"]).is_nominal);
        assert!(!playlist(&["10.01", "10", "3"]).is_nominal);
        assert!(!playlist(&["10", "10.01", "3"]).is_nominal);
    }

    #[test]
    fn ranges_without_an_offset_follow_each_other_and_a_gap_is_no_piece() {
        let pieces = scan(
            "#EXT-X-GAP\n#EXTINF:2,\n#EXT-X-BYTERANGE:50@0\na\n\
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
        let pieces = scan(&CUTS.repeat(20));
        assert_eq!((pieces.first.len(), pieces.last), (FIRST_MAX, None));
        assert_eq!(pieces.more_us, Some(16_000_000));
    }

    #[test]
    fn the_discontinuity_at_a_position_and_those_after_it_are_found() {
        for (from_s, first, starts_s) in [
            (9, 4, &[8, 10, 12, 14, 16, 18, 20, 22][..]),
            (10, 5, &[10, 12, 14, 16, 18, 20, 22, 24][..]),
            (37, 18, &[36, 38][..]),
            (999, 19, &[38][..]),
        ] {
            let pieces = scan_from(from_s * 1_000_000, &CUTS.repeat(20));
            let starts: Vec<u64> =
                pieces.first.iter().map(|one| one.start_us / 1_000_000).collect();
            assert_eq!((pieces.first[0].discontinuity, &starts[..]), (first, starts_s), "{from_s}");
            let more =
                starts_s.last().filter(|last| **last < 38).map(|last| (last + 2) * 1_000_000);
            assert_eq!(pieces.more_us, more, "{from_s}");
        }
    }

    const CUTS: &str = "#EXTINF:2,\na\n#EXT-X-DISCONTINUITY\n";

    fn scan(lines: &str) -> Pieces {
        scan_from(0, lines)
    }

    fn scan_from(from_us: u64, lines: &str) -> Pieces {
        let address = Url::parse("https://example.com/film.m3u8").unwrap();
        let mut reader = Reader::new(None, from_us);
        let text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n{lines}");
        reader.read(&address, text.as_bytes()).unwrap();
        match reader.finish(&address).unwrap() {
            Playlist::Media(media) => media.pieces,
            Playlist::Master(..) => panic!("a list of qualities"),
        }
    }
}
