//! What a user is in one room: shown once at the door, taken by everything behind it.

use engine::{Actor, ParticipantId, Role, Room, RoomId};

use super::{Caller, Validity};
use crate::clock::WallTime;
use crate::id;

/// Proof that a user may act in a room, and as which participant. Only `Access` issues it, so nothing
/// that takes one has to ask who is calling.
#[derive(Clone, Debug)]
pub struct Proof {
    room_id: RoomId,
    user_id: String,
    display_name: String,
    named_at: WallTime,
    participant_id: ParticipantId,
    base: Role,
    family_id: Option<String>,
    validity: Validity,
    /// The number of the change that granted access to the user, if that was granted; 0 if not.
    grant: u64,
}

impl Proof {
    pub(super) fn new(caller: &Caller, room_id: &RoomId) -> Self {
        Self {
            room_id: room_id.clone(),
            user_id: caller.user_id.clone(),
            display_name: caller.display_name.clone(),
            named_at: caller.named_at,
            participant_id: id::participant_id(room_id, &caller.user_id),
            base: caller.base(),
            family_id: caller.family_id.clone(),
            validity: caller.validity,
            grant: 0,
        }
    }

    /// The same user by a grant, with the role that they hold by it.
    pub(super) fn with_grant(self, base: Role, number: u64) -> Self {
        Self { base, grant: number, ..self }
    }

    /// A proof of a user who was never authenticated.
    #[cfg(test)]
    pub(crate) fn of_user(user_id: &str, room_id: &RoomId) -> Self {
        let (user_id, display_name) = (user_id.to_owned(), "Ada".to_owned());
        let [issued_at, expires_at] = [WallTime::default(); 2];
        let validity = Validity { issued_at, expires_at };
        let named_at = issued_at;
        let (guest, family_id, rooms) = (true, None, None);
        let caller = Caller { user_id, display_name, named_at, guest, family_id, rooms, validity };
        Self::new(&caller, room_id)
    }

    /// The room.
    pub fn room_id(&self) -> &RoomId {
        &self.room_id
    }

    /// The user's id.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The user's display name.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// When the user was given that name, as far as the token says.
    pub fn named_at(&self) -> WallTime {
        self.named_at
    }

    /// The participant that the user is in the room.
    pub fn participant_id(&self) -> &ParticipantId {
        &self.participant_id
    }

    /// Whether the user's access was granted, and ends with the grant.
    pub fn has_grant(&self) -> bool {
        self.grant != 0
    }

    /// The number of the change that granted access, which other nodes have to know too; 0 if there is none.
    pub fn grant_number(&self) -> u64 {
        self.grant
    }

    /// The role held without one given in the room.
    pub fn base(&self) -> Role {
        self.base
    }

    /// The family of refresh tokens that the user's token was issued with, if the token names it.
    pub fn family_id(&self) -> Option<&str> {
        self.family_id.as_deref()
    }

    /// When the user's token is valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Returns the role held in `room`, which is the proof's.
    pub fn role_in(&self, room: &Room) -> Role {
        room.role_of_participant(&self.participant_id, self.base)
    }

    /// Returns the participant as the engine sees it.
    pub fn actor(&self) -> Actor {
        Actor::Participant { id: self.participant_id.clone(), base: self.base }
    }
}
