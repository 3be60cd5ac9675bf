//! The list of public rooms.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use engine::{Room, RoomId};
use futures_util::future::join_all;

use super::link::{LinkError, Reply};
use super::read::{bytes_of, number_of};
use super::{Node, keys};
use crate::store::{Listed, NodeId, StoreError};

/// How many rooms a list has at most.
const LISTED_MAX: usize = 500;
/// Up to so many entries of a room are looked at one by one: somebody connected to several nodes
/// has several. In larger rooms they hardly matter, and the list must not cost what all of them do.
const COUNTED_MAX: u64 = 64;

impl Node {
    pub(super) async fn list_public(&self) -> Result<Vec<Listed>, StoreError> {
        let shards = (0..keys::SHARDS)
            .map(async |shard| self.link.call("SMEMBERS", vec![keys::public(shard).into()]).await);
        let mut ids = Vec::new();
        for shard in join_all(shards).await {
            let Reply::List(rooms) = shard.map_err(self.failed("list public"))? else { continue };
            ids.extend(rooms.iter().filter_map(bytes_of));
        }
        ids.truncate(LISTED_MAX);
        let rooms = ids.into_iter().map(async |id| {
            let room_id = RoomId::new(String::from_utf8_lossy(&id));
            let mut keys = keys::of_room(&room_id);
            let (present, state) = (keys.swap_remove(5), keys.swap_remove(0));
            let body = self.link.call("HGET", vec![state.into(), "body".into()]);
            Ok((body.await?, self.count_present(present).await?))
        });
        let mut listed = Vec::new();
        for room in join_all(rooms).await {
            let (body, count) = room.map_err(self.failed("list public"))?;
            let Some(body) = bytes_of(&body) else { continue };
            // A room that can't be read isn't shown; whoever opens it is told.
            let Ok(room) = serde_json::from_slice::<Room>(&body) else { continue };
            listed.push(Listed { room: Arc::new(room), viewer_count: Some(count) });
        }
        Ok(listed)
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
