//! Removing people from a room, and banning them.

use std::net::IpAddr;

use contracts::CloseCode;
use engine::{Command, CommandKind, Envelope, ParticipantId, Request, Role, RoomId};
use tokio::time::timeout;

use super::{COMMAND_TIMEOUT, Rooms};
use crate::access::Proof;
use crate::clock::WallTime;
use crate::id;
use crate::limit::Asker;
use crate::members::{Known, unknown_participant};
use crate::refusal::Refusal;
use crate::sql::{BanRow, ENDLESS};
use crate::store::{Notice, StoreError};

/// Who is to be banned, and how.
#[derive(Clone, Debug)]
pub struct NewBan {
    /// The participant.
    pub participant_id: ParticipantId,
    /// The reason; may be empty.
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
        let room_id = proof.room_id();
        // A caller who can't remove anyone must not learn who has joined.
        self.check_moderates(proof, address).await?;
        let known = self.members.find(room_id, participant_id).await?;
        let known = known.ok_or_else(unknown_participant)?;
        self.take_role_back(proof, participant_id, known.base).await?;
        // Into a room that isn't open they have to be let in again.
        if self.access.grants().end(room_id, participant_id).await? {
            self.tell_granted(room_id, participant_id).await;
        }
        self.members.remove(room_id, participant_id).await?;
        self.tell_removed(room_id, participant_id, false).await?;
        self.close_removed(room_id, participant_id, false);
        // If the store lost its members meanwhile, the nodes have added everyone connected, this person too.
        if let Err(error) = self.members.remove(room_id, participant_id).await {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(error, room.id = %room_id, "a membership that has ended may be back");
        }
        Ok(())
    }

    /// Bans a participant, and removes them. They needn't be there any more. Once the ban is stored it holds, whatever
    /// fails afterwards: nodes that weren't told read it.
    pub async fn ban(
        &self,
        proof: &Proof,
        new: NewBan,
        address: IpAddr,
    ) -> Result<BanRow, Refusal> {
        let room_id = proof.room_id();
        // A caller who can't remove anyone must not learn who has joined.
        self.check_moderates(proof, address).await?;
        let known = self.members.find(room_id, &new.participant_id).await?;
        let known = match known {
            Some(known) => known,
            None if id::is_participant_id(new.participant_id.as_str()) => Known::default(),
            None => return Err(unknown_participant()),
        };
        let room = self.find_newest(room_id).await?;
        room.check_removal(&proof.actor(), &new.participant_id, known.base)?;
        let ban = BanRow {
            room_id: room_id.clone(),
            participant_id: new.participant_id,
            display_name: known.display_name,
            reason: new.reason,
            by: proof.participant_id().clone(),
            banned_at: WallTime::now(),
            until: new.until.unwrap_or(ENDLESS),
        };
        let ban = self.access.bans().ban(ban).await?;
        self.shut_out(room_id, &ban.participant_id);
        self.finish_ban(proof, &ban, known.base).await;
        Ok(ban)
    }

    /// Refuses somebody who doesn't moderate the room, or asks too often.
    pub async fn check_moderates(&self, proof: &Proof, address: IpAddr) -> Result<(), Refusal> {
        let envelope = Envelope::of(proof.actor());
        self.admit(proof.room_id(), CommandKind::Remove, &envelope, address).await?;
        self.limiters.check_command(Asker { user_id: proof.user_id(), address })
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

    /// Does the rest, without which a ban holds too: tells the other nodes, takes a role back, ends the membership.
    async fn finish_ban(&self, proof: &Proof, ban: &BanRow, base: Role) {
        let BanRow { room_id, participant_id, .. } = ban;
        let told = self.tell_removed(room_id, participant_id, true).await.map_err(Refusal::from);
        let taken = self.take_role_back(proof, participant_id, base).await;
        let removed = self.members.remove(room_id, participant_id).await.map_err(Refusal::from);
        if let Err(refusal) = told.and(taken).and(removed) {
            let code = refusal.code().name();
            tracing::warn!(room.id = %room_id, rejection.code = code, "a ban holds, but wasn't finished");
        }
    }

    /// Decides whether a participant may be removed, and takes back a role that commands or moderates. The caller has
    /// been counted.
    pub(super) async fn take_role_back(
        &self,
        proof: &Proof,
        participant_id: &ParticipantId,
        base: Role,
    ) -> Result<(), Refusal> {
        let command = Command::Remove { participant: participant_id.clone(), base };
        let request = Request { envelope: Envelope::of(proof.actor()), command };
        let decided = self.decide_and_commit(proof.room_id(), &request);
        let decided = timeout(COMMAND_TIMEOUT, decided).await;
        decided.unwrap_or_else(|_| Err(Refusal::store_unavailable())).map(drop)
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
