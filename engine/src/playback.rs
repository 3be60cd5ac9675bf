//! The playhead: its position at one instant, and how it moves from there.

use serde::{Deserialize, Serialize};

use crate::id::{MediaId, ParticipantId};
use crate::time::{Position, Rate, Timestamp};

/// The playback that every player of a room follows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Playback {
    /// The media that plays; `None` until the first `set_media`.
    pub media_id: Option<MediaId>,
    /// Whether the playhead moves.
    pub status: Status,
    /// The position of the playhead at `anchor_at`.
    pub position: Position,
    /// The instant at which the playhead is at `position`. An instant in the future is a scheduled
    /// start.
    pub anchor_at: Timestamp,
    /// The rate at which the playhead moves while playing.
    pub rate: Rate,
    /// The chosen quality; `None` lets each player choose.
    pub rendition: Option<String>,
    /// The chosen text track; `None` turns subtitles off.
    pub text_track: Option<String>,
    /// The chosen audio track; `None` where there is no choice.
    pub audio_track: Option<String>,
    /// The barrier that a waiting start is at.
    ///
    /// Invariant: set exactly while `status` is `Waiting`.
    pub waiting: Option<Barrier>,
    /// Whether players may have nothing loaded at `position`, so that the next play needs a barrier.
    pub unprimed: bool,
    /// Whether the next play begins at the edge of a live source instead of at `position`, since
    /// nobody has chosen a position yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_edge: bool,
}

/// Whether the playhead moves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It moves, from `anchor_at` on.
    Playing,
    /// It stands still.
    Paused,
    /// It stands still until every player is ready or the deadline comes.
    Waiting,
    /// It stands still at the end of the media.
    Ended,
}

/// A start that waits until players have loaded.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Barrier {
    /// The version of the commit that entered `Waiting`; a `ready` names it.
    pub since_version: u64,
    /// When playback starts, even if some players aren't ready by then.
    pub deadline: Timestamp,
    /// The number of participants that playback waits for.
    pub count: u32,
    /// The first of them, at most `Barrier::NAMES_MAX`.
    pub names: Vec<ParticipantId>,
}

impl Barrier {
    /// The maximum number of participants that a barrier names.
    pub const NAMES_MAX: usize = 20;
}

impl Playback {
    /// Playback without media, paused at the start.
    pub fn empty(now: Timestamp) -> Self {
        Self {
            media_id: None,
            status: Status::Paused,
            position: Position::START,
            anchor_at: now,
            rate: Rate::NORMAL,
            rendition: None,
            text_track: None,
            audio_track: None,
            waiting: None,
            unprimed: true,
            at_edge: false,
        }
    }

    /// The position of the playhead at `now`. Nothing else calculates positions.
    pub fn expected(&self, now: Timestamp, duration: Option<Position>) -> Position {
        let position = match self.status {
            Status::Playing => self.position.advance(now.millis_since(self.anchor_at), self.rate),
            Status::Paused | Status::Waiting | Status::Ended => self.position,
        };
        duration.map_or(position, |duration| position.min(duration))
    }

    /// The same playback, anchored at `now`. A scheduled start stays scheduled.
    pub fn reanchored(&self, now: Timestamp, duration: Option<Position>) -> Self {
        Self {
            position: self.expected(now, duration),
            anchor_at: self.anchor_at.max(now),
            ..self.clone()
        }
    }
}

/// How far ahead a start is scheduled, in milliseconds, so that players hear of it in time. `rtt_ms` is
/// the round trip that the good majority of them stays within.
pub fn lead_ms(rtt_ms: u64) -> u64 {
    (rtt_ms / 2 + 150).clamp(150, 1500)
}
