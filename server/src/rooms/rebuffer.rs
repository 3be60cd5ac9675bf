//! The re-buffering barrier: a room may wait for a participant whose player re-buffers.

use engine::Command;

use super::Rooms;
use crate::hub::RoomHub;
use crate::refusal::Refusal;

impl Rooms {
    /// Records that a participant's player re-buffers. The room waits if it is set to, and hasn't done so
    /// for a while.
    pub async fn rebuffer(&self, hub: &RoomHub) -> Result<(), Refusal> {
        let room = self.find(&hub.room_id).await?;
        // A report that changes nothing must not use up the room's turn.
        if room.waits_for_rebuffering() && hub.may_rebuffer(self.clock.now()) {
            self.handle_system(&hub.room_id, Command::Rebuffer).await;
        }
        Ok(())
    }
}
