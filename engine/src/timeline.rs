//! How a room's positions relate to the media: where position 0 lies in the media's own timestamps,
//! how far a stated duration can be trusted, and what a player may correct once it has measured.

use serde::{Deserialize, Serialize};

use crate::id::MediaId;
use crate::time::{Position, WHOLE_MAX};

/// What a source's positions count.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Timeline {
    /// What they count.
    pub kind: TimelineKind,
    /// Where each discontinuity begins in its own timestamps, in order, at most `ORIGINS_MAX`.
    ///
    /// Without any, a source of kind `Media` has one timeline, which players report as it is.
    #[serde(default)]
    pub origins: Vec<Origin>,
    /// The positions whose discontinuities were looked for, in order and apart from each other. Empty
    /// if all were; one span of no length if none were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<Span>,
}

/// Positions from one to another, which isn't among them.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Span {
    /// The first.
    pub from: Position,
    /// The first behind it; `Span::END` if it goes on to the end of the media.
    pub until: Position,
}

/// Origins that were read of a source, and the span in which there are no others that can be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reading {
    /// The origins, in order.
    pub origins: Vec<Origin>,
    /// Where they were looked for.
    pub span: Span,
}

/// What positions count.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TimelineKind {
    /// The media's own timestamps from its origins on: the same picture for every player.
    Media,
    /// The dates in a live playlist.
    ProgramDateTime,
    /// The durations that the playlist states, or of a file the positions that its player estimates.
    /// Where they aren't exact, players that began at different places show different pictures.
    #[default]
    Playlist,
}

/// The beginning of a discontinuity.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Origin {
    /// The number of the discontinuity, as players of HLS count them.
    pub discontinuity: u32,
    /// The position at which it begins.
    pub start: Position,
    /// The timestamp that is shown there, in units of `timescale`.
    pub timestamp: i64,
    /// Units per second.
    pub timescale: u32,
}

/// Where a duration comes from.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DurationOrigin {
    /// The media itself. What earlier versions stored counts as such.
    #[default]
    Media,
    /// The sum of what a playlist states: an estimate.
    Playlist,
    /// The header of a file, which others have been seen to contradict: an estimate.
    Header,
    /// A player of the host or a co-host.
    Measured,
}

/// What a player of the host or a co-host has measured of a media.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Measurement {
    /// The media.
    pub media_id: MediaId,
    /// Its duration.
    pub duration: Option<Position>,
    /// The origin of its first discontinuity.
    pub origin: Option<Origin>,
}

impl Timeline {
    /// The maximum number of origins. Where there are more, those nearest to the playhead are kept.
    pub const ORIGINS_MAX: usize = 64;
    /// The maximum number of spans that are remembered as read.
    const SPANS_MAX: usize = 32;
    /// The timeline of a file: its player's own.
    pub const OF_FILE: Self = Self::of(TimelineKind::Media, Vec::new());

    /// A timeline of which everything is known that can be.
    pub const fn of(kind: TimelineKind, origins: Vec<Origin>) -> Self {
        Self { kind, origins, read: Vec::new() }
    }

    /// That of a source none of whose origins could be read yet: until then, its playlist counts.
    pub fn unread() -> Self {
        let nothing = Span::new(Position::START, Position::START);
        Self { read: vec![nothing], ..Self::default() }
    }

    /// The first position of `span` at which nobody has looked for origins.
    pub fn unread_in(&self, span: Span) -> Option<Position> {
        if self.read.is_empty() {
            return None;
        }
        let mut at = span.from;
        for read in &self.read {
            if read.contains(at) {
                at = read.until;
            }
        }
        (at < span.until).then_some(at)
    }

    /// Adds what was read. If there are too many origins then, those furthest from `near` are forgotten.
    pub(crate) fn add(&mut self, reading: &Reading, near: Position) {
        let is_new = |one: &&Origin| {
            self.origins.iter().all(|known| known.discontinuity != one.discontinuity)
        };
        let new: Vec<Origin> = reading.origins.iter().filter(is_new).copied().collect();
        self.origins.extend(new);
        if !self.origins.is_empty() {
            self.kind = TimelineKind::Media;
        }
        self.origins.sort_by_key(|one| (one.start, one.discontinuity));
        self.read.push(reading.span);
        while self.origins.len() > Self::ORIGINS_MAX {
            self.forget_one(near);
        }
        self.merge();
        while self.read.len() > Self::SPANS_MAX {
            let (from, until) = (self.read[0].from, self.read[self.read.len() - 1].until);
            if apart(from, near) > apart(until, near) {
                self.read.remove(0);
            } else {
                self.read.pop();
            }
        }
    }

    /// Forgets the first or the last origin, whichever is further from `near`.
    fn forget_one(&mut self, near: Position) {
        let (Some(first), Some(last)) = (self.origins.first(), self.origins.last()) else { return };
        if apart(first.start, near) > apart(last.start, near) {
            self.origins.remove(0);
            let begins = self.origins.first().map_or(Span::END, |one| one.start);
            self.read.iter_mut().for_each(|span| span.from = span.from.max(begins));
        } else {
            let ends = last.start;
            self.origins.pop();
            self.read.iter_mut().for_each(|span| span.until = span.until.min(ends));
        }
    }

    /// Puts the spans in order and joins those that touch.
    fn merge(&mut self) {
        self.read.retain(|span| span.from < span.until);
        self.read.sort_by_key(|span| span.from);
        let mut merged: Vec<Span> = Vec::new();
        for span in self.read.drain(..) {
            match merged.last_mut() {
                Some(last) if span.from <= last.until => last.until = last.until.max(span.until),
                _ => merged.push(span),
            }
        }
        self.read = merged;
    }

    /// Whether it is what a source without any statement has.
    pub(crate) fn is_unstated(&self) -> bool {
        *self == Self::default()
    }
}

impl Span {
    /// Behind the last position of any media.
    pub const END: Position = Position::from_millis(WHOLE_MAX);

    /// The span from one position to another.
    pub const fn new(from: Position, until: Position) -> Self {
        Self { from, until }
    }

    /// Whether a position lies in it.
    pub fn contains(&self, position: Position) -> bool {
        self.from <= position && position < self.until
    }
}

impl DurationOrigin {
    /// Whether the duration may be bettered by a measurement.
    pub fn is_estimate(self) -> bool {
        matches!(self, Self::Playlist | Self::Header)
    }

    /// Whether it is what stored sources have that don't say.
    pub(crate) fn is_media(&self) -> bool {
        *self == Self::Media
    }
}

fn apart(one: Position, other: Position) -> u64 {
    one.as_millis().abs_diff(other.as_millis())
}
