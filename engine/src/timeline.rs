//! How a room's positions relate to the media: where position 0 lies in the media's own timestamps,
//! how far a stated duration can be trusted, and what a player may better once it has measured.

use serde::{Deserialize, Serialize};

use crate::id::MediaId;
use crate::time::Position;

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
}

/// What positions count.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TimelineKind {
    /// The media's own timestamps from its origins on: the same picture for every player.
    Media,
    /// The dates in a live playlist.
    ProgramDateTime,
    /// The durations that the playlist states. Where they aren't exact, players that began at
    /// different places show different pictures.
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
    /// The maximum number of origins.
    pub const ORIGINS_MAX: usize = 8;
    /// The timeline of a file: its player's own.
    pub const OF_FILE: Self = Self { kind: TimelineKind::Media, origins: Vec::new() };

    /// Whether it is what a source without any statement has.
    pub(crate) fn is_unstated(&self) -> bool {
        *self == Self::default()
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
