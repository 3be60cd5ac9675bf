//! Carries out what committed state names for a time that has come. The handler checks the
//! committed deadline again, so a hint too many does nothing.

use std::sync::Arc;
use std::time::Duration;

use engine::{Command, INACTIVE_MS, LifecycleState, ParticipantId, Room, RoomId, Timestamp};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::Rooms;
use crate::store::StoreError;

/// How late a deadline may be noticed.
const TICK: Duration = Duration::from_millis(25);
/// How long a store that can't be reached is left alone.
const BACK_OFF: Duration = Duration::from_millis(500);
/// How many rooms are looked at in one tick.
const DUE_MAX: usize = 256;

impl Rooms {
    /// Watches deadlines, leases and attendance for ever.
    pub async fn watch_deadlines(self: Arc<Self>) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_away = false;
        loop {
            tick.tick().await;
            match self.carry_out_due().await {
                Ok(()) if std::mem::take(&mut is_away) => {
                    tracing::info!("deadlines are carried out again");
                }
                Ok(()) => {}
                Err(error) => {
                    // Said once, however long it lasts.
                    if !std::mem::replace(&mut is_away, true) {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(error, "deadlines can't be carried out; trying on");
                    }
                    sleep(BACK_OFF).await;
                }
            }
        }
    }

    /// All at once, so that one room's fsync doesn't make another's start late.
    async fn carry_out_due(self: &Arc<Self>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut under_way = JoinSet::new();
        for room_id in self.store.list_due(now, DUE_MAX).await? {
            let rooms = self.clone();
            under_way.spawn(async move {
                rooms.guard(&room_id, rooms.carry_out(&room_id, now)).await.unwrap_or(Ok(()))
            });
        }
        let mut done = Ok(());
        while let Some(carried_out) = under_way.join_next().await {
            done = done.and(carried_out.unwrap_or(Ok(())));
        }
        done
    }

    /// A sign of life of the host: another whole lease.
    pub async fn host_alive(
        &self,
        room_id: &RoomId,
        host: &ParticipantId,
    ) -> Result<(), StoreError> {
        let Some(room) = self.store.load(room_id).await? else { return Ok(()) };
        if room.host_id.as_ref() == Some(host) {
            let lease_ms = room.profile.settings.host_lease_ms;
            let until = self.clock.now().plus_millis(lease_ms);
            self.store.renew_lease(room_id, until).await?;
        }
        self.arrived(&room, host).await;
        Ok(())
    }

    /// A participant is here: the party starts, its grace ends, or its former host has it back.
    pub async fn arrived(&self, room: &Room, participant: &ParticipantId) {
        let is_host = room.host_id.as_ref() == Some(participant);
        let awaited = is_host && room.lifecycle.state != LifecycleState::Live;
        let back = room.host_id.is_none() && room.former_host_id.as_ref() == Some(participant);
        if awaited || back {
            let participant = participant.clone();
            self.handle_system(&room.room_id, Command::Connected { participant }).await;
        }
    }

    /// The host went away for good: the lease ends now.
    pub async fn host_left(
        &self,
        room_id: &RoomId,
        host: &ParticipantId,
    ) -> Result<(), StoreError> {
        let Some(room) = self.store.load(room_id).await? else { return Ok(()) };
        if room.host_id.as_ref() == Some(host) {
            self.end_lease(&room).await?;
        }
        Ok(())
    }

    /// A command of the server itself that is worth another try if the store can't be reached.
    async fn system(&self, room_id: &RoomId, command: Command) -> Result<(), StoreError> {
        if self.handle_system(room_id, command).await {
            return Ok(());
        }
        Err(StoreError { operation: "carry out", cause: None })
    }

    async fn carry_out(&self, room_id: &RoomId, now: Timestamp) -> Result<(), StoreError> {
        let Some(room) = self.store.load(room_id).await? else { return Ok(()) };
        if room.deadline().is_some_and(|deadline| deadline <= now) {
            self.system(room_id, Command::Deadline).await?;
        }
        let signs = self.store.life_signs(room_id).await?;
        if signs.lease.is_some_and(|lease| lease <= now) {
            self.end_lease(&room).await?;
        }
        if signs.attended.is_some_and(|at| at.plus_millis(INACTIVE_MS) <= now) {
            self.system(room_id, Command::Idle).await?;
        }
        Ok(())
    }

    /// The host is lost. The lease is forgotten only once that is committed, so that a store that
    /// fails now is asked again.
    async fn end_lease(&self, room: &Room) -> Result<(), StoreError> {
        if room.lifecycle.state == LifecycleState::Live {
            self.system(&room.room_id, Command::HostLost).await?;
        }
        let Some(after) = self.store.load(&room.room_id).await? else { return Ok(()) };
        if after.lifecycle.state == LifecycleState::Live && after.host_id.is_some() {
            return Ok(());
        }
        self.store.renew_lease(&room.room_id, Timestamp::default()).await
    }
}
