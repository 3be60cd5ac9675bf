//! The edges of a room's life. None leads back from `Expired`.

use crate::command::Facts;
use crate::event::{Event, HostCause, LifecycleCause};
use crate::id::ParticipantId;
use crate::playback::{Playback, Status};
use crate::room::{EXPIRED_MS, HostLoss, Lifecycle, LifecycleState, Room};

const LIVE: Lifecycle = Lifecycle { state: LifecycleState::Live, deadline: None };

/// The host's first connection starts the party, or ends the grace; the former host regains a
/// room without one.
pub(super) fn connected(room: &Room, participant: &ParticipantId) -> Option<Event> {
    let is_host = room.host_id.as_ref() == Some(participant);
    match room.lifecycle.state {
        LifecycleState::Created | LifecycleState::Grace if is_host => {
            Some(edge(room, LifecycleCause::HostConnected, LIVE))
        }
        LifecycleState::Live
            if room.host_id.is_none() && room.former_host_id.as_ref() == Some(participant) =>
        {
            Some(Event::HostChanged {
                cause: HostCause::Return,
                host_id: Some(participant.clone()),
                fence: room.fence + 1,
            })
        }
        _ => None,
    }
}

pub(super) fn host_lost(room: &Room, facts: &Facts) -> Option<Event> {
    let held = room.lifecycle.state == LifecycleState::Live && room.host_id.is_some();
    held.then(|| {
        let deadline = facts.now.plus_millis(room.profile.settings.host_grace_ms);
        let grace = Lifecycle { state: LifecycleState::Grace, deadline: Some(deadline) };
        edge(room, LifecycleCause::HostLost, grace)
    })
}

pub(super) fn idle(room: &Room, facts: &Facts) -> Option<Event> {
    let open = matches!(room.lifecycle.state, LifecycleState::Live | LifecycleState::Grace);
    // Somebody may have come since the server looked.
    (open && facts.connections == 0).then(|| expire(room, LifecycleCause::Idle, facts))
}

pub(super) fn delete(room: &Room, facts: &Facts) -> Event {
    expire(room, LifecycleCause::Deleted, facts)
}

/// What the committed deadline of the state asks for, if it is due.
pub(super) fn deadline(room: &Room, facts: &Facts) -> Option<Event> {
    room.lifecycle.deadline.filter(|deadline| *deadline <= facts.now)?;
    match room.lifecycle.state {
        LifecycleState::Created => Some(expire(room, LifecycleCause::NeverStarted, facts)),
        LifecycleState::Grace => Some(grace_ended(room, facts)),
        LifecycleState::Expired => {
            let deleted = Lifecycle { state: LifecycleState::Deleted, deadline: None };
            Some(edge(room, LifecycleCause::Retention, deleted))
        }
        LifecycleState::Live | LifecycleState::Deleted => None,
    }
}

fn grace_ended(room: &Room, facts: &Facts) -> Event {
    let cause = LifecycleCause::GraceEnded;
    let fence = room.fence + 1;
    let playback = room.playback.clone();
    let hold = |host_id, playback| Event::LifecycleChanged {
        cause,
        lifecycle: LIVE,
        host_id,
        fence,
        playback,
    };
    match room.profile.settings.host_loss {
        HostLoss::Expire => {
            let lifecycle = expired(facts);
            let host_id = room.host_id.clone();
            Event::LifecycleChanged { cause, lifecycle, host_id, fence, playback }
        }
        HostLoss::Promote => hold(facts.co_hosts.first().cloned(), playback),
        HostLoss::Hold => hold(None, playback),
        HostLoss::Pause => hold(None, paused(room, facts)),
    }
}

fn paused(room: &Room, facts: &Facts) -> Playback {
    if room.playback.status == Status::Ended {
        return room.playback.clone();
    }
    Playback {
        status: Status::Paused,
        position: room.expected(facts.now),
        anchor_at: facts.now,
        waiting: None,
        ..room.playback.clone()
    }
}

fn expire(room: &Room, cause: LifecycleCause, facts: &Facts) -> Event {
    edge(room, cause, expired(facts))
}

fn expired(facts: &Facts) -> Lifecycle {
    let deadline = Some(facts.now.plus_millis(EXPIRED_MS));
    Lifecycle { state: LifecycleState::Expired, deadline }
}

/// An edge that leaves host, fence and playback as they are.
fn edge(room: &Room, cause: LifecycleCause, lifecycle: Lifecycle) -> Event {
    Event::LifecycleChanged {
        cause,
        lifecycle,
        host_id: room.host_id.clone(),
        fence: room.fence,
        playback: room.playback.clone(),
    }
}
