//! When a room's media is looked at again while people watch it.

use std::time::{Duration, Instant};

use engine::MediaId;

/// When the looks at one media are due.
#[derive(Debug, Default)]
pub struct Looks {
    media_id: Option<MediaId>,
    /// Before then its timeline isn't read on; at any time if there is none.
    timeline_at: Option<Instant>,
}

impl Looks {
    /// Turns to a media: nothing that was noted of another one counts.
    pub fn turn_to(&mut self, media_id: &MediaId) {
        if self.media_id.as_ref() != Some(media_id) {
            *self = Self { media_id: Some(media_id.clone()), ..Self::default() };
        }
    }

    /// Returns whether its timeline may be read on.
    pub fn may_read_on(&self) -> bool {
        self.timeline_at.is_none_or(|at| at <= Instant::now())
    }

    /// Lets its timeline be read on after `pause` at the earliest.
    pub fn rest_from_reading(&mut self, pause: Duration) {
        self.timeline_at = Some(Instant::now() + pause);
    }
}
