//! What positions count, and where the media's own timestamps begin.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::whole;

/// What a source's positions count.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Timeline {
    /// `media`: the media's own timestamps from `origins` on, the same picture at a position for every
    /// player. `program_date_time`: the dates in a live playlist. `playlist`: the durations that the
    /// playlist states, or of a file the positions that its player estimates; where they aren't
    /// exact, players that began at different places may show different pictures.
    pub kind: String,
    /// Where each discontinuity begins, in order. Empty if the player's own positions count: a file
    /// whose clock begins at 0, or a kind other than `media`. A file whose clock begins later has
    /// one, at position 0. Those far from the playhead may be missing; they come with
    /// `media_changed`, cause `refreshed`, when the room nears them.
    #[schema(max_items = 64)]
    pub origins: Vec<TimelineOrigin>,
}

/// The beginning of a discontinuity: a timestamp *t* in it is shown at the position
/// `start_ms` + (*t* − `timestamp`) / `timescale` · 1000.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct TimelineOrigin {
    /// The number of the discontinuity: `EXT-X-DISCONTINUITY-SEQUENCE`, plus one for each
    /// `EXT-X-DISCONTINUITY` before it.
    #[serde(deserialize_with = "whole::required")]
    pub discontinuity: u32,
    /// The position at which it begins, in milliseconds.
    #[serde(deserialize_with = "whole::required")]
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    pub start_ms: u64,
    /// The timestamp that is shown there, in units of `timescale`. Timestamps of MPEG-TS start over
    /// after 2^33.
    #[serde(deserialize_with = "whole::required")]
    #[schema(minimum = -9_007_199_254_740_991_i64, maximum = 9_007_199_254_740_991_i64)]
    pub timestamp: i64,
    /// Units per second.
    #[serde(deserialize_with = "whole::required")]
    #[schema(minimum = 1)]
    pub timescale: u32,
}

impl Default for Timeline {
    /// The timeline of a source that says nothing about it.
    fn default() -> Self {
        Self { kind: "playlist".to_owned(), origins: vec![] }
    }
}
