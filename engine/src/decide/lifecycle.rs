//! The edges of a room's lifecycle. None leads back from `Expired`.

use crate::decide::transition;
use crate::event::{Event, HostCause, LifecycleCause};
use crate::facts::Facts;
use crate::id::ParticipantId;
use crate::lifecycle::{Lifecycle, LifecycleState};
use crate::playback::Status;
use crate::room::Room;
use crate::settings::HostLoss;

/// The host starts the party or ends the grace period; the former host of a room without a host
/// regains the role.
pub(super) fn connected(room: &Room, participant: &ParticipantId) -> Option<Event> {
    if !room.awaits(participant) {
        return None;
    }
    if room.is_host(participant) {
        return Some(edge(room, LifecycleCause::HostConnected, Lifecycle::LIVE));
    }
    Some(Event::HostChanged {
        cause: HostCause::Return,
        host_id: Some(participant.clone()),
        fence: room.fence + 1,
    })
}

/// The grace period begins.
pub(super) fn host_lost(room: &Room, facts: &Facts) -> Option<Event> {
    room.is_hosted().then(|| {
        let grace = Lifecycle::grace(facts.now, room.profile.settings.host_grace_ms);
        edge(room, LifecycleCause::HostLost, grace)
    })
}

/// The room expires, unless somebody has connected since the server looked.
pub(super) fn idle(room: &Room, facts: &Facts) -> Option<Event> {
    let expires = room.idle_ms().is_some() && facts.connections == 0;
    expires.then(|| expire(room, LifecycleCause::Idle, facts))
}

/// The party ends by command.
pub(super) fn delete(room: &Room, facts: &Facts) -> Event {
    expire(room, LifecycleCause::Deleted, facts)
}

/// The state reaches its committed deadline, if that is due.
pub(super) fn deadline(room: &Room, facts: &Facts) -> Option<Event> {
    room.lifecycle.deadline.filter(|deadline| *deadline <= facts.now)?;
    match room.lifecycle.state {
        LifecycleState::Created => Some(expire(room, LifecycleCause::NeverStarted, facts)),
        LifecycleState::Grace => Some(grace_ended(room, facts)),
        LifecycleState::Expired => Some(edge(room, LifecycleCause::Retention, Lifecycle::DELETED)),
        LifecycleState::Live | LifecycleState::Deleted => None,
    }
}

/// The host didn't return: the room's policy decides.
fn grace_ended(room: &Room, facts: &Facts) -> Event {
    let playback = || room.playback.clone();
    let (lifecycle, host_id, playback) = match room.profile.settings.host_loss {
        HostLoss::Expire => (Lifecycle::expired(facts.now), room.host_id.clone(), playback()),
        HostLoss::Promote => (Lifecycle::LIVE, facts.co_hosts.first().cloned(), playback()),
        HostLoss::Hold => (Lifecycle::LIVE, None, playback()),
        HostLoss::Pause if room.playback.status == Status::Ended => {
            (Lifecycle::LIVE, None, playback())
        }
        HostLoss::Pause => (Lifecycle::LIVE, None, transition::pause(room, facts)),
    };
    let (cause, fence) = (LifecycleCause::GraceEnded, room.fence + 1);
    Event::LifecycleChanged { cause, lifecycle, host_id, fence, playback }
}

fn expire(room: &Room, cause: LifecycleCause, facts: &Facts) -> Event {
    edge(room, cause, Lifecycle::expired(facts.now))
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
