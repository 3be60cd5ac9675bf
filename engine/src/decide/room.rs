//! Roles, the room's own properties, and rebuilt state.

use crate::command::RoomPatch;
use crate::event::{Event, HostCause};
use crate::id::ParticipantId;
use crate::participant::Role;
use crate::rejection::Rejection;
use crate::room::{ROLES_MAX, Room};

pub(super) fn host_transfer(room: &Room, to: &ParticipantId) -> Option<Event> {
    (room.host_id.as_ref() != Some(to)).then(|| Event::HostChanged {
        cause: HostCause::Transfer,
        host_id: Some(to.clone()),
        fence: room.fence + 1,
    })
}

/// Any role but host, to anybody but the host: the host role moves by transfer alone.
pub(super) fn set_role(
    room: &Room,
    by: Option<&ParticipantId>,
    participant: &ParticipantId,
    role: Role,
) -> Result<Option<Event>, Rejection> {
    if role == Role::Host || room.host_id.as_ref() == Some(participant) {
        return Err(Rejection::Forbidden);
    }
    let held = room.roles.get(participant).copied();
    let granted = !matches!(role, Role::Member | Role::Guest);
    if held == granted.then_some(role) {
        return Ok(None);
    }
    if granted && held.is_none() && room.roles.len() >= ROLES_MAX {
        return Err(Rejection::TooManyRoles { max: ROLES_MAX });
    }
    Ok(Some(Event::RoleChanged { participant_id: participant.clone(), role, by: by.cloned() }))
}

pub(super) fn change_room(room: &Room, patch: &RoomPatch) -> Option<Event> {
    let mut profile = room.profile.clone();
    let settings = &mut profile.settings;
    settings.host_loss = patch.host_loss.unwrap_or(settings.host_loss);
    settings.host_grace_ms = patch.host_grace_ms.unwrap_or(settings.host_grace_ms);
    settings.rebuffer_barrier = patch.rebuffer_barrier.unwrap_or(settings.rebuffer_barrier);
    profile.name = patch.name.clone().unwrap_or(profile.name);
    profile.is_public = patch.is_public.unwrap_or(profile.is_public);
    let chat = &mut profile.chat;
    chat.enabled = patch.chat_enabled.unwrap_or(chat.enabled);
    chat.slow_mode_ms = patch.slow_mode_ms.unwrap_or(chat.slow_mode_ms);
    (profile != room.profile).then_some(Event::RoomChanged { profile })
}

/// An epoch only rises; a late rebase is already so.
pub(super) fn rebase(room: &Room, epoch: u64, lost: bool) -> Option<Event> {
    (epoch > room.epoch).then_some(Event::Rebased {
        previous_epoch: room.epoch,
        previous_version: room.version,
        lost,
    })
}
