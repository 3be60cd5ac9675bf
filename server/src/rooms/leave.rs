//! Leaving a room for good.

use super::Rooms;
use crate::access::Proof;
use crate::store::{Notice, StoreError};

impl Rooms {
    /// Ends a participant's membership, and the lease if this is the host. The other nodes are told first, so that
    /// no connection there goes on renewing the lease; those here are closed by their sessions.
    pub async fn leave(&self, proof: &Proof) -> Result<(), StoreError> {
        let (room_id, participant_id) = (proof.room_id(), proof.participant_id());
        let notice = Notice::Left { participant_id: participant_id.clone() };
        self.store.tell(room_id, notice).await?;
        self.host_left(room_id, participant_id).await?;
        self.members.leave(proof).await
    }
}
