//! Inviting people to a room.

use std::net::IpAddr;

use engine::Role;

use super::Rooms;
use crate::access::{InviteRow, Proof};
use crate::clock::WallTime;
use crate::id;
use crate::refusal::Refusal;
use crate::sql::ENDLESS;

/// An invite to make.
#[derive(Clone, Copy, Debug)]
pub struct NewInvite {
    /// The role that people get who use it, if any.
    pub role: Option<Role>,
    /// How many people may use it; `None` for any number.
    pub uses: Option<u64>,
    /// When it ends; `None` if it lasts as long as the room.
    pub until: Option<WallTime>,
}

impl Rooms {
    /// Makes an invite to the room of `proof`, whose role must be lower than the inviter's. Returns its id and its secret.
    pub async fn invite(
        &self,
        proof: &Proof,
        new: NewInvite,
        address: IpAddr,
    ) -> Result<(String, String), Refusal> {
        self.check_moderates(proof, address).await?;
        let room = self.find_newest(proof.room_id()).await?;
        room.check_admission(&proof.actor(), new.role)?;
        let invite = InviteRow {
            invite_id: id::invite_id(),
            room_id: proof.room_id().clone(),
            role: new.role,
            uses: new.uses,
            used: 0,
            by: proof.participant_id().to_string(),
            created_at: WallTime::now(),
            until: new.until.unwrap_or(ENDLESS),
        };
        let secret = self.access.invites().create(&invite).await?;
        Ok((invite.invite_id, secret))
    }
}
