//! Playback of a live source: it stays within the window that the source offers at each instant.

use crate::decide::transition::changed;
use crate::event::{Event, PlaybackCause};
use crate::facts::Facts;
use crate::live::LiveEdge;
use crate::playback::Playback;
use crate::rejection::Rejection;
use crate::room::Room;
use crate::time::{Position, Rate};

/// Where `play` begins: where playback stands, moved into the window of a live source, or at the edge
/// if nobody has chosen a position yet.
pub(super) fn start_position(room: &Room, facts: &Facts) -> Position {
    let playback = &room.playback;
    match room.live_edge() {
        Some(edge) if playback.at_edge => edge.latest(facts.now),
        Some(edge) => edge.nearest(playback.position, facts.now),
        None => playback.position,
    }
}

/// Checks that a seek leads into the window as it is now.
pub(super) fn in_window(edge: &LiveEdge, to_ms: i64, facts: &Facts) -> Result<Position, Rejection> {
    let window = edge.earliest(facts.now)..=edge.latest(facts.now);
    let to = u64::try_from(to_ms).ok().map(Position::from_millis);
    to.filter(|to| window.contains(to)).ok_or(Rejection::OutsideWindow {
        earliest_ms: window.start().as_millis(),
        latest_ms: window.end().as_millis(),
    })
}

/// Goes on at normal speed, once the rate has taken playback to an end of the window.
pub(super) fn window_end(room: &Room, facts: &Facts) -> Option<Event> {
    let is_due = room.is_open() && room.window_end().is_some_and(|end| end <= facts.now);
    is_due.then(|| {
        let playback = Playback {
            position: room.expected(facts.now),
            rate: Rate::NORMAL,
            ..room.playback.reanchored(facts.now, room.duration())
        };
        changed(PlaybackCause::WindowEnd, None, playback)
    })
}
