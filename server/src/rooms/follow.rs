//! Follows rooms: this node hears the news of each room that has connections here, and for a while
//! after the last one ends.

use std::sync::Arc;
use std::time::Duration;

use contracts::CloseCode;
use engine::{Command, Facts, Room, RoomId, Timestamp};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{COMMAND_TIMEOUT, Rooms};
use crate::hub::{BarrierAction, FollowState, Presence, RoomHub};
use crate::refusal::Refusal;
use crate::store::{Elsewhere, Notice, StoreError};

/// How often rooms without connections are looked for.
const SWEEP_TICK: Duration = Duration::from_secs(20);
/// How long after its last connection a room is forgotten, in milliseconds.
const FORGET_MS: u64 = 30_000;

impl Rooms {
    /// Starts to follow a room, unless this node follows it already.
    pub async fn follow(self: &Arc<Self>, hub: &RoomHub) -> Result<(), Refusal> {
        let follow = async {
            let mut followed = hub.follow_state.lock().await;
            if *followed == FollowState::Followed {
                return Ok(());
            }
            *followed = FollowState::Requested;
            self.store.follow(&hub.room_id).await?;
            self.load_elsewhere(hub).await?;
            *followed = FollowState::Followed;
            Ok(())
        };
        match timeout(COMMAND_TIMEOUT, follow).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(StoreError::into(error)),
            Err(_) => Err(Refusal::store_unavailable()),
        }
    }

    /// Loads who is connected to other nodes.
    pub(super) async fn load_elsewhere(self: &Arc<Self>, hub: &RoomHub) -> Result<(), StoreError> {
        let load = hub.begin_remote_load();
        let elsewhere = self.store.load_presence(&hub.room_id).await?;
        self.carry_out_barrier(&hub.room_id, load.finish(elsewhere));
        Ok(())
    }

    /// Forgets rooms without connections, and closes connections to rooms that are gone, until the node
    /// ends.
    pub async fn sweep(self: Arc<Self>) {
        let mut tick = interval(SWEEP_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let now = self.clock.now();
            for hub in self.hub.all() {
                self.guard(&hub.room_id, self.sweep_one(&hub, now)).await;
            }
        }
    }

    async fn sweep_one(&self, hub: &RoomHub, now: Timestamp) {
        if hub.connection_count() > 0 {
            if let Ok(None) = self.store.load(&hub.room_id).await {
                hub.close_all(CloseCode::ROOM_NOT_FOUND);
            }
            return;
        }
        // Somebody who connects meanwhile waits for this lock, and then follows the room again.
        let mut followed = hub.follow_state.lock().await;
        if hub.idle_for_ms(now).is_none_or(|ms| ms < FORGET_MS) {
            return;
        }
        if std::mem::take(&mut *followed) != FollowState::Unfollowed {
            self.store.unfollow(&hub.room_id).await;
            hub.forget_remote();
        }
        self.hub.retire(hub);
    }

    /// Collects the facts for a command of the server itself, from the connections to all nodes.
    pub(super) async fn system_facts(
        &self,
        hub: Option<&RoomHub>,
        room: &Room,
        now: Timestamp,
    ) -> Result<Facts, StoreError> {
        let elsewhere = match hub {
            Some(hub) if hub.knows_remote() => Elsewhere::default(),
            _ => self.store.load_presence(&room.room_id).await?,
        };
        Ok(match hub {
            Some(hub) => hub.facts(&elsewhere, room, now),
            None => Presence::of_remote(&elsewhere).facts(room, now),
        })
    }

    /// Tells the other nodes that a session continues here. A connection that misses this lives until
    /// its heartbeat fails.
    pub async fn tell_session_taken(&self, room_id: &RoomId, session_id: &str) {
        let notice = Notice::SessionTaken { session_id: session_id.to_owned() };
        let told = timeout(COMMAND_TIMEOUT, self.store.tell(room_id, notice)).await;
        if !matches!(told, Ok(Ok(()))) {
            tracing::debug!(room.id = %room_id, "other nodes weren't told of a session");
        }
    }

    /// Carries out what a barrier asks for, in a task of its own.
    pub fn carry_out_barrier(self: &Arc<Self>, room_id: &RoomId, action: Option<BarrierAction>) {
        let Some(action) = action else { return };
        let (rooms, room_id) = (self.clone(), room_id.clone());
        tokio::spawn(async move {
            rooms.guard(&room_id, rooms.carry_out(&room_id, action)).await;
        });
    }

    async fn carry_out(&self, room_id: &RoomId, action: BarrierAction) {
        match action {
            BarrierAction::Start(since_version) => {
                let start = Command::StartReady { since_version };
                self.handle_system(room_id, start).await;
            }
            BarrierAction::NotifyNodes(since_version) => {
                let notice = Notice::Ready { since_version };
                if let Err(error) = self.store.tell(room_id, notice).await {
                    // The room then starts at its deadline.
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(error, room.id = %room_id, "other nodes weren't told");
                }
            }
        }
    }
}
