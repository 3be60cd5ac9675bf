//! Carries out what committed state names for a time that has come. The handler checks the
//! committed deadline again, so a hint too many does nothing.

use std::sync::Arc;
use std::time::Duration;

use engine::{Command, INACTIVE_MS, LifecycleState, ParticipantId, Room, RoomId, Timestamp};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::Rooms;
use crate::store::StoreError;

/// How late a deadline may be noticed.
const TICK: Duration = Duration::from_millis(25);
/// How many rooms are looked at in one tick.
const DUE_MAX: usize = 256;
/// How often presence is told.
const PRESENCE_TICK: Duration = Duration::from_millis(250);
/// How often everything is looked at.
const SWEEP_TICK: Duration = Duration::from_secs(20);

impl Rooms {
    /// Watches deadlines and leases for ever.
    pub async fn watch_deadlines(self: Arc<Self>) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let now = self.clock.now();
            let due = match self.store.list_due(now, DUE_MAX).await {
                Ok(due) => due,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "no deadlines");
                    continue;
                }
            };
            // All at once, so that one room's fsync doesn't make another's start late.
            let mut under_way = JoinSet::new();
            for room_id in due {
                let rooms = self.clone();
                under_way.spawn(async move {
                    if let Err(error) = rooms.carry_out(&room_id, now).await {
                        tracing::warn!(error = &error as &dyn std::error::Error, "deadline missed");
                    }
                });
            }
            under_way.join_all().await;
        }
    }

    /// Tells presence of rooms where it changed.
    pub async fn watch_presence(self: Arc<Self>) {
        let mut tick = interval(PRESENCE_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            for hub in self.hub.take_stirred() {
                if let Ok(room) = self.find(&hub.room_id).await {
                    hub.publish_presence(&room);
                }
            }
        }
    }

    /// Ends rooms where nobody has been for long, and forgets what ran out.
    pub async fn sweep(self: Arc<Self>) {
        let mut tick = interval(SWEEP_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let now = self.clock.now();
            let Ok(rooms) = self.store.list_rooms().await else { continue };
            for room_id in &rooms {
                let hub = self.hub.room(room_id, now);
                hub.sweep(now);
                if hub.empty_for_ms(now).is_some_and(|ms| ms >= INACTIVE_MS) {
                    self.handle_system(room_id, Command::Idle).await;
                }
            }
            self.forget_gone().await;
        }
    }

    /// Forgets rooms that are gone from the store.
    async fn forget_gone(&self) {
        for hub in self.hub.all() {
            if let Ok(None) = self.store.load(&hub.room_id).await {
                self.hub.forget(&hub.room_id);
            }
        }
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

    async fn carry_out(&self, room_id: &RoomId, now: Timestamp) -> Result<(), StoreError> {
        let Some(room) = self.store.load(room_id).await? else { return Ok(()) };
        if room.deadline().is_some_and(|deadline| deadline <= now) {
            self.handle_system(room_id, Command::Deadline).await;
        }
        if self.store.lease(room_id).await?.is_some_and(|lease| lease <= now) {
            self.end_lease(&room).await?;
        }
        Ok(())
    }

    /// The host is lost. The lease is forgotten only once that is committed, so that a store that
    /// fails now is asked again.
    async fn end_lease(&self, room: &Room) -> Result<(), StoreError> {
        if room.lifecycle.state == LifecycleState::Live {
            self.handle_system(&room.room_id, Command::HostLost).await;
        }
        let Some(after) = self.store.load(&room.room_id).await? else { return Ok(()) };
        if after.lifecycle.state == LifecycleState::Live && after.host_id.is_some() {
            return Ok(());
        }
        self.store.renew_lease(&room.room_id, Timestamp::default()).await
    }
}
