//! The list of public rooms.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use engine::{Room, RoomId};
use futures_util::{StreamExt, stream};

use super::client::{ClientError, Reply};
use super::codec::{bytes_of, number_of, text_of};
use super::keys;
use super::node::Node;
use crate::kept::Use;
use crate::store::{Listed, NodeId, StoreError};

/// The most rooms in a list.
const LISTED_MAX: usize = 500;
/// The greatest age of a list.
const LIST_AGE: Duration = Duration::from_secs(1);
/// How many commands are sent at once, so that others aren't held up.
const COMMANDS_AT_ONCE: usize = 64;
/// In rooms with up to this many entries, participants connected to several nodes are counted once.
/// In larger rooms they hardly matter, and reading all entries would cost too much.
const COUNTED_MAX: u64 = 64;

impl Node {
    /// Returns the list, which may be up to `LIST_AGE` old.
    pub(super) async fn list_public(&self) -> Result<Vec<Listed>, StoreError> {
        let judge = |_: &Vec<Listed>, age: Duration| {
            let is_new = age < LIST_AGE && !self.list_changed.load(Ordering::Relaxed);
            if is_new { Use::Always } else { Use::Never }
        };
        let make = async || {
            // Before anything is read: what changes from here on may be missing.
            self.list_changed.store(false, Ordering::Relaxed);
            let listed = self.make_list().await;
            self.list_changed.fetch_or(listed.is_err(), Ordering::Relaxed);
            listed.map_err(self.failed("list public"))
        };
        let listed = self.listed.find_or_make(judge, make).await;
        listed.map_err(|error| {
            error.unwrap_or_else(|| StoreError::new("list public", "it was just tried in vain"))
        })
    }

    /// Lists the rooms with the most viewers, of all masters that answer.
    async fn make_list(&self) -> Result<Vec<Listed>, ClientError> {
        let away = self.masters.away();
        if away.is_all() {
            return Err(ClientError::new("no Redis answers"));
        }
        let shards = (0..keys::SHARDS).filter(|shard| !away.has_shard(*shard)).map(keys::public);
        let shards = stream::iter(shards)
            .map(async |public| self.masters.call("SMEMBERS", vec![public.into()]).await);
        let shards: Vec<_> = shards.buffer_unordered(COMMANDS_AT_ONCE).collect().await;
        let mut ids = Vec::new();
        for shard in shards {
            let rooms = match shard {
                Ok(Reply::List(rooms)) => rooms,
                // It is replaced at the next change or check of a room of the shard.
                Ok(_) => continue,
                Err(error) if error.is_wrong_type() => continue,
                Err(error) => return Err(error),
            };
            ids.extend(rooms.iter().filter_map(text_of).map(RoomId::new));
        }
        let counts = stream::iter(ids)
            .map(async |room_id| self.count_present(&room_id).await.map(|count| (count, room_id)));
        let counts: Vec<_> = counts.buffer_unordered(COMMANDS_AT_ONCE).collect().await;
        let mut rooms = counts.into_iter().collect::<Result<Vec<_>, _>>()?;
        rooms.sort_unstable_by(|a, b| b.cmp(a));
        rooms.truncate(LISTED_MAX);
        let listed = stream::iter(rooms).map(async |(count, room_id)| {
            let args = vec![keys::state(&room_id).into(), "body".into()];
            let body = match self.masters.call("HGET", args).await {
                Err(error) if error.is_wrong_type() => Reply::Nil,
                body => body?,
            };
            // A room that can't be read isn't listed. It is rebuilt when it is next opened or checked.
            let room = bytes_of(&body).and_then(|body| serde_json::from_slice::<Room>(&body).ok());
            Ok(room
                .filter(Room::is_listed)
                .map(|room| Listed { room: Arc::new(room), viewer_count: Some(count) }))
        });
        let listed: Vec<Result<Option<Listed>, ClientError>> =
            listed.buffer_unordered(COMMANDS_AT_ONCE).collect().await;
        let listed: Result<Vec<Option<Listed>>, _> = listed.into_iter().collect();
        Ok(listed?.into_iter().flatten().collect())
    }

    /// Counts the participants who are connected to a room.
    async fn count_present(&self, room_id: &RoomId) -> Result<u64, ClientError> {
        let key = keys::present(room_id);
        let entries = match self.masters.call("HLEN", vec![key.clone().into()]).await {
            Err(error) if error.is_wrong_type() => return Ok(0),
            entries => number_of(&entries?).unwrap_or(0),
        };
        if entries == 0 || entries > COUNTED_MAX {
            return Ok(entries);
        }
        let Reply::List(names) = self.masters.call("HKEYS", vec![key.into()]).await? else {
            return Ok(entries);
        };
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let is_alive = |node: &NodeId| *node == self.node_id || others.contains_key(node);
        let mut present = HashSet::new();
        for name in names.iter().filter_map(text_of) {
            // A dead node's entries don't count.
            if let Some((node, id)) = name.split_once('|')
                && is_alive(&NodeId(node.into()))
            {
                present.insert(id.to_owned());
            }
        }
        Ok(present.len() as u64)
    }
}
