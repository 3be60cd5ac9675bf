//! All policy: what a command means for a room. Already so is `None`; a refusal is a value.

mod barrier;
mod lifecycle;
mod playback;
mod room;

use crate::command::{Command, Facts};
use crate::event::Event;
use crate::participant::{Actor, Role};
use crate::rejection::Rejection;
use crate::room::Room;

/// What `command` does to `room`, at most one event.
pub(crate) fn decide(
    room: &Room,
    actor: &Actor,
    command: &Command,
    facts: &Facts,
) -> Result<Option<Event>, Rejection> {
    let by = actor.participant();
    match command {
        Command::Play => playback::play(room, by, facts),
        Command::Pause => playback::pause(room, by, facts),
        Command::Seek { to_ms } => playback::seek(room, by, *to_ms, facts),
        Command::SetRate { rate } => playback::set_rate(room, by, *rate, facts),
        Command::ChangeQuality { rendition } => {
            playback::change_quality(room, by, rendition.as_deref(), facts)
        }
        Command::ChangeSubtitle { track } => {
            playback::change_subtitle(room, by, track.as_deref(), facts)
        }
        Command::ChangeAudio { track } => playback::change_audio(room, by, track, facts),
        Command::SetMedia { media } => Ok(Some(playback::set_media(by, media, facts))),
        Command::Ended { media_id } => playback::ended(room, by, media_id, facts),
        Command::StartReady { since_version } => {
            Ok(barrier::start_ready(room, *since_version, facts))
        }
        Command::Rebuffer => Ok(barrier::rebuffer(room, facts)),
        Command::HostTransfer { to } => Ok(room::host_transfer(room, to)),
        Command::SetRole { participant, role } => room::set_role(room, by, participant, *role),
        Command::ChangeRoom(patch) => Ok(room::change_room(room, patch)),
        Command::Delete => Ok(Some(lifecycle::delete(room, facts))),
        Command::Connected { participant } => Ok(lifecycle::connected(room, participant)),
        Command::HostLost => Ok(lifecycle::host_lost(room, facts)),
        Command::Idle => Ok(lifecycle::idle(room, facts)),
        Command::Deadline => Ok(deadline(room, facts)),
        Command::Rebase { epoch, lost } => Ok(room::rebase(room, *epoch, *lost)),
    }
}

/// Whether `actor` may send `command` at all. Cheap, so that it comes before any fetch.
pub(crate) fn authorize(room: &Room, actor: &Actor, command: &Command) -> Result<(), Rejection> {
    let role = room.role_of(actor);
    let Some(role) = role else {
        return if is_system(command) { Ok(()) } else { Err(Rejection::Forbidden) };
    };
    if !room.lifecycle.state.is_open() {
        return Err(Rejection::RoomClosed);
    }
    match command {
        Command::Play
        | Command::Pause
        | Command::Seek { .. }
        | Command::SetRate { .. }
        | Command::ChangeQuality { .. }
        | Command::ChangeSubtitle { .. }
        | Command::ChangeAudio { .. }
        | Command::SetMedia { .. }
        | Command::Ended { .. } => {
            if role.commands_playback() {
                Ok(())
            } else {
                Err(Rejection::NotHost)
            }
        }
        Command::HostTransfer { .. } | Command::SetRole { .. } | Command::ChangeRoom(_) => {
            if role == Role::Host { Ok(()) } else { Err(Rejection::Forbidden) }
        }
        Command::Delete => {
            let hostless_creator =
                room.host_id.is_none() && actor.participant() == Some(&room.creator_id);
            if role == Role::Host || hostless_creator { Ok(()) } else { Err(Rejection::Forbidden) }
        }
        _ => Err(Rejection::Forbidden),
    }
}

fn is_system(command: &Command) -> bool {
    matches!(
        command,
        Command::StartReady { .. }
            | Command::Rebuffer
            | Command::Connected { .. }
            | Command::HostLost
            | Command::Idle
            | Command::Deadline
            | Command::Rebase { .. }
    )
}

/// Carries out what is due by a committed deadline; the lifecycle's first.
fn deadline(room: &Room, facts: &Facts) -> Option<Event> {
    lifecycle::deadline(room, facts).or_else(|| barrier::deadline(room, facts))
}
