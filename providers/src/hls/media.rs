//! Reads a list of segments, and keeps only what doesn't grow with the length of the media.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use engine::{LiveEdge, Position, Timeline, TimelineKind};

use super::attributes::{Attributes, leading};
use super::keys::Keys;
use super::live::LiveReader;
use super::pieces::{Bytes, Pieces, PiecesReader};
use super::refusals::{invalid, too_large, unsupported};
use super::variables::Variables;
use crate::error::Failure;
use crate::source::Edge;

/// Segments of one playlist: a week of segments of three seconds.
const SEGMENTS_MAX: usize = 200_000;
/// The duration of one playlist, in seconds: ten years.
const SECONDS_MAX: f64 = 315_360_000.0;
/// The first and the newest segments that are kept, so that another is probed if one is gone.
const KEPT: usize = 3;
/// The newest segments of a live playlist whose numbers are remembered.
const NUMBERED_MAX: usize = 256;

/// A list of segments.
#[derive(Debug)]
pub(super) struct Media {
    /// The edge and what its position counts, if it is live.
    pub(super) live: Option<(LiveEdge, Timeline)>,
    /// The date at which its last segment ends, if its segments have dates.
    dated_end: Option<Position>,
    /// The duration of all segments, as the playlist states it; `None` if it is live.
    pub(super) duration_ms: Option<u64>,
    /// Some of the segments, in the order in which they should be probed; never empty.
    pub(super) segments: Vec<Segment>,
    /// Whether it says how its segments are encrypted, or that they aren't.
    pub(super) states_keys: bool,
    /// The pieces whose timestamps tell where its timeline begins and ends.
    pub(super) pieces: Pieces,
    numbered: Numbered,
}

/// A segment that can be probed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Segment {
    /// Relative to the playlist.
    pub(super) uri: String,
    /// Which bytes of its file it is; `None` for all.
    pub(super) range: Option<Range<u64>>,
}

impl Segment {
    /// Its offset in its file, in bytes.
    pub(super) fn first_byte(&self) -> u64 {
        self.range.as_ref().map_or(0, |range| range.start)
    }
}

impl Media {
    /// Whether it is live and its dates tell where its segments are.
    pub(super) fn is_dated(&self) -> bool {
        let live = self.live.as_ref();
        live.is_some_and(|(_, timeline)| timeline.kind == TimelineKind::ProgramDateTime)
    }

    /// Where it ends now.
    pub(super) fn edge(&self) -> Edge {
        match &self.live {
            Some((edge, timeline)) => Edge::Live { edge: *edge, counts: timeline.kind },
            None => Edge::Over { ends: self.dated_end },
        }
    }

    /// Whether `later`, the same playlist read again, gives a segment's number to another one.
    pub(super) fn contradicts(&self, later: &Self) -> bool {
        let theirs = &later.numbered;
        let differs = |(number, segment)| theirs.get(number).is_some_and(|their| their != segment);
        self.numbered.by_number().any(differs)
    }
}

/// The newest segments by their numbers (`EXT-X-MEDIA-SEQUENCE`), as hashes of their paths.
#[derive(Debug, Default)]
struct Numbered {
    first: u64,
    segments: VecDeque<u64>,
}

impl Numbered {
    fn push(&mut self, uri: &str) {
        let path = uri.split('?').next().unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        self.segments.push_back(hasher.finish());
        if self.segments.len() > NUMBERED_MAX {
            self.segments.pop_front();
            self.first = self.first.saturating_add(1);
        }
    }

    fn by_number(&self) -> impl Iterator<Item = (u64, u64)> {
        let numbered = self.segments.iter().enumerate();
        numbered.map(|(at, segment)| (self.first.saturating_add(at as u64), *segment))
    }

    fn get(&self, number: u64) -> Option<u64> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.segments.get(at).copied()
    }
}

/// What the lines read so far say about the segment whose URI comes next.
#[derive(Debug, Default)]
struct Coming {
    seconds: Option<f64>,
    is_gap: bool,
    /// Length and offset of a range in bytes; without an offset, it follows the one before.
    range: Option<(u64, Option<u64>)>,
}

