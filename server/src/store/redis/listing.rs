//! The list of public rooms.

use std::sync::Arc;

use engine::{Room, RoomId};
use futures_util::future::join_all;

use super::link::Reply;
use super::read::{bytes_of, number_of};
use super::{Node, keys};
use crate::store::{Listed, StoreError};

/// How many rooms a list has at most.
const LISTED_MAX: usize = 500;

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
            let count = self.link.call("HLEN", vec![present.into()]);
            Ok((body.await?, count.await?))
        });
        let mut listed = Vec::new();
        for room in join_all(rooms).await {
            let (body, count) = room.map_err(self.failed("list public"))?;
            let Some(body) = bytes_of(&body) else { continue };
            // A room that can't be read isn't shown; whoever opens it is told.
            let Ok(room) = serde_json::from_slice::<Room>(&body) else { continue };
            listed.push(Listed { room: Arc::new(room), viewer_count: number_of(&count) });
        }
        Ok(listed)
    }
}
