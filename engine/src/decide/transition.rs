//! The transitions of playback that several commands share.

use crate::event::{Event, PlaybackCause};
use crate::facts::Facts;
use crate::id::ParticipantId;
use crate::playback::{Barrier, Playback, Status, lead_ms};
use crate::room::Room;
use crate::time::Position;

/// Starts playing from the position of `playback`: ahead of time if any player can use that, else now.
/// A position that has left the window of a live source gives way to the nearest one in it.
pub(super) fn start(room: &Room, playback: &Playback, facts: &Facts) -> Playback {
    let lead_ms = if facts.ready_capable.is_empty() { 0 } else { lead_ms(facts.rtt_ms) };
    let anchor_at = facts.now.plus_millis(lead_ms);
    let position = playback.position;
    Playback {
        status: Status::Playing,
        position: room.live_edge().map_or(position, |edge| edge.nearest(position, anchor_at)),
        anchor_at,
        waiting: None,
        unprimed: false,
        at_edge: false,
        ..playback.clone()
    }
}

/// Waits at `position` until the connected players are ready, for at most `wait_ms`.
pub(super) fn wait(room: &Room, position: Position, wait_ms: u64, facts: &Facts) -> Playback {
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
        at_edge: false,
        ..room.playback.clone()
    }
}

/// Pauses at the position that the playhead has reached. Players that were waited for may still have nothing
/// loaded there.
pub(super) fn pause(room: &Room, facts: &Facts) -> Playback {
    let playback = &room.playback;
    Playback {
        status: Status::Paused,
        position: stop_position(room, facts),
        anchor_at: facts.now,
        waiting: None,
        unprimed: playback.unprimed || playback.status == Status::Waiting,
        ..playback.clone()
    }
}

/// Where a playhead that stops now comes to a stand: where it is, or, since players that can't jump
/// can't go back either, where it will be once every player has heard of it.
pub(super) fn stop_position(room: &Room, facts: &Facts) -> Position {
    let jumps = room.media.as_ref().is_none_or(|media| media.source.control.seek);
    let lead_ms = if jumps || facts.ready_capable.is_empty() { 0 } else { lead_ms(facts.rtt_ms) };
    room.expected(facts.now.plus_millis(lead_ms))
}

/// The event of a change of playback.
pub(super) fn changed(
    cause: PlaybackCause,
    by: Option<&ParticipantId>,
    playback: Playback,
) -> Event {
    Event::PlaybackChanged { cause, by: by.cloned(), playback }
}
