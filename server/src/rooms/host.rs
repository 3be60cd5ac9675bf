//! The host's lease: renewed by signs of life, ended by leaving or by the loss of the host.

use std::sync::Arc;

use engine::{Command, ParticipantId, Room, RoomId, Timestamp};

use super::Rooms;
use super::find::closed;
use crate::refusal::Refusal;
use crate::store::{CLOCKS_APART_MS, StoreError};

impl Rooms {
    /// Returns the room, which has to be open, as it is after a participant has arrived: the arrival of a host
    /// whom it awaits is committed first.
    pub async fn arrive(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<Arc<Room>, Refusal> {
        let room = self.find(room_id).await?;
        if !room.is_open() {
            return Err(closed());
        }
        if !room.is_host(participant_id) && !room.is_former_host(participant_id) {
            return Ok(room);
        }
        self.host_alive(room_id, participant_id).await?;
        self.find(room_id).await
    }

    /// Records a sign of life of the host: the lease starts anew.
    pub async fn host_alive(
        &self,
        room_id: &RoomId,
        host_id: &ParticipantId,
    ) -> Result<(), StoreError> {
        let Some(room) = self.store.load(room_id).await? else { return Ok(()) };
        if room.is_host(host_id) {
            let lease_ms = room.profile.settings.host_lease_ms;
            let until = self.clock.now().plus_millis(lease_ms);
            self.store.renew_lease(room_id, until).await?;
        }
        if room.awaits(host_id) {
            // The party starts, its grace ends, or its former host gets it back.
            let participant = host_id.clone();
            self.handle_system(room_id, Command::Connected { participant }).await;
        }
        Ok(())
    }

    /// Records that the host left for good: the lease ends now.
    pub(super) async fn host_left(
        &self,
        room_id: &RoomId,
        host_id: &ParticipantId,
    ) -> Result<(), StoreError> {
        let Some(room) = self.store.load(room_id).await? else { return Ok(()) };
        if !room.is_host(host_id) {
            return Ok(());
        }
        // A renewal under way may come between, once, and then the host isn't lost yet.
        match self.end_lease_now(&room).await {
            Err(_) => self.end_lease_now(&room).await,
            ended => ended,
        }
    }

    /// Ends the lease as if its time had come: it is due until the loss of the host is committed.
    async fn end_lease_now(&self, room: &Room) -> Result<(), StoreError> {
        // The store judges that by its own clock, which may be a little behind this node's.
        let now_ms = self.clock.now().as_millis();
        let over = Timestamp::from_millis(now_ms.saturating_sub(CLOCKS_APART_MS));
        self.store.renew_lease(&room.room_id, over).await?;
        self.end_lease(room).await
    }

    /// Commits the loss of the host, which ends the lease with the same commit. A lease left over from
    /// another state is simply ended.
    pub(super) async fn end_lease(&self, room: &Room) -> Result<(), StoreError> {
        if room.is_hosted() {
            return self.carry_out_command(&room.room_id, Command::HostLost).await;
        }
        self.store.renew_lease(&room.room_id, Timestamp::default()).await
    }
}
