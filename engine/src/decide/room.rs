//! Roles, the room's profile, and new epochs.

use crate::decide::Decided;
use crate::event::{Event, HostCause};
use crate::id::ParticipantId;
use crate::participant::{Actor, Role};
use crate::rejection::Rejection;
use crate::room::{ROLES_MAX, Room};
use crate::settings::RoomPatch;

/// Transfers the host role.
pub(super) fn host_transfer(room: &Room, to: &ParticipantId) -> Option<Event> {
    (!room.is_host(to)).then(|| Event::HostChanged {
        cause: HostCause::Transfer,
        host_id: Some(to.clone()),
        fence: room.fence + 1,
    })
}

/// Gives any role but host to anybody but the host: only a transfer moves the host role.
pub(super) fn set_role(
    room: &Room,
    by: Option<&ParticipantId>,
    participant: &ParticipantId,
    role: Role,
) -> Decided {
    if role == Role::Host || room.is_host(participant) {
        return Err(Rejection::Forbidden);
    }
    let held = room.roles.get(participant).copied();
    if held == role.is_granted().then_some(role) {
        return Ok(None);
    }
    if role.is_granted() && held.is_none() && room.roles.len() >= ROLES_MAX {
        return Err(Rejection::TooManyRoles { max: ROLES_MAX });
    }
    Ok(Some(Event::RoleChanged { participant_id: participant.clone(), role, by: by.cloned() }))
}

/// Takes back the role, given in this room, by which a participant who is removed could command or moderate. The
/// sender's role must be higher.
pub(super) fn remove(
    room: &Room,
    actor: &Actor,
    participant: &ParticipantId,
    base: Role,
) -> Decided {
    room.check_removal(actor, participant, base)?;
    let given = room.roles.get(participant).is_some_and(|role| role.moderates());
    // A role that came with a grant of access is no role of this room, and must not become one.
    let role = if base.is_granted() { Role::Guest } else { base };
    Ok(given.then(|| Event::RoleChanged {
        participant_id: participant.clone(),
        role,
        by: actor.participant().cloned(),
    }))
}

/// Changes the room's profile.
pub(super) fn change_room(room: &Room, patch: &RoomPatch) -> Option<Event> {
    let profile = room.profile.patched(patch);
    (profile != room.profile).then_some(Event::RoomChanged { profile })
}

/// Moves the room to a new epoch. An epoch only rises: a rebase that comes late changes nothing. What
/// an outage has taken from the host's time to come is given back.
pub(super) fn rebase(room: &Room, epoch: u64, lost: bool, outage_ms: u64) -> Option<Event> {
    (epoch > room.epoch).then_some(Event::Rebased {
        previous_epoch: room.epoch,
        previous_version: room.version,
        lost,
        lifecycle: room.lifecycle.after_outage(outage_ms),
    })
}
