//! The policy: what each command means for a room. A command that would change nothing decides
//! `None`; a command that can't be carried out is a `Rejection`.

mod barrier;
mod edge;
mod lifecycle;
mod live;
mod measured;
mod playback;
mod refreshed;
mod room;
mod transition;

use crate::command::Command;
use crate::event::Event;
use crate::facts::Facts;
use crate::participant::Actor;
use crate::rejection::Rejection;
use crate::room::Room;

/// The event that a command leads to, if it changes anything.
type Decided = Result<Option<Event>, Rejection>;

/// Decides what an admitted `command` changes.
pub(crate) fn decide(room: &Room, actor: &Actor, command: &Command, facts: &Facts) -> Decided {
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
        Command::Measured(report) => Ok(measured::measured(room, by, report, facts)),
        Command::StartReady { since_version } => {
            Ok(barrier::start_ready(room, *since_version, facts))
        }
        Command::Rebuffer => Ok(barrier::rebuffer(room, facts)),
        Command::Refreshed { media_id, delivery } => {
            Ok(refreshed::refreshed(room, media_id, delivery))
        }
        Command::OriginsRead { media_id, reading } => {
            Ok(refreshed::origins_read(room, media_id, reading, facts))
        }
        Command::EdgeRead { media_id, edge } => Ok(edge::edge_read(room, media_id, edge, facts)),
        Command::Finished { media_id, media, ends } => {
            Ok(edge::finished(room, media_id, media, *ends, facts))
        }
        Command::HostTransfer { to } => Ok(room::host_transfer(room, to)),
        Command::SetRole { participant, role } => room::set_role(room, by, participant, *role),
        Command::ChangeRoom(patch) => Ok(room::change_room(room, patch)),
        Command::Remove { participant, base } => room::remove(room, actor, participant, *base),
        Command::Delete => Ok(Some(lifecycle::delete(room, facts))),
        Command::Connected { participant } => Ok(lifecycle::connected(room, participant)),
        Command::HostLost => Ok(lifecycle::host_lost(room, facts)),
        Command::Idle => Ok(lifecycle::idle(room, facts)),
        Command::Deadline => Ok(deadline(room, facts)),
        Command::Rebase { epoch, lost, outage_ms } => {
            Ok(room::rebase(room, *epoch, *lost, *outage_ms))
        }
    }
}

/// Carries out the committed deadline that is due, the lifecycle's before that of playback.
fn deadline(room: &Room, facts: &Facts) -> Option<Event> {
    lifecycle::deadline(room, facts)
        .or_else(|| barrier::deadline(room, facts))
        .or_else(|| live::window_end(room, facts))
}
