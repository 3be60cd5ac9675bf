//! What players report about themselves: that they are ready for a start, or that they re-buffer.

use std::sync::Arc;

use engine::Command;

use super::Rooms;
use crate::hub::{Connection, RoomHub};
use crate::refusal::Refusal;

impl Rooms {
    /// Records that a connection's player is ready for the start of a wait.
    pub fn ready(self: &Arc<Self>, hub: &RoomHub, connection: &Connection, since_version: u64) {
        if hub.note_ready(connection, since_version, self.clock.now()) {
            self.hub.mark_presence_unsent(&hub.room_id);
        }
        self.carry_out_barrier(&hub.room_id, hub.ready(connection, since_version));
    }

    /// Records that a participant's player re-buffers. The room waits if it is set to, and hasn't done so
    /// for a while.
    pub async fn rebuffer(&self, hub: &RoomHub, connection: &Connection) -> Result<(), Refusal> {
        let room = self.find(&hub.room_id).await?;
        // A report that changes nothing must not use up the room's turn.
        if room.waits_for_rebuffering() && hub.may_rebuffer(connection, self.clock.now()) {
            self.handle_system(&hub.room_id, Command::Rebuffer).await;
        }
        Ok(())
    }
}
