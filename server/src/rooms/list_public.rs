//! Lists the public rooms. Nobody needs a token for that, so what a request costs must not depend on how
//! many rooms there are.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::RoomSummary;
use engine::Room;
use serde::{Deserialize, Serialize};

use super::Rooms;
use crate::refusal::Refusal;
use crate::wire;

/// How many rooms are listed at most: the most watched.
const LISTED_MAX: usize = 500;
/// The largest number of public rooms whose list is made anew for each request.
const FRESH_MAX: usize = 256;
/// How long the list is kept if there are more.
const KEPT_FOR: Duration = Duration::from_secs(1);

/// Where a page of public rooms ends.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PublicRoomCursor {
    /// The viewers of the page's last room.
    viewer_count: u64,
    /// Its id.
    room_id: String,
}

/// The list, in its order, and when it was made.
pub(super) type PublicList = (Instant, Arc<Vec<RoomSummary>>);

impl Rooms {
    /// Lists up to `take` public rooms behind a cursor, the most watched first, and where the page
    /// ends if there are more. If there are many public rooms, the list may be a second old.
    pub async fn list_public(
        &self,
        after: Option<&PublicRoomCursor>,
        take: usize,
    ) -> Result<(Vec<RoomSummary>, Option<PublicRoomCursor>), Refusal> {
        let list = self.find_public_list().await?;
        let from = after.map_or(0, |after| list.partition_point(|room| key(room) <= after.key()));
        let rest = &list[from..];
        let page = &rest[..take.min(rest.len())];
        let last = page.last().filter(|_| page.len() < rest.len());
        let next = last.map(|last| PublicRoomCursor {
            viewer_count: last.viewer_count,
            room_id: last.room_id.clone(),
        });
        Ok((page.to_vec(), next))
    }

    /// Returns the kept list, or else makes it. Only one request at a time does.
    async fn find_public_list(&self) -> Result<Arc<Vec<RoomSummary>>, Refusal> {
        let mut kept = self.public.lock().await;
        if let Some((made, list)) = kept.as_ref()
            && made.elapsed() < KEPT_FOR
        {
            return Ok(list.clone());
        }
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
        counted.sort_unstable_by(|one, other| rank(one).cmp(&rank(other)));
        counted.truncate(LISTED_MAX);
        let list = counted.iter().map(|(count, room)| wire::room_summary(room, *count)).collect();
        let list = Arc::new(list);
        *kept = is_large.then(|| (Instant::now(), Arc::clone(&list)));
        Ok(list)
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

/// What the order is by: the same as `key`, before there are summaries.
fn rank((count, room): &(u64, Arc<Room>)) -> (Reverse<u64>, &str) {
    (Reverse(*count), room.room_id.as_str())
}
