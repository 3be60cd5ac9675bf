//! Who has joined which room, and what is told of a room to those who haven't.

use contracts::{ErrorCode, Participant, RoomSummary};
use engine::{ParticipantId, Room, RoomId};

use crate::App;
use crate::auth::Caller;
use crate::hub::Presence;
use crate::refusal::Refusal;
use crate::store::{Member, StoreError};
use crate::wire::Viewers;

impl App {
    /// Makes the caller a member of a room.
    pub async fn join(&self, caller: &Caller, room_id: &RoomId) -> Result<(), Refusal> {
        let member = Member {
            participant_id: caller.participant_id(room_id),
            user_id: caller.user_id.clone(),
            display_name: caller.display_name.clone(),
            base: caller.base(),
        };
        let max = self.config.limits.participants_per_room;
        // Who is present matters only once somebody has to make room.
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

    /// Refuses everybody who hasn't joined.
    pub async fn check_member(&self, caller: &Caller, room_id: &RoomId) -> Result<(), Refusal> {
        let participant_id = caller.participant_id(room_id);
        match self.store.find_member(room_id, &participant_id).await? {
            Some(_) => Ok(()),
            None => Err(Refusal::new(ErrorCode::NotMember, "join the room first")),
        }
    }

    /// How many are in a room, connected to whichever node.
    pub async fn viewers(&self, room_id: &RoomId) -> Result<Viewers, StoreError> {
        if let Some(hub) = self.hub.find(room_id).filter(|hub| hub.knows_remote()) {
            return Ok(hub.viewers());
        }
        let elsewhere = self.store.load_presence(room_id).await?;
        let count = Presence::of_remote(&elsewhere).count();
        Ok(Viewers { count, peak: elsewhere.peak.max(count) })
    }

    /// Who is in a room: the host first, then the longest connected.
    pub async fn participants(
        &self,
        room: &Room,
        skip: usize,
        take: usize,
    ) -> Result<Vec<Participant>, StoreError> {
        let room_id = &room.room_id;
        if let Some(hub) = self.hub.find(room_id).filter(|hub| hub.knows_remote()) {
            return Ok(hub.participants(room, skip, take));
        }
        let elsewhere = self.store.load_presence(room_id).await?;
        Ok(Presence::of_remote(&elsewhere).participants(room, skip, take))
    }

    /// A room in a list. The store may be behind what this node knows of its viewers, and one that
    /// has no other nodes counts nobody.
    pub fn summary(&self, room: &Room, viewer_count: Option<u64>) -> RoomSummary {
        let hub = self.hub.find(&room.room_id);
        let known = hub.filter(|hub| hub.knows_remote()).map(|hub| hub.viewers().count);
        RoomSummary {
            room_id: room.room_id.to_string(),
            code: room.code.clone(),
            name: room.profile.name.clone(),
            media_title: room.media.as_ref().map(|media| media.source.title.clone()),
            viewer_count: known.or(viewer_count).unwrap_or(0),
        }
    }
}
