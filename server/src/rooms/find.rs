//! Finds rooms: one by id or code, and the public ones.

use std::cmp::Reverse;
use std::sync::Arc;

use contracts::{ErrorCode, RoomSummary};
use engine::{Room, RoomId};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::{COMMAND_TIMEOUT, Rooms};
use crate::refusal::Refusal;
use crate::wire;

/// Where a page of public rooms ends.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PublicRoomCursor {
    /// The viewers of the page's last room.
    viewer_count: u64,
    /// Its id.
    room_id: String,
}

impl Rooms {
    /// Finds a room as this node knows it.
    pub async fn find(&self, room_id: &RoomId) -> Result<Arc<Room>, Refusal> {
        let room = timeout(COMMAND_TIMEOUT, self.store.load(room_id)).await;
        let room = room.map_err(|_| Refusal::store_unavailable())??;
        room.ok_or_else(not_found)
    }

    /// Finds a room by its code, in canonical form.
    pub async fn find_by_code(&self, code: &str) -> Result<Arc<Room>, Refusal> {
        match self.store.find_code(code).await? {
            Some(room_id) => self.find(&room_id).await,
            None => Err(not_found()),
        }
    }

    /// Finds the newest durable state of a room.
    pub async fn find_newest(&self, room_id: &RoomId) -> Result<Arc<Room>, Refusal> {
        self.store.load_newest(room_id).await?.ok_or_else(not_found)
    }

    /// Finds the newest durable state of a room, if it isn't `known`.
    pub(super) async fn find_newer(&self, known: &Room) -> Result<Option<Arc<Room>>, Refusal> {
        let newest = self.find_newest(&known.room_id).await?;
        Ok((newest.place() != known.place()).then_some(newest))
    }

    /// Lists up to `take` public rooms behind a cursor, the most watched first, and where the page
    /// ends if there are more.
    pub async fn list_public(
        &self,
        after: Option<&PublicRoomCursor>,
        take: usize,
    ) -> Result<(Vec<RoomSummary>, Option<PublicRoomCursor>), Refusal> {
        let rooms = self.store.list_public().await?;
        let mut listed: Vec<RoomSummary> = rooms
            .iter()
            .map(|listed| {
                // The store may lag behind what this node knows, and one without other nodes counts
                // nobody.
                let known = self.members.known_viewers(&listed.room.room_id);
                let viewer_count = known.map(|viewers| viewers.count).or(listed.viewer_count);
                wire::room_summary(&listed.room, viewer_count.unwrap_or(0))
            })
            .filter(|room| after.is_none_or(|after| key(room) > after.key()))
            .collect();
        listed.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
        let has_more = listed.len() > take;
        listed.truncate(take);
        let next = listed.last().filter(|_| has_more).map(|last| PublicRoomCursor {
            viewer_count: last.viewer_count,
            room_id: last.room_id.clone(),
        });
        Ok((listed, next))
    }
}

impl PublicRoomCursor {
    fn key(&self) -> (Reverse<u64>, &str) {
        (Reverse(self.viewer_count), &self.room_id)
    }
}

fn key(room: &RoomSummary) -> (Reverse<u64>, &str) {
    (Reverse(room.viewer_count), &room.room_id)
}

/// Refuses a request that names no room.
pub fn not_found() -> Refusal {
    Refusal::new(ErrorCode::RoomNotFound, "there is no such room")
}
