//! Barriers: starts that wait until players have loaded. Each has a deadline, so that no player can
//! hold up a room for ever.

use crate::decide::transition::{changed, start, stop_position, wait};
use crate::event::{Event, PlaybackCause};
use crate::facts::Facts;
use crate::room::Room;

/// How long a room waits for a participant whose player re-buffers, in milliseconds.
const REBUFFER_BARRIER_MS: u64 = 10_000;

/// Starts playback since every player is ready, unless the room no longer waits for this start.
pub(super) fn start_ready(room: &Room, since_version: u64, facts: &Facts) -> Option<Event> {
    let barrier = room.playback.waiting.as_ref()?;
    (barrier.since_version == since_version && room.is_open())
        .then(|| changed(PlaybackCause::Ready, None, start(room, &room.playback, facts)))
}

/// Starts playback at the deadline of the wait, even if some players aren't ready.
pub(super) fn deadline(room: &Room, facts: &Facts) -> Option<Event> {
    let barrier = room.playback.waiting.as_ref()?;
    (barrier.deadline <= facts.now && room.is_open())
        .then(|| changed(PlaybackCause::Deadline, None, start(room, &room.playback, facts)))
}

/// Makes the room wait for a participant whose player re-buffers.
pub(super) fn rebuffer(room: &Room, facts: &Facts) -> Option<Event> {
    let waits = room.waits_for_rebuffering() && !facts.ready_capable.is_empty();
    waits.then(|| {
        let playback = wait(room, stop_position(room, facts), REBUFFER_BARRIER_MS, facts);
        changed(PlaybackCause::Rebuffer, None, playback)
    })
}
