//! What was found about a room's media when it was last resolved again.

use std::time::{Duration, Instant};

use engine::MediaId;

use crate::refusal::Refusal;

/// How long an outcome answers the reports of all players.
const FOUND_FOR: Duration = Duration::from_secs(10);

/// The outcome of resolving a media again: whether it can be loaded, and if not, why.
#[derive(Clone, Debug)]
pub struct Found {
    media_id: MediaId,
    at: Instant,
    /// Whether somebody who commands playback had reported.
    commanded: bool,
    outcome: Result<(), Refusal>,
}

impl Found {
    /// Makes it from an outcome of just now; `commanded` if who had reported commands playback.
    pub fn new(media_id: MediaId, commanded: bool, outcome: Result<(), Refusal>) -> Self {
        Self { media_id, at: Instant::now(), commanded, outcome }
    }

    /// Returns the outcome if it is about this media and still counts. That nothing was changed for
    /// others doesn't answer those who command playback, for whom more is done.
    pub fn outcome_of(&self, media_id: &MediaId, commands: bool) -> Option<Result<(), Refusal>> {
        let is_enough = self.commanded || !commands || self.outcome.is_err();
        let counts = is_enough && self.media_id == *media_id && self.at.elapsed() < FOUND_FOR;
        counts.then(|| self.outcome.clone())
    }
}
