//! Replaces a room that another node has rebuilt from an older copy than this node's.

use std::sync::Arc;

use bytes::Bytes;
use engine::{Room, RoomId};

use super::codec::bytes_of;
use super::keys;
use super::node::Node;
use super::put::Precondition;
use crate::store::StoreError;

impl Node {
    /// Puts `known` in the place of `current`, the rebuilt room, unless that has changed since.
    pub(super) async fn adopt(
        self: &Arc<Self>,
        current: &Arc<Room>,
        known: &Arc<Room>,
    ) -> Result<(), StoreError> {
        let room_id = &current.room_id;
        let issued = self.sql.raise_epochs(std::slice::from_ref(room_id)).await;
        let issued = issued.map_err(|error| StoreError::new("epoch", error))?;
        let Some((_, epoch)) = issued.into_iter().next() else { return Ok(()) };
        let Some(rebuilt) = engine::adopt(current, known, epoch, self.clock.now()) else {
            return Ok(());
        };
        let Some(run) = self.run_of(room_id).await? else { return Ok(()) };
        // The running process wrote what was read, so that state can't come back after a loss.
        let precondition =
            Precondition::Unchanged { life: Bytes::new(), run, place: current.place() };
        if self.put(&rebuilt.room, Some(&rebuilt.commit), &precondition).await? {
            self.take_rebuilt(rebuilt.room).await;
        }
        Ok(())
    }

    /// Returns the process that wrote a room.
    async fn run_of(&self, room_id: &RoomId) -> Result<Option<Bytes>, StoreError> {
        let reply = self.client.call("HGET", vec![keys::state(room_id).into(), "run".into()]).await;
        Ok(bytes_of(&reply.map_err(self.failed("adopt"))?))
    }
}
