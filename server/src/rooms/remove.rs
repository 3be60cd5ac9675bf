//! Removing people from a room, for the moment or by a ban.

use std::net::IpAddr;

use contracts::CloseCode;
use engine::{Command, CommandKind, Envelope, ParticipantId, Request, RoomId};

use super::Rooms;
use crate::access::Proof;
use crate::clock::WallTime;
use crate::limit::Asker;
use crate::members::Known;
use crate::refusal::Refusal;
use crate::sql::{BanRow, ENDLESS};
use crate::store::{Notice, StoreError};

/// Who is to be banned, and how.
#[derive(Clone, Debug)]
pub struct NewBan {
    /// The participant.
    pub participant_id: ParticipantId,
    /// Why; may be empty.
    pub reason: String,
    /// When the ban ends; `None` if it lasts as long as the room.
    pub until: Option<WallTime>,
}

impl Rooms {
    /// Removes a participant: takes back a role that commands or moderates, ends their membership and closes all their
    /// connections. They may join again.
    pub async fn remove(
        &self,
        proof: &Proof,
        participant_id: &ParticipantId,
        address: IpAddr,
    ) -> Result<(), Refusal> {
        self.commit_removal(proof, participant_id, address).await?;
        let room_id = proof.room_id();
        self.tell_removed(room_id, participant_id, false).await?;
        self.close_removed(room_id, participant_id, false);
        Ok(self.members.remove(room_id, participant_id).await?)
    }

    /// Bans a participant, and removes them. Once the ban is stored it holds: nodes that can't be told read it.
    pub async fn ban(
        &self,
        proof: &Proof,
        new: NewBan,
        address: IpAddr,
    ) -> Result<BanRow, Refusal> {
        let known = self.commit_removal(proof, &new.participant_id, address).await?;
        let ban = BanRow {
            room_id: proof.room_id().clone(),
            participant_id: new.participant_id,
            display_name: known.display_name,
            reason: new.reason,
            by: proof.participant_id().clone(),
            banned_at: WallTime::now(),
            until: new.until.unwrap_or(ENDLESS),
        };
        self.access.bans().ban(&ban).await?;
        self.shut_out(&ban.room_id, &ban.participant_id);
        if let Err(error) = self.tell_banned(&ban).await {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(error, room.id = %ban.room_id, "a ban wasn't told");
        }
        Ok(ban)
    }

    /// Refuses somebody who doesn't moderate the room.
    pub async fn check_moderates(&self, proof: &Proof, address: IpAddr) -> Result<(), Refusal> {
        let envelope = Envelope::of(proof.actor());
        self.admit(proof.room_id(), CommandKind::Remove, &envelope, address).await.map(drop)
    }

    /// Closes the connections to this node of somebody who is banned.
    pub fn shut_out(&self, room_id: &RoomId, participant_id: &ParticipantId) {
        self.close_removed(room_id, participant_id, true);
    }

    pub(super) fn close_removed(&self, room_id: &RoomId, id: &ParticipantId, is_banned: bool) {
        let code = if is_banned { CloseCode::BANNED } else { CloseCode::REMOVED };
        if let Some(hub) = self.hub.find(room_id) {
            hub.close_participant(id, None, code);
        }
    }

    /// Decides whether a participant may be removed, and takes back a role that commands or moderates.
    async fn commit_removal(
        &self,
        proof: &Proof,
        participant_id: &ParticipantId,
        address: IpAddr,
    ) -> Result<Known, Refusal> {
        let room_id = proof.room_id();
        // Whoever may not remove anybody doesn't learn who has joined.
        self.check_moderates(proof, address).await?;
        let known = self.members.find_known(room_id, participant_id).await?;
        let (participant, base) = (participant_id.clone(), known.base);
        let command = Command::Remove { participant, base };
        let request = Request { envelope: Envelope::of(proof.actor()), command };
        self.handle(room_id, &request, Asker { user_id: proof.user_id(), address }).await?;
        Ok(known)
    }

    async fn tell_banned(&self, ban: &BanRow) -> Result<(), StoreError> {
        self.tell_removed(&ban.room_id, &ban.participant_id, true).await?;
        self.members.remove(&ban.room_id, &ban.participant_id).await
    }

    async fn tell_removed(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
        is_banned: bool,
    ) -> Result<(), StoreError> {
        let participant_id = participant_id.clone();
        self.store.tell(room_id, Notice::Removed { participant_id, is_banned }).await
    }
}
