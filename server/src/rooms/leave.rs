//! Leaving a room for good.

use contracts::CloseCode;

use super::Rooms;
use crate::access::Proof;
use crate::store::{Notice, StoreError};

impl Rooms {
    /// Ends a participant's membership, and the lease if this is the host. All their connections are closed but
    /// `connection`, which still has to hear of it; the others first, so that none goes on renewing the lease.
    pub async fn leave(&self, proof: &Proof, connection: u64) -> Result<(), StoreError> {
        let (room_id, participant_id) = (proof.room_id(), proof.participant_id());
        // First: while nothing can be stored, nothing is closed either.
        self.members.leave(proof).await?;
        let notice = Notice::Left { participant_id: participant_id.clone() };
        self.store.tell(room_id, notice).await?;
        if let Some(hub) = self.hub.find(room_id) {
            hub.close_participant(participant_id, Some(connection), CloseCode::LEFT);
        }
        self.host_left(room_id, participant_id).await?;
        // If the store lost its members meanwhile, the nodes have added everyone connected, this person too.
        if let Err(error) = self.members.leave(proof).await {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(error, room.id = %room_id, "a membership that has ended may be back");
        }
        Ok(())
    }
}
