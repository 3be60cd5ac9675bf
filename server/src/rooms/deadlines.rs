//! Carries out what committed state names for a time that has come. The handler checks the
//! committed deadline again, so a hint too many does nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Command, INACTIVE_MS, LifecycleState, ParticipantId, Room, RoomId, Timestamp};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::Rooms;
use crate::store::StoreError;

/// How late a deadline may be noticed.
const TICK: Duration = Duration::from_millis(25);
/// How long a store, or a room, that fails is left alone.
const BACK_OFF: Duration = Duration::from_millis(500);
/// How many rooms are looked at in one tick.
const DUE_MAX: usize = 256;

impl Rooms {
    /// Watches deadlines, leases and attendance for ever. Each room is carried out in a task of its
    /// own: one whose store or database fails is left alone for a while, and holds up no other.
    pub async fn watch_deadlines(self: Arc<Self>) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_away = false;
        let mut under_way = JoinSet::new();
        // Rooms under way, and with a time those that are left alone until then.
        let mut busy: HashMap<RoomId, Option<Instant>> = HashMap::new();
        loop {
            tick.tick().await;
            while let Some(Ok((room_id, done))) = under_way.try_join_next() {
                match done {
                    Ok(()) => busy.remove(&room_id),
                    Err(_) => busy.insert(room_id, Some(Instant::now() + BACK_OFF)),
                };
            }
            busy.retain(|_, until| until.is_none_or(|until| until > Instant::now()));
            let now = self.clock.now();
            match self.store.list_due(now, DUE_MAX).await {
                Ok(due) => {
                    if std::mem::take(&mut is_away) {
                        tracing::info!("deadlines are carried out again");
                    }
                    for room_id in due {
                        if busy.contains_key(&room_id) {
                            continue;
                        }
                        busy.insert(room_id.clone(), None);
                        let rooms = self.clone();
                        under_way.spawn(async move {
                            let done = rooms.guard(&room_id, rooms.carry_out(&room_id, now)).await;
                            (room_id, done.unwrap_or(Ok(())))
                        });
                    }
                }
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
            // Over now, and due until the loss is committed.
            self.store.renew_lease(room_id, self.clock.now()).await?;
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

    /// The host is lost, which ends the lease with the same commit. One that is left over from
    /// another state means nothing.
    async fn end_lease(&self, room: &Room) -> Result<(), StoreError> {
        if room.lifecycle.state == LifecycleState::Live && room.host_id.is_some() {
            return self.system(&room.room_id, Command::HostLost).await;
        }
        self.store.renew_lease(&room.room_id, Timestamp::default()).await
    }
}