/// Reads a list of segments line by line.
#[derive(Debug, Default)]
pub(super) struct MediaReader {
    coming: Coming,
    once: Once,
    keys: Keys,
    pieces: PiecesReader,
    live: LiveReader,
    numbered: Numbered,
    first: Vec<Segment>,
    newest: VecDeque<Segment>,
    range_end: u64,
    seconds: f64,
    count: usize,
    has_map: bool,
    only_still_frames: bool,
    fault: Option<Failure>,
}

impl MediaReader {
    /// Wants the timeline from this position on, in microseconds.
    pub(super) fn want_from(&mut self, from_us: u64) {
        self.pieces.want_from(from_us);
    }

    /// Reads a tag, without its `#`.
    pub(super) fn read_tag(&mut self, tag: &str, variables: &mut Variables) -> Result<(), Failure> {
        let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
        self.live.read_tag(name, value);
        match name {
            "EXTINF" => self.coming.seconds = Some(seconds(value)),
            "EXT-X-BYTERANGE" => self.coming.range = byte_range(value),
            "EXT-X-GAP" => self.coming.is_gap = true,
            "EXT-X-MAP" => {
                self.has_map = true;
                self.pieces.read_map(&Attributes::read(value, variables)?);
            }
            "EXT-X-KEY" => self.keys.read(&Attributes::read(value, variables)?),
            "EXT-X-I-FRAMES-ONLY" => self.only_still_frames = true,
            _ => {
                self.pieces.read_tag(name, value);
                if let Err(failure) = self.once.read(name, value, self.count) {
                    self.fault.get_or_insert(failure);
                }
                if name == "EXT-X-MEDIA-SEQUENCE" && self.count == 0 {
                    self.numbered.first = self.once.sequence;
                }
            }
        }
        Ok(())
    }

    /// Reads the URI of a segment; one without `EXTINF` before it is ignored.
    pub(super) fn read_uri(&mut self, uri: &str, variables: &mut Variables) -> Result<(), Failure> {
        let Coming { seconds, is_gap, range } = std::mem::take(&mut self.coming);
        let Some(seconds) = seconds else { return Ok(()) };
        self.count += 1;
        if self.count > SEGMENTS_MAX {
            return Err(too_large("The playlist lists too many segments."));
        }
        self.seconds += seconds;
        if self.seconds > SECONDS_MAX {
            return Err(invalid("The durations of the playlist's segments add up to too much."));
        }
        self.live.read_segment(seconds);
        let first_byte = range.map_or(0, |(_, offset)| offset.unwrap_or(self.range_end));
        self.range_end = range.map_or(0, |(len, _)| first_byte.saturating_add(len));
        let uri = variables.expand(uri)?;
        self.numbered.push(&uri);
        let range = range.map(|_| first_byte..self.range_end);
        if seconds > 0.0 {
            let bytes = Bytes { uri: uri.clone().into_owned(), range: range.clone() };
            self.pieces.read_segment(bytes, seconds, self.keys.encrypt(), is_gap);
        }
        if is_gap || seconds <= 0.0 {
            return Ok(());
        }
        if let Err(failure) = self.keys.judge(self.has_map) {
            self.fault.get_or_insert(failure);
        }
        let segment = Segment { uri: uri.into_owned(), range };
        if self.first.len() < KEPT {
            self.first.push(segment.clone());
        }
        if self.newest.len() == KEPT {
            self.newest.pop_front();
        }
        self.newest.push_back(segment);
        Ok(())
    }

    /// The list, or why players refuse it.
    pub(super) fn finish(self) -> Result<Media, Failure> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if self.first.is_empty() {
            let detail = match (self.count, self.seconds > 0.0) {
                (0, _) => "The playlist is empty.",
                (_, false) => "No segment of the playlist has a duration, as in lists of channels.",
                (_, true) => "The playlist marks all of its segments as missing.",
            };
            return Err(invalid(detail));
        }
        if !self.once.has_target {
            return Err(invalid("The playlist doesn't state the target duration of its segments."));
        }
        if self.only_still_frames {
            return Err(unsupported("This playlist holds only still frames for seeking, no film."));
        }
        let is_film = self.once.ended || self.once.is_vod;
        Ok(Media {
            live: (!is_film).then(|| self.live.finish()),
            dated_end: self.live.dated_end(),
            duration_ms: is_film.then(|| (self.seconds * 1000.0).round() as u64),
            segments: to_probe(self.first, self.newest, is_film),
            states_keys: self.keys.are_stated,
            pieces: self.pieces.finish(),
            numbered: self.numbered,
        })
    }

    /// Takes the reason why the first line isn't what players expect of a list of segments.
    pub(super) fn refuse(&mut self, failure: Failure) {
        self.fault.get_or_insert(failure);
    }
}

