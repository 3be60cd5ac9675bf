//! Replaces a room that another node has rebuilt from an older copy than this node's.

use std::sync::Arc;

use bytes::Bytes;
use engine::Room;

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
        let (now, outages) = (self.clock.now(), self.outages_of(room_id));
        let Some(rebuilt) = engine::adopt(current, known, epoch, now, &outages) else {
            return Ok(());
        };
        let Some(precondition) = self.unchanged_since(current).await? else { return Ok(()) };
        if self.put(&rebuilt.room, Some(&rebuilt.commit), &precondition).await? {
            self.take_rebuilt(rebuilt.room).await;
        }
        Ok(())
    }

    /// Returns the precondition that nobody has changed `room`, which was read as the current state. The
    /// running process wrote it, so that it can't come back after a loss.
    pub(super) async fn unchanged_since(
        &self,
        room: &Room,
    ) -> Result<Option<Precondition>, StoreError> {
        let writer = vec![keys::state(&room.room_id).into(), "run".into()];
        let run =
            self.masters.call("HGET", writer).await.map_err(self.failed("read the writer"))?;
        let place = room.place();
        Ok(bytes_of(&run).map(|run| Precondition::Unchanged { life: Bytes::new(), run, place }))
    }
}
