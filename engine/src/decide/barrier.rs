//! Starts that wait for players to load, with a deadline so that nobody can hold a room.

use crate::command::Facts;
use crate::decide::playback::{changed, start};
use crate::event::{Event, PlaybackCause};
use crate::playback::{Barrier, Playback, Status};
use crate::room::Room;
use crate::time::Position;

/// How long a room stands for a member whose player ran dry.
const REBUFFER_BARRIER_MS: u64 = 10_000;

/// Standing at `position` until the connected players are ready.
pub(super) fn waiting(room: &Room, position: Position, wait_ms: u64, facts: &Facts) -> Playback {
    let barrier = Barrier {
        since_version: room.version + 1,
        deadline: facts.now.plus_millis(wait_ms),
        count: u32::try_from(facts.ready_capable.len()).unwrap_or(u32::MAX),
        names: facts.ready_capable.iter().take(Barrier::NAMES_MAX).cloned().collect(),
    };
    Playback {
        status: Status::Waiting,
        position,
        anchor_at: facts.now,
        waiting: Some(barrier),
        ..room.playback.clone()
    }
}

/// Everybody is ready, if it is still this start that the room waits for.
pub(super) fn start_ready(room: &Room, since_version: u64, facts: &Facts) -> Option<Event> {
    let barrier = room.playback.waiting.as_ref()?;
    (barrier.since_version == since_version && room.lifecycle.state.is_open())
        .then(|| changed(PlaybackCause::Ready, None, start(&room.playback, facts)))
}

/// The wait is over, whoever is missing.
pub(super) fn deadline(room: &Room, facts: &Facts) -> Option<Event> {
    let barrier = room.playback.waiting.as_ref()?;
    (barrier.deadline <= facts.now && room.lifecycle.state.is_open())
        .then(|| changed(PlaybackCause::Deadline, None, start(&room.playback, facts)))
}

/// A member's player ran dry: the room stands, if it is set to and plays.
pub(super) fn rebuffer(room: &Room, facts: &Facts) -> Option<Event> {
    let wanted = room.lifecycle.state.is_open()
        && room.profile.settings.rebuffer_barrier
        && room.playback.status == Status::Playing
        && !facts.ready_capable.is_empty();
    wanted.then(|| {
        let here = room.expected(facts.now);
        let playback = waiting(room, here, REBUFFER_BARRIER_MS, facts);
        changed(PlaybackCause::Rebuffer, None, playback)
    })
}
