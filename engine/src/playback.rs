//! The playhead: where it was, when it was there, and how it moves.

use serde::{Deserialize, Serialize};

use crate::id::{MediaId, ParticipantId};
use crate::time::{Position, Rate, Timestamp};

/// What every player of a room shows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Playback {
    /// What plays; `None` until the first media.
    pub media_id: Option<MediaId>,
    /// Whether the playhead moves.
    pub status: Status,
    /// Where the playhead was at `anchor_at`.
    pub position: Position,
    /// When `position` was true. In the future it is a scheduled start.
    pub anchor_at: Timestamp,
    /// How fast the playhead moves while playing.
    pub rate: Rate,
    /// The chosen quality; `None` lets each player choose.
    pub rendition: Option<String>,
    /// The chosen text track; `None` is off.
    pub text_track: Option<String>,
    /// The chosen sound track; `None` where there is no choice.
    pub audio_track: Option<String>,
    /// Set exactly while `status` is `Waiting`.
    pub waiting: Option<Barrier>,
    /// Whether players may not yet hold data at `position`, so that the next play is worth a barrier.
    pub unprimed: bool,
}

/// Whether the playhead moves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It moves, from `anchor_at` on.
    Playing,
    /// It stands.
    Paused,
    /// It stands until everybody is ready or the deadline comes.
    Waiting,
    /// It stands at the end.
    Ended,
}

/// A start that waits for players to load.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Barrier {
    /// The commit that entered `Waiting`; a `ready` names it.
    pub since_version: u64,
    /// Playback starts then, whoever is missing.
    pub deadline: Timestamp,
    /// How many participants are waited for.
    pub count: u32,
    /// The first of them, at most `Barrier::NAMES_MAX`.
    pub names: Vec<ParticipantId>,
}

impl Barrier {
    /// How many participants a barrier names.
    pub const NAMES_MAX: usize = 20;
}

impl Playback {
    /// No media, paused at the start.
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
        }
    }

    /// Where the playhead is at `now`. The only place where position arithmetic happens.
    pub fn expected(&self, now: Timestamp, duration: Option<Position>) -> Position {
        let position = match self.status {
            Status::Playing => self.position.advance(now.millis_since(self.anchor_at), self.rate),
            Status::Paused | Status::Waiting | Status::Ended => self.position,
        };
        duration.map_or(position, |duration| position.min(duration))
    }

    /// The same playhead, described from `now` on. A scheduled start stays scheduled.
    pub fn reanchored(&self, now: Timestamp, duration: Option<Position>) -> Self {
        Self {
            position: self.expected(now, duration),
            anchor_at: self.anchor_at.max(now),
            ..self.clone()
        }
    }
}

/// How far ahead a start is scheduled, in milliseconds, so that its frame reaches every player first.
pub fn lead_ms(rtt_ms_max: u64) -> u64 {
    (rtt_ms_max / 2 + 150).clamp(150, 1500)
}
