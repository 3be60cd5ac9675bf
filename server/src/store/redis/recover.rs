//! Recovers rooms that Redis has lost, or that an earlier Redis process wrote: one that somebody
//! needs, or all that are lost.

use std::sync::Arc;

use engine::{Room, RoomId};
use futures_util::FutureExt;
use futures_util::future::join_all;

use super::codec::text;
use super::node::Node;
use super::recovery::Recovery;
use super::script::CHECK;
use crate::store::StoreError;

/// How many rooms are checked and rebuilt at once.
const AT_ONCE: usize = 500;
/// How often a room is tried while other nodes change it.
const TRIES_MAX: usize = 4;

impl Node {
    /// Returns a room, rebuilt if it must be; `None` if there is no such room.
    pub(super) async fn recover(
        self: &Arc<Self>,
        room_id: &RoomId,
    ) -> Result<Option<Arc<Room>>, StoreError> {
        let is_strange = self.followed.find(room_id).is_none();
        if is_strange && self.recoveries.is_crowded() {
            return Err(StoreError::new("recover", "too many rooms are being looked for"));
        }
        let start = || self.start_recovery(room_id.clone(), is_strange);
        let recovery = self.recoveries.find_or_start(room_id, start);
        recovery.await.map_err(|error| StoreError::new("recover", error))
    }

    /// Starts a task of its own, so that a caller that gives up doesn't leave it half done.
    fn start_recovery(self: &Arc<Self>, room_id: RoomId, is_strange: bool) -> Recovery {
        let (node, id) = (self.clone(), room_id.clone());
        let task = tokio::spawn(async move {
            let _turn = match is_strange {
                true => node.recoveries.take_strange_turn().await,
                false => None,
            };
            let recovered = node.recover_now(&id).await.map_err(Arc::new);
            node.recoveries.remove(&id);
            recovered
        });
        let node = self.clone();
        let ended = async move {
            task.await.unwrap_or_else(|error| {
                node.recoveries.remove(&room_id);
                Err(Arc::new(StoreError::new("recover", error)))
            })
        };
        ended.boxed().shared()
    }

    async fn recover_now(
        self: &Arc<Self>,
        room_id: &RoomId,
    ) -> Result<Option<Arc<Room>>, StoreError> {
        for _ in 0..TRIES_MAX {
            let rooms = self.rebuild(std::slice::from_ref(room_id)).await?;
            if let Some(found) = rooms.get(room_id) {
                return Ok(found.clone());
            }
        }
        Err(StoreError::new("recover", "it can't be read, or other nodes are changing it"))
    }

    /// Checks rooms, and rebuilds those that are lost. Returns those without any copy. A room that
    /// can't be checked doesn't hold up the others.
    pub(super) async fn check(
        self: &Arc<Self>,
        rooms: &[RoomId],
    ) -> Result<Vec<RoomId>, StoreError> {
        let mut missing = Vec::new();
        for rooms in rooms.chunks(AT_ONCE) {
            let checks = rooms.iter().map(async |room_id| {
                let reply = self.run("check", &CHECK, room_id, vec![text(room_id)]);
                (room_id, reply.await)
            });
            let mut lost = Vec::new();
            for (room_id, reply) in join_all(checks).await {
                match reply {
                    Ok(reply) if reply.is_lost() => lost.push(room_id.clone()),
                    Ok(_) => {}
                    Err(error) => {
                        let error: &dyn std::error::Error = &error;
                        tracing::debug!(error, room.id = %room_id, "a room can't be checked");
                    }
                }
            }
            if !lost.is_empty() {
                let rebuilt = self.rebuild(&lost).await?;
                let without_copy = rebuilt.into_iter().filter(|(_, room)| room.is_none());
                missing.extend(without_copy.map(|(room_id, _)| room_id));
            }
        }
        Ok(missing)
    }
}
