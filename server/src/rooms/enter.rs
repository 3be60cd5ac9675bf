//! Entering a room: by its openness, a grant, an invite, the password, or a knock.

use std::net::IpAddr;

use contracts::ErrorCode;
use engine::{Entry, Room};

use super::Rooms;
use super::grant::new_grant;
use crate::access::{Caller, Proof, Via};
use crate::clock::WallTime;
use crate::refusal::Refusal;

/// What somebody brings along who enters a room.
#[derive(Clone, Copy)]
pub struct Entrance<'a> {
    /// An invite.
    pub invite: Option<&'a str>,
    /// The room's password.
    pub password: Option<&'a str>,
    /// The address that they come from, as limits count it.
    pub address: IpAddr,
}

impl Rooms {
    /// Lets a caller into a room, or refuses them by what they lack. An invite that isn't valid keeps nobody out who may
    /// enter without it.
    pub async fn enter(
        &self,
        caller: &Caller,
        room: &Room,
        with: Entrance<'_>,
    ) -> Result<Proof, Refusal> {
        let room_id = &room.room_id;
        let proof = self.access.prove(caller, room_id)?;
        if let Some(invite) = with.invite {
            let grant = new_grant(&proof, Via::Invite);
            if self.access.grants().redeem(invite, grant).await? {
                return self.access.prove(caller, room_id);
            }
        }
        let may_enter = proof.has_grant() || room.is_open_to(proof.participant_id());
        if may_enter || self.has_entered(&proof).await? {
            return Ok(proof);
        }
        if with.invite.is_some() {
            let detail = "the invite is unknown, another room's, used up, revoked, or has ended";
            return Err(Refusal::new(ErrorCode::InviteInvalid, detail));
        }
        match room.profile.settings.entry {
            Entry::Open => Ok(proof),
            Entry::Password => {
                self.check_password(&proof, with).await?;
                self.access.grants().give(&new_grant(&proof, Via::Password), false).await?;
                self.access.prove(caller, room_id)
            }
            Entry::Knock => Err(self.knock(&proof).await?),
            Entry::Invite => {
                let detail = "this room is for people who were invited";
                Err(Refusal::new(ErrorCode::InviteRequired, detail))
            }
        }
    }

    /// Whether somebody has entered the room before, and was not shut out since.
    async fn has_entered(&self, proof: &Proof) -> Result<bool, Refusal> {
        let (room_id, id) = (proof.room_id(), proof.participant_id());
        let granted = self.access.grants().find(room_id, id);
        if granted.is_some_and(|(standing, _)| standing.has_ended(WallTime::now())) {
            return Ok(false);
        }
        Ok(self.members.find(room_id, id).await?.is_some())
    }

    /// Refuses a missing or a wrong password. Each wrong one costs the address a guess, as an unknown code does; with
    /// none left, all are refused, right or wrong.
    async fn check_password(&self, proof: &Proof, with: Entrance<'_>) -> Result<(), Refusal> {
        let Some(password) = with.password else {
            return Err(Refusal::new(ErrorCode::PasswordRequired, "this room has a password"));
        };
        let guess = self.limiters.take_guess(with.address).await?;
        let checked = self.access.passwords().check(proof.room_id(), password).await;
        if !matches!(&checked, Err(refusal) if refusal.code() == ErrorCode::PasswordWrong) {
            guess.was_right();
        }
        checked
    }
}
