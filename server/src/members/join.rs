//! Joining a room, leaving it, and joining again after the store has lost its members.

use contracts::ErrorCode;
use engine::{ParticipantId, Room, RoomId};
use futures_util::{TryStreamExt, stream};

use super::Members;
use crate::access::Proof;
use crate::hub::{Presence, RoomHub};
use crate::refusal::Refusal;
use crate::store::{Member, StoreError};

/// How many members are restored at once, of a room that the store has lost.
const RESTORED_AT_ONCE: usize = 32;

impl Members {
    /// Makes a user a member of the room. In a full room, members who aren't connected make way, the
    /// oldest first.
    pub async fn join(&self, proof: &Proof, room: &Room) -> Result<(), Refusal> {
        let capacity = room.capacity_for(proof.participant_id());
        let Some(capacity) = capacity.and_then(|people| usize::try_from(people).ok()) else {
            return self.add(proof, self.max).await;
        };
        let _turn = self.joining.take(room.room_id.as_str()).await;
        self.add(proof, capacity.min(self.max)).await
    }

    async fn add(&self, proof: &Proof, max: usize) -> Result<(), Refusal> {
        let member = Member {
            participant_id: proof.participant_id().clone(),
            user_id: proof.user_id().to_owned(),
            display_name: proof.display_name().to_owned(),
            base: proof.base(),
        };
        let room_id = proof.room_id();
        // Who is present matters only once somebody has to make way.
        if self.store.add_member(room_id, member.clone(), max, &|_| true).await? {
            return Ok(());
        }
        let elsewhere = self.store.load_presence(room_id).await?;
        let mut present = self.hub.find(room_id).map(|hub| hub.present_ids()).unwrap_or_default();
        present.extend(Presence::of_remote(&elsewhere).ids().cloned());
        let is_present = move |id: &ParticipantId| present.contains(id);
        if self.store.add_member(room_id, member, max, &is_present).await? {
            Ok(())
        } else {
            Err(Refusal::new(ErrorCode::RoomFull, "the room takes no more participants"))
        }
    }

    /// Keeps a place for a user who is connecting, in a room with a capacity of its own: many may hold tickets, and have
    /// made way for each other while none of them was connected.
    pub async fn take_place(&self, proof: &Proof, room: &Room) -> Result<(), Refusal> {
        let (room_id, id) = (proof.room_id(), proof.participant_id());
        let capacity = room.capacity_for(id);
        let Some(capacity) = capacity.and_then(|people| usize::try_from(people).ok()) else {
            return Ok(());
        };
        // Whoever else takes a place at this node meanwhile would not know that this user is present.
        let _turn = self.joining.take(room_id.as_str()).await;
        if self.store.find_member(room_id, id).await?.is_some() {
            return Ok(());
        }
        self.add(proof, capacity.min(self.max)).await
    }

    /// Ends the membership of a user who leaves for good. Somebody whom the room itself names stays a member.
    pub async fn leave(&self, proof: &Proof) -> Result<(), StoreError> {
        self.remove(proof.room_id(), proof.participant_id()).await
    }

    /// Makes everybody who is connected here a member again, after the store has lost its members.
    pub async fn restore(
        &self,
        room_id: &RoomId,
        hub: &RoomHub,
        members: Vec<Member>,
    ) -> Result<(), StoreError> {
        let present = hub.present_ids();
        let is_present = |id: &ParticipantId| present.contains(id);
        let restore = |member| async {
            self.store.add_member(room_id, member, self.max, &is_present).await.map(drop)
        };
        // One after the other, thousands would keep the node from telling who comes and goes.
        let members = stream::iter(members.into_iter().map(Ok));
        members.try_for_each_concurrent(RESTORED_AT_ONCE, restore).await
    }
}
