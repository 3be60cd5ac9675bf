//! Lists the public rooms. Nobody needs a token for that, so what a request costs must not depend on how
//! many rooms there are.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use contracts::RoomSummary;
use engine::Room;
use serde::{Deserialize, Serialize};

use super::Rooms;
use crate::kept::Use;
use crate::refusal::Refusal;
use crate::wire;

/// How many rooms are listed at most: the most watched.
const LISTED_MAX: usize = 500;
/// The largest number of public rooms whose list is made anew for each request.
const FRESH_MAX: usize = 256;
/// How long the list is kept if there are more.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// How old such a list may become while the next one is being made.
const AGE_MAX: Duration = Duration::from_secs(10);

/// Where a page of public rooms ends.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PublicRoomCursor {
    /// The viewers of the page's last room.
    viewer_count: u64,
    /// Its id.
    room_id: String,
}

/// The list.
#[derive(Clone)]
pub(super) struct PublicList {
    /// In its order.
    rooms: Arc<Vec<RoomSummary>>,
    /// Whether there are so many that it is kept.
    is_large: bool,
}

impl Rooms {
    /// Lists up to `take` public rooms behind a cursor, the most watched first, and where the page
    /// ends if there are more. If there are many public rooms, the list may be a second old, or older while
    /// the store takes long.
    pub async fn list_public(
        &self,
        after: Option<&PublicRoomCursor>,
        take: usize,
    ) -> Result<(Vec<RoomSummary>, Option<PublicRoomCursor>), Refusal> {
        let list = self.find_public_list().await?.rooms;
        let from = after.map_or(0, |after| {
            let end = order(after.viewer_count, &after.room_id);
            list.partition_point(|room| order(room.viewer_count, &room.room_id) <= end)
        });
        let rest = &list[from..];
        let page = &rest[..take.min(rest.len())];
        let last = page.last().filter(|_| page.len() < rest.len());
        let next = last.map(|last| PublicRoomCursor {
            viewer_count: last.viewer_count,
            room_id: last.room_id.clone(),
        });
        Ok((page.to_vec(), next))
    }

    async fn find_public_list(&self) -> Result<PublicList, Refusal> {
        let judge = |list: &PublicList, age: Duration| {
            if list.is_large && age < KEPT_FOR {
                Use::Always
            } else if list.is_large && age < AGE_MAX {
                Use::Meanwhile
            } else {
                Use::Never
            }
        };
        let list = self.public.find_or_make(judge, async || self.make_public_list().await).await;
        list.map_err(|error| error.unwrap_or_else(Refusal::store_unavailable))
    }

    async fn make_public_list(&self) -> Result<PublicList, Refusal> {
        let rooms = self.store.list_public().await?;
        let is_large = rooms.len() > FRESH_MAX;
        let mut counted: Vec<(u64, Arc<Room>)> = rooms
            .into_iter()
            .map(|listed| {
                // The store may lag behind what this node knows, and one without other nodes counts
                // nobody.
                let known = self.members.known_viewers(&listed.room.room_id);
                let count = known.map(|viewers| viewers.count).or(listed.viewer_count);
                (count.unwrap_or(0), listed.room)
            })
            .collect();
        counted.sort_unstable_by(|(one, one_room), (other, other_room)| {
            let one = order(*one, one_room.room_id.as_str());
            one.cmp(&order(*other, other_room.room_id.as_str()))
        });
        counted.truncate(LISTED_MAX);
        let list = counted.iter().map(|(count, room)| wire::room_summary(room, *count));
        Ok(PublicList { rooms: Arc::new(list.collect()), is_large })
    }
}

/// What the list's order is by: the most watched first, and each in one place.
fn order(viewers: u64, room_id: &str) -> (Reverse<u64>, &str) {
    (Reverse(viewers), room_id)
}
