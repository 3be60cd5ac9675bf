//! The beat by which presence is shown to connections here and told to other nodes.

use std::sync::Arc;
use std::time::Duration;

use engine::ParticipantId;
use futures_util::{StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval};

use super::Rooms;
use crate::hub::RoomHub;
use crate::store::{Member, StoreError};

/// How often presence is shown and told.
const PRESENCE_TICK: Duration = Duration::from_millis(250);
/// For how many rooms at once other nodes are told.
const TOLD_AT_ONCE: usize = 32;
/// How often this node says in which rooms somebody is connected to it.
const ATTEND_TICK: Duration = Duration::from_secs(5);

impl Rooms {
    /// Shows presence of rooms where it changed, for ever.
    pub async fn watch_presence(self: Arc<Self>) {
        let mut tick = interval(PRESENCE_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut telling = None;
        loop {
            tick.tick().await;
            for hub in self.hub.take_presence_changed() {
                self.guard(&hub.room_id, self.show(&hub)).await;
            }
            // A store that answers slowly must not keep anything from being shown.
            if telling.as_ref().is_none_or(tokio::task::JoinHandle::is_finished)
                && self.hub.is_reachable()
            {
                telling = Some(tokio::spawn(self.clone().tell()));
            }
        }
    }

    /// Says every few seconds in which rooms somebody is connected here, for ever.
    pub async fn attend(self: Arc<Self>) {
        let mut tick = interval(ATTEND_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let attended = self.hub.attended();
            if attended.is_empty() {
                continue;
            }
            if let Err(error) = self.store.attend(&attended, self.clock.now()).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "not attended");
            }
        }
    }

    async fn show(&self, hub: &RoomHub) {
        if let Ok(room) = self.find(&hub.room_id).await {
            hub.publish_presence(&room);
        }
    }

    /// Tells other nodes who came and went. What isn't told now is told later.
    async fn tell(self: Arc<Self>) {
        let untold = stream::iter(self.hub.take_presence_unsent());
        let tell = |hub: Arc<RoomHub>| {
            let rooms = self.clone();
            async move {
                let told = rooms.guard(&hub.room_id, rooms.tell_one(&hub)).await;
                if let Some(Err(error)) = told {
                    rooms.hub.mark_presence_unsent(&hub.room_id);
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(error, room.id = %hub.room_id, "presence isn't told yet");
                }
            }
        };
        untold.for_each_concurrent(TOLD_AT_ONCE, tell).await;
    }

    async fn tell_one(self: &Arc<Self>, hub: &RoomHub) -> Result<(), StoreError> {
        let update = hub.take_presence_update();
        if let Err(error) = self.store.tell_presence(&hub.room_id, &update).await {
            hub.requeue_presence_update(update);
            return Err(error);
        }
        if let Some(members) = hub.take_lost_members()
            && let Err(error) = self.restore(hub, members).await
        {
            hub.resend_all();
            return Err(error);
        }
        if hub.take_remote_stale() {
            if let Err(error) = self.load_elsewhere(hub).await {
                hub.mark_remote_stale();
                return Err(error);
            }
            self.hub.mark_presence_changed(&hub.room_id);
        }
        Ok(())
    }

    /// After a loss: those here have joined.
    async fn restore(&self, hub: &RoomHub, members: Vec<Member>) -> Result<(), StoreError> {
        let present = hub.present_ids();
        let is_present = |id: &ParticipantId| present.contains(id);
        for member in members {
            let max = self.limits.participants_per_room;
            self.store.add_member(&hub.room_id, member, max, &is_present).await?;
        }
        Ok(())
    }
}
