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
    outcome: Result<(), Refusal>,
}

impl Found {
    /// Records an outcome that has just been found.
    pub fn new(media_id: MediaId, outcome: Result<(), Refusal>) -> Self {
        Self { media_id, at: Instant::now(), outcome }
    }

    /// Returns the outcome if it is about this media and still counts.
    pub fn outcome_of(&self, media_id: &MediaId) -> Option<Result<(), Refusal>> {
        let counts = self.media_id == *media_id && self.at.elapsed() < FOUND_FOR;
        counts.then(|| self.outcome.clone())
    }
}
