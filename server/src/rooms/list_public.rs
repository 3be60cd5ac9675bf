//! Lists the public rooms. Nobody needs a token for that, so what a request costs must depend on how many
//! rooms there are as little as possible.

use std::sync::Arc;
use std::time::Duration;

use contracts::{ErrorCode, RoomSummary};
use tokio::time::timeout;

use super::Rooms;
use super::public_list::{PublicFilter, PublicList, PublicOrder, PublicRoomCursor};
use crate::access::Caller;
use crate::kept::Use;
use crate::refusal::Refusal;

/// The largest number of public rooms whose list is made anew for each request.
const FRESH_MAX: usize = 256;
/// How long the list is kept if there are more.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// How old such a list may become while the next one is being made.
const AGE_MAX: Duration = Duration::from_secs(10);

/// How long a search waits for its turn, in milliseconds.
const SEARCH_WITHIN_MS: u64 = 2_000;

/// What a list of public rooms is to hold.
#[derive(Clone, Debug, Default)]
pub struct PublicQuery {
    /// Which rooms.
    pub filter: PublicFilter,
    /// In which order.
    pub order: PublicOrder,
    /// Where the page before ended.
    pub after: Option<PublicRoomCursor>,
    /// How many rooms at most.
    pub take: usize,
}

impl Rooms {
    /// Lists public rooms that `caller` may enter, and where the page ends if there are more. If there are many public
    /// rooms, the list may be a second old, or older while the store takes long.
    pub async fn list_public(
        self: &Arc<Self>,
        query: PublicQuery,
        caller: Option<Caller>,
    ) -> Result<(Vec<RoomSummary>, Option<PublicRoomCursor>), Refusal> {
        let list = self.find_public_list().await?;
        let access = self.access.clone();
        let is_limited = caller.as_ref().is_some_and(|caller| caller.rooms.is_some());
        let is_quick = list.is_sorted(query.order) && query.filter.is_empty() && !is_limited;
        let is_heavy = is_large(&list) && !is_quick;
        let find = move || {
            let PublicQuery { filter, order, after, take } = query;
            list.page(order, &filter, after.as_ref(), take, |room| {
                let admits = |caller| access.authorize(caller, room).is_ok();
                caller.as_ref().is_none_or(admits)
            })
        };
        if !is_heavy {
            return Ok(find());
        }
        // One at a time, so that searches take no more than one core, and off the threads that serve parties.
        let turn = timeout(
            Duration::from_millis(SEARCH_WITHIN_MS),
            self.searching.clone().acquire_owned(),
        )
        .await;
        let turn = turn.map_err(|_| Refusal::rate_limited(SEARCH_WITHIN_MS))?;
        let turn = turn.expect("the semaphore of searches is never closed");
        let searched = tokio::task::spawn_blocking(move || {
            // Held until the search is over, though nobody may wait for it any more.
            let _turn = turn;
            find()
        });
        searched
            .await
            .map_err(|_| Refusal::new(ErrorCode::Internal, "the list couldn't be searched"))
    }

    async fn find_public_list(self: &Arc<Self>) -> Result<Arc<PublicList>, Refusal> {
        let judge = |list: &Arc<PublicList>, age: Duration| {
            if is_large(list) && age < KEPT_FOR {
                Use::Always
            } else if is_large(list) && age < AGE_MAX {
                Use::Meanwhile
            } else {
                Use::Never
            }
        };
        let list = self.public.find_or_make(judge, async || self.make_public_list().await).await;
        list.map_err(|error| error.unwrap_or_else(Refusal::store_unavailable))
    }

    async fn make_public_list(self: &Arc<Self>) -> Result<Arc<PublicList>, Refusal> {
        let rooms = self.store.list_public().await?;
        let last = self.public.last().unwrap_or_default();
        let members = self.members.clone();
        let is_large = rooms.len() > FRESH_MAX;
        let make = move || {
            let counted = rooms.into_iter().map(|listed| {
                // The store may lag behind what this node knows, and one without other nodes counts
                // nobody.
                let known = members.known_viewers(&listed.room.room_id);
                let count = known.map(|viewers| viewers.count).or(listed.viewer_count);
                (listed.room, count.unwrap_or(0))
            });
            let list = PublicList::new(counted.collect(), &last);
            list.sort(PublicOrder::Viewers);
            Arc::new(list)
        };
        if !is_large {
            return Ok(make());
        }
        tokio::task::spawn_blocking(make)
            .await
            .map_err(|_| Refusal::new(ErrorCode::Internal, "the list couldn't be made"))
    }
}

fn is_large(list: &PublicList) -> bool {
    list.len() > FRESH_MAX
}
