//! Who has joined which room, and what is told of a room to those who haven't.

use contracts::RoomSummary;
use engine::{Room, RoomId};

use crate::App;
use crate::auth::Caller;
use crate::refusal::Refusal;
use crate::store::Member;
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
        let hub = self.hub.room(room_id, self.clock.now());
        let max = self.config.limits.participants_per_room;
        let present = move |id: &engine::ParticipantId| hub.is_present(id);
        if self.store.add_member(room_id, member, max, &present).await? {
            Ok(())
        } else {
            Err(Refusal::new("room_full", "the room takes no more participants"))
        }
    }

    /// Refuses everybody who hasn't joined.
    pub async fn check_member(&self, caller: &Caller, room_id: &RoomId) -> Result<(), Refusal> {
        let participant_id = caller.participant_id(room_id);
        match self.store.find_member(room_id, &participant_id).await? {
            Some(_) => Ok(()),
            None => Err(Refusal::new("not_member", "join the room first")),
        }
    }

    /// How many are in a room.
    pub fn viewers(&self, room_id: &RoomId) -> Viewers {
        self.hub.find(room_id).map(|hub| hub.viewers()).unwrap_or_default()
    }

    /// A room in a list.
    pub fn summary(&self, room: &Room) -> RoomSummary {
        RoomSummary {
            room_id: room.room_id.to_string(),
            code: room.code.clone(),
            name: room.profile.name.clone(),
            media_title: room.media.as_ref().map(|media| media.source.title.clone()),
            viewer_count: self.viewers(&room.room_id).count,
        }
    }
}
