//! The list of public rooms.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use engine::{Room, RoomId};
use futures_util::{StreamExt, stream};

use super::link::{LinkError, Reply};
use super::read::{bytes_of, number_of};
use super::{Node, keys};
use crate::store::{Listed, NodeId, StoreError};

/// How many rooms a list has at most.
const LISTED_MAX: usize = 500;
/// How old a list may be.
const LIST_AGE: Duration = Duration::from_secs(1);
/// How much is asked at once: others' commands find their way between.
const ASKED_AT_ONCE: usize = 64;
/// Up to so many entries of a room are looked at one by one: somebody connected to several nodes
/// has several. In larger rooms they hardly matter, and the list must not cost what all of them do.
const COUNTED_MAX: u64 = 64;

impl Node {
    /// The list, at most `LIST_AGE` old: whoever asks more often gets the same.
    pub(super) async fn list_public(&self) -> Result<Vec<Listed>, StoreError> {
        let mut kept = self.listed.lock().await;
        let changed = self.list_changed.swap(false, Ordering::Relaxed);
        if let Some((made, listed)) = kept.as_ref()
            && made.elapsed() < LIST_AGE
            && !changed
        {
            return Ok(listed.clone());
        }
        let listed = self.make_list().await?;
        *kept = Some((Instant::now(), listed.clone()));
        Ok(listed)
    }

    async fn make_list(&self) -> Result<Vec<Listed>, StoreError> {
        let shards = stream::iter(0..keys::SHARDS)
            .map(async |shard| self.link.call("SMEMBERS", vec![keys::public(shard).into()]).await);
        let shards: Vec<_> = shards.buffer_unordered(ASKED_AT_ONCE).collect().await;
        let mut ids = Vec::new();
        for shard in shards {
            let Reply::List(rooms) = shard.map_err(self.failed("list public"))? else { continue };
            ids.extend(rooms.iter().filter_map(bytes_of));
        }
        let counts = stream::iter(ids).map(async |id| {
            let room_id = RoomId::new(String::from_utf8_lossy(&id));
            let present = keys::of_room(&room_id).swap_remove(5);
            self.count_present(present).await.map(|count| (count, room_id))
        });
        let counts: Vec<_> = counts.buffer_unordered(ASKED_AT_ONCE).collect().await;
        let counts: Result<Vec<_>, _> = counts.into_iter().collect();
        let mut rooms = counts.map_err(self.failed("list public"))?;
        rooms.sort_unstable_by(|a, b| b.cmp(a));
        rooms.truncate(LISTED_MAX);
        let listed = stream::iter(rooms).map(async |(count, room_id)| {
            let state = keys::of_room(&room_id).swap_remove(0);
            let body = self.link.call("HGET", vec![state.into(), "body".into()]).await?;
            // A room that can't be read isn't shown; whoever opens it is told.
            let room = bytes_of(&body).and_then(|body| serde_json::from_slice::<Room>(&body).ok());
            Ok(room.map(|room| Listed { room: Arc::new(room), viewer_count: Some(count) }))
        });
        let listed: Vec<Result<Option<Listed>, LinkError>> =
            listed.buffer_unordered(ASKED_AT_ONCE).collect().await;
        let listed: Result<Vec<Option<Listed>>, _> = listed.into_iter().collect();
        Ok(listed.map_err(self.failed("list public"))?.into_iter().flatten().collect())
    }

    /// How many are in a room, by the key that says who is.
    async fn count_present(&self, key: String) -> Result<u64, LinkError> {
        let entries = self.link.call("HLEN", vec![key.clone().into()]).await?;
        let entries = number_of(&entries).unwrap_or(0);
        if entries == 0 || entries > COUNTED_MAX {
            return Ok(entries);
        }
        let Reply::List(names) = self.link.call("HKEYS", vec![key.into()]).await? else {
            return Ok(entries);
        };
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let is_alive = |node: &NodeId| *node == self.node_id || others.contains_key(node);
        let mut present = HashSet::new();
        for name in names.iter().filter_map(bytes_of) {
            let name = String::from_utf8_lossy(&name);
            // What a dead node left behind is nobody.
            if let Some((node, id)) = name.split_once('|')
                && is_alive(&NodeId(node.into()))
            {
                present.insert(id.to_owned());
            }
        }
        Ok(present.len() as u64)
    }
}
