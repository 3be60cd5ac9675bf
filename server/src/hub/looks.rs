//! When a room's media is looked at again while people watch it.

use std::time::{Duration, Instant};

use engine::{MediaId, Position};

/// How many times as long as a look took its room rests afterwards, at least. So a look is in progress at most
/// a sixth of the time, however slow the origin is.
const REST_PER_LOOK: u32 = 5;

/// When the looks at one media are due.
#[derive(Debug, Default)]
pub struct Looks {
    media_id: Option<MediaId>,
    /// Before then its timeline isn't read on; at any time if there is none.
    timeline_at: Option<Instant>,
    /// Before then its edge isn't read again; never if there is none.
    edge_at: Option<Instant>,
    /// Where its edge was when it was last read, if that was elsewhere than the room has it.
    edge_off: Option<Position>,
    /// Before then nothing is looked at, whatever the media.
    rests_until: Option<Instant>,
}

impl Looks {
    /// Turns to a media, whose edge is read `edge_every` from now: nothing that was noted of another one
    /// counts, except that the room rests.
    pub fn turn_to(&mut self, media_id: &MediaId, edge_every: Duration) {
        if self.media_id.as_ref() != Some(media_id) {
            let (media_id, edge_at) = (Some(media_id.clone()), Some(Instant::now() + edge_every));
            let rests_until = self.rests_until;
            *self = Self { media_id, edge_at, rests_until, ..Self::default() };
        }
    }

    /// Returns whether its edge is to be read again.
    pub fn may_read_edge(&self) -> bool {
        self.edge_at.is_some_and(|at| at <= Instant::now())
    }

    /// Lets its edge be read again after `pause`.
    pub fn rest_from_edge(&mut self, pause: Duration) {
        self.edge_at = Some(Instant::now() + pause);
    }

    /// Notes that the edge was read at a position where the room doesn't have it. Returns whether it has
    /// moved on since it was last read so: an encoder that stands still may go on anywhere.
    pub fn note_off(&mut self, edge: Position) -> bool {
        self.edge_off.replace(edge).is_some_and(|before| before < edge)
    }

    /// Notes that the room has the edge where it is.
    pub fn note_right(&mut self) {
        self.edge_off = None;
    }

    /// Returns whether its timeline may be read on.
    pub fn may_read_on(&self) -> bool {
        self.timeline_at.is_none_or(|at| at <= Instant::now())
    }

    /// Lets its timeline be read on after `pause` at the earliest.
    pub fn rest_from_reading(&mut self, pause: Duration) {
        self.timeline_at = Some(Instant::now() + pause);
    }

    /// Returns whether the room has rested from its last look.
    pub fn has_rested(&self, now: Instant) -> bool {
        self.rests_until.is_none_or(|until| until <= now)
    }

    /// Until when the room rests, or has rested, from its last look; `None` before the first one.
    pub fn rests_until(&self) -> Option<Instant> {
        self.rests_until
    }

    /// Lets the room rest from a look, in proportion to what it took.
    pub fn rest_from_look(&mut self, began: Instant, over: Instant) {
        self.rests_until = Some(over + (over - began) * REST_PER_LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_rests_five_times_as_long_as_its_look_took_whatever_its_media() {
        let mut looks = Looks::default();
        let began = Instant::now();
        assert!(looks.has_rested(began));
        let over = began + Duration::from_millis(4_800);
        looks.rest_from_look(began, over);
        looks.turn_to(&MediaId::new("another"), Duration::ZERO);
        assert!(!looks.has_rested(over + Duration::from_millis(23_999)));
        assert!(looks.has_rested(over + Duration::from_millis(24_000)));
    }
}
