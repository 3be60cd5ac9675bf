//! Granting people access to a room, and ending it.

use std::net::IpAddr;

use contracts::{CloseCode, ErrorCode};
use engine::{ParticipantId, Role, RoomId};

use super::{Rooms, not_found};
use crate::access::{GrantRow, Product, Proof, Via};
use crate::clock::WallTime;
use crate::id;
use crate::refusal::Refusal;
use crate::sql::ENDLESS;
use crate::store::Notice;

/// What is to be granted.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// The role, if any.
    pub role: Option<Role>,
    /// When the grant ends; `None` if it lasts as long as the room.
    pub until: Option<WallTime>,
}

impl Rooms {
    /// Grants a user access to the room of `proof`, in place of an earlier grant. Both the role and the user's own must
    /// be lower than the giver's.
    pub async fn grant(
        &self,
        proof: &Proof,
        user_id: &str,
        new: NewGrant,
        address: IpAddr,
    ) -> Result<GrantRow, Refusal> {
        self.check_moderates(proof, address).await?;
        let room_id = proof.room_id();
        let room = self.find_newest(room_id).await?;
        room.check_admission(&proof.actor(), new.role)?;
        let participant_id = id::participant_id(room_id, user_id);
        let held = self.granted_role(room_id, &participant_id);
        room.check_removal(&proof.actor(), &participant_id, held)?;
        self.give(row(room_id, participant_id, proof.participant_id().as_str(), new)).await
    }

    /// Grants a product's user access to rooms, each in place of an earlier grant. Stops at the first room that isn't
    /// there; the grants before it hold.
    pub async fn grant_for(
        &self,
        product: &Product,
        user_id: &str,
        rooms: &[RoomId],
        new: &NewGrant,
    ) -> Result<Vec<GrantRow>, Refusal> {
        if new.role == Some(Role::Host) {
            let detail = "a room has one host, and only they can make somebody else host";
            return Err(Refusal::new(ErrorCode::Forbidden, detail));
        }
        let mut grants = Vec::with_capacity(rooms.len());
        for room_id in rooms {
            if !self.find(room_id).await?.is_open() {
                return Err(not_found());
            }
            let participant_id = id::participant_id(room_id, user_id);
            let grant = row(room_id, participant_id, product.key_id(), new.clone());
            grants.push(self.give(grant).await?);
        }
        Ok(grants)
    }

    /// Ends a grant: closes the connections of whoever holds it, and ends their membership. They may enter as others do.
    pub async fn end_grant(
        &self,
        proof: &Proof,
        grant_id: &str,
        address: IpAddr,
    ) -> Result<(), Refusal> {
        self.check_moderates(proof, address).await?;
        let room_id = proof.room_id();
        let is_of_room = |grant: &GrantRow| grant.room_id == *room_id;
        let grant = self.access.grants().find_by_id(grant_id, is_of_room).await?;
        let held = grant.role.unwrap_or(Role::Guest);
        self.take_role_back(proof, &grant.participant_id, held).await?;
        self.end(&grant).await
    }

    /// Ends a grant that a product has made. A role that its holder was given in the room stays.
    pub async fn end_grant_of(&self, product: &Product, grant_id: &str) -> Result<(), Refusal> {
        let by = product.key_id();
        let is_theirs = |grant: &GrantRow| grant.via == Via::Given && grant.by == by;
        let grant = self.access.grants().find_by_id(grant_id, is_theirs).await?;
        self.end(&grant).await
    }

    async fn end(&self, grant: &GrantRow) -> Result<(), Refusal> {
        let GrantRow { room_id, participant_id, .. } = grant;
        self.access.grants().end(room_id, participant_id).await?;
        self.close_ended(room_id, participant_id);
        self.tell_granted(room_id, participant_id).await;
        self.members.remove(room_id, participant_id).await?;
        Ok(())
    }

    /// Closes the connections to this node of somebody whose grant has ended or changed.
    pub fn close_ended(&self, room_id: &RoomId, id: &ParticipantId) {
        if let Some(hub) = self.hub.find(room_id) {
            hub.close_participant(id, None, CloseCode::GRANT_ENDED);
        }
    }

    /// Tells the other nodes to read what was granted. Those that aren't told read it within a second.
    pub(super) async fn tell_granted(&self, room_id: &RoomId, id: &ParticipantId) {
        let notice = Notice::GrantChanged { participant_id: id.clone() };
        if let Err(error) = self.store.tell(room_id, notice).await {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(error, room.id = %room_id, "a change of grants wasn't told");
        }
    }

    async fn give(&self, grant: GrantRow) -> Result<GrantRow, Refusal> {
        let (room_id, id) = (&grant.room_id, &grant.participant_id);
        if self.access.grants().give(&grant, true).await? {
            self.close_ended(room_id, id);
        }
        self.tell_granted(room_id, id).await;
        Ok(grant)
    }

    /// The role that a participant holds by a grant.
    fn granted_role(&self, room_id: &RoomId, id: &ParticipantId) -> Role {
        let granted = self.access.grants().find(room_id, id).map(|(standing, _)| standing);
        let holding = granted.filter(|standing| standing.holds(WallTime::now()));
        holding.and_then(|standing| standing.role).unwrap_or(Role::Guest)
    }
}

/// The grant of somebody who enters by something that they brought along.
pub(super) fn new_grant(proof: &Proof, via: Via) -> GrantRow {
    let new = NewGrant { role: None, until: None };
    let (id, display_name) = (proof.participant_id().clone(), proof.display_name().to_owned());
    let by = proof.participant_id().as_str();
    GrantRow { via, display_name, ..row(proof.room_id(), id, by, new) }
}

fn row(room_id: &RoomId, participant_id: ParticipantId, by: &str, new: NewGrant) -> GrantRow {
    GrantRow {
        room_id: room_id.clone(),
        participant_id,
        grant_id: id::grant_id(),
        display_name: String::new(),
        role: new.role,
        via: Via::Given,
        invite_id: String::new(),
        by: by.to_owned(),
        granted_at: WallTime::now(),
        until: new.until.unwrap_or(ENDLESS),
    }
}
