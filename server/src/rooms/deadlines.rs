//! Carries out deadlines that committed state names. The engine checks the committed deadline again,
//! so a superfluous attempt does nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Command, RoomId, Timestamp};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::Rooms;
use crate::store::StoreError;

/// How often due rooms are looked for, and so how late a deadline may be carried out.
const TICK: Duration = Duration::from_millis(25);
/// How long to wait after a failure of the store, or of one room.
const BACK_OFF: Duration = Duration::from_millis(500);
/// How many due rooms are taken in one tick.
const DUE_MAX: usize = 256;

impl Rooms {
    /// Watches deadlines, leases and idle rooms until the node ends. Each due room has a task of its
    /// own, so that one that fails, and is tried again later, holds up no other.
    pub async fn watch_deadlines(self: Arc<Self>) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_away = false;
        let mut under_way = JoinSet::new();
        // Rooms under way; with a time, rooms that failed and aren't tried again before then.
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
                            let done =
                                rooms.guard(&room_id, rooms.carry_out_due(&room_id, now)).await;
                            (room_id, done.unwrap_or(Ok(())))
                        });
                    }
                }
                Err(error) => {
                    // Logged once, however long it lasts.
                    if !std::mem::replace(&mut is_away, true) {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(error, "deadlines can't be carried out; trying again");
                    }
                    sleep(BACK_OFF).await;
                }
            }
        }
    }

    /// Handles a command of the server itself. An unreachable store is an error, so that it is tried
    /// again.
    pub(super) async fn carry_out_command(
        &self,
        room_id: &RoomId,
        command: Command,
    ) -> Result<(), StoreError> {
        if self.handle_system(room_id, command).await {
            return Ok(());
        }
        Err(StoreError { operation: "carry out", cause: None })
    }

    async fn carry_out_due(&self, room_id: &RoomId, now: Timestamp) -> Result<(), StoreError> {
        let Some(room) = self.store.load(room_id).await? else { return Ok(()) };
        if room.is_due(now) {
            self.carry_out_command(room_id, Command::Deadline).await?;
        }
        let signs = self.store.life_signs(room_id).await?;
        if signs.lease.is_some_and(|lease| lease <= now) {
            self.end_lease(&room).await?;
        }
        if signs.attended.is_some_and(|attended| room.is_idle(attended, now)) {
            self.carry_out_command(room_id, Command::Idle).await?;
        }
        Ok(())
    }
}