/// Some segments in the order in which they should be probed: of a film the first, then the last; of a live
/// playlist, whose oldest may be gone at any moment, the newest, then the oldest.
fn to_probe(first: Vec<Segment>, newest: VecDeque<Segment>, is_film: bool) -> Vec<Segment> {
    let (mut segments, other): (Vec<Segment>, _) = if is_film {
        (first, newest.back().cloned())
    } else {
        (newest.into_iter().rev().collect(), first.into_iter().next())
    };
    let other = other.filter(|other| !segments.contains(other));
    segments.extend(other);
    segments
}

/// The tags that may occur only once, and what they say.
#[derive(Debug, Default)]
struct Once {
    seen: Vec<&'static str>,
    has_target: bool,
    ended: bool,
    is_vod: bool,
    sequence: u64,
}

/// Tags that players refuse to read twice; those with `true` count only with a number above zero.
const ONCE: [(&str, bool); 8] = [
    ("EXT-X-TARGETDURATION", false),
    ("EXT-X-VERSION", false),
    ("EXT-X-PLAYLIST-TYPE", false),
    ("EXT-X-ENDLIST", false),
    ("EXT-X-MEDIA-SEQUENCE", true),
    ("EXT-X-DISCONTINUITY-SEQUENCE", true),
    ("EXT-X-SERVER-CONTROL", false),
    ("EXT-X-PART-INF", false),
];

impl Once {
    fn read(&mut self, name: &str, value: &str, segments: usize) -> Result<(), Failure> {
        let Some((name, above_zero)) = ONCE.iter().find(|(once, _)| *once == name) else {
            return Ok(());
        };
        let number = leading(value.trim_start(), |c| c.is_ascii_digit()).parse::<u64>().ok();
        let counts = match *name {
            "EXT-X-TARGETDURATION" | "EXT-X-VERSION" => number.is_some(),
            "EXT-X-ENDLIST" => true,
            _ if *above_zero => number.is_some(),
            _ => !value.is_empty(),
        };
        if !counts {
            return Ok(());
        }
        if self.seen.contains(name) {
            return Err(invalid("The playlist states twice what it may state only once."));
        }
        if *name == "EXT-X-MEDIA-SEQUENCE" && segments > 0 {
            return Err(invalid("The playlist numbers its segments only after the first of them."));
        }
        if !above_zero || number > Some(0) {
            self.seen.push(*name);
        }
        match *name {
            "EXT-X-TARGETDURATION" => self.has_target = true,
            "EXT-X-ENDLIST" => self.ended = true,
            "EXT-X-PLAYLIST-TYPE" => self.is_vod = value.trim().eq_ignore_ascii_case("VOD"),
            "EXT-X-MEDIA-SEQUENCE" => self.sequence = number.unwrap_or(0),
            _ => {}
        }
        Ok(())
    }
}

/// The number at the start of a segment's duration; 0 if there is none.
fn seconds(value: &str) -> f64 {
    let number = leading(value.trim_start(), |c| c.is_ascii_digit() || c == '.');
    // `1.2.3` is 1.2, as players read it.
    let end = number.match_indices('.').nth(1).map_or(number.len(), |(at, _)| at);
    number[..end].parse::<f64>().ok().filter(|seconds| seconds.is_finite()).unwrap_or(0.0)
}

/// Reads `length@offset`; the offset may be missing.
fn byte_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (len, offset) = match value.trim().split_once('@') {
        Some((len, offset)) => (len, Some(offset.parse().ok()?)),
        None => (value.trim(), None),
    };
    Some((len.parse().ok()?, offset))
}
