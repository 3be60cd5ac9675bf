//! Sends presence to the connections here and tells it to the other nodes, at a fixed beat.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval};

use super::{Rooms, SENT_AT_ONCE};
use crate::hub::{FollowState, RoomHub};
use crate::store::{Notice, StoreError};

/// How often changed presence is sent and told.
const PRESENCE_TICK: Duration = Duration::from_millis(250);
/// How often this node records which rooms have connections here.
const ATTEND_TICK: Duration = Duration::from_secs(5);

impl Rooms {
    /// Sends the presence of rooms where it changed, until the node ends.
    pub async fn watch_presence(self: Arc<Self>) {
        let mut tick = interval(PRESENCE_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut telling = None;
        loop {
            tick.tick().await;
            for hub in self.hub.take_presence_changed() {
                self.guard(&hub.room_id, self.show(&hub)).await;
            }
            // A slow store must not delay what is sent to the connections here.
            if telling.as_ref().is_none_or(tokio::task::JoinHandle::is_finished) {
                telling = Some(tokio::spawn(self.clone().tell()));
            }
        }
    }

    /// Records every few seconds which rooms have connections here, until the node ends.
    pub async fn watch_attendance(self: Arc<Self>) {
        let mut tick = interval(ATTEND_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let attended = self.hub.rooms_with_connections();
            if attended.is_empty() {
                continue;
            }
            if let Err(error) = self.store.attend(&attended, self.clock.now()).await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "attendance not recorded"
                );
            }
        }
    }

    async fn show(&self, hub: &RoomHub) {
        if let Ok(room) = self.find(&hub.room_id).await {
            hub.publish_presence(&room);
        }
    }

    /// Tells the other nodes who came and went. What fails now is sent later.
    pub async fn tell(self: Arc<Self>) {
        let unsent = stream::iter(self.hub.take_presence_unsent());
        let tell = |hub: Arc<RoomHub>| {
            let rooms = self.clone();
            async move {
                let told = rooms.guard(&hub.room_id, rooms.tell_one(&hub)).await;
                if let Some(Err(error)) = told {
                    rooms.hub.mark_presence_unsent(&hub.room_id);
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(error, room.id = %hub.room_id, "presence not told yet");
                }
            }
        };
        unsent.for_each_concurrent(SENT_AT_ONCE, tell).await;
    }

    async fn tell_one(self: &Arc<Self>, hub: &RoomHub) -> Result<(), StoreError> {
        let update = hub.take_presence_update();
        let notice = Notice::Presence(update.clone());
        if let Err(error) = self.store.tell(&hub.room_id, notice).await {
            hub.requeue_presence_update(update);
            return Err(error);
        }
        if let Some(members) = hub.take_lost_members()
            && let Err(error) = self.members.restore(&hub.room_id, hub, members).await
        {
            hub.resend_all();
            return Err(error);
        }
        if hub.take_remote_stale() {
            // A room that isn't followed yet is loaded once it is, and only one load at a time takes in what
            // changes meanwhile.
            let followed = hub.follow_state.lock().await;
            if *followed != FollowState::Followed {
                return Ok(());
            }
            if let Err(error) = self.load_elsewhere(hub).await {
                hub.mark_remote_stale();
                return Err(error);
            }
            self.hub.mark_presence_changed(&hub.room_id);
        }
        Ok(())
    }
}
