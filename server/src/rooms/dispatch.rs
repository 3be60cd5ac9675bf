//! From the store's publish to every connection. The committing node hears of its own commits here
//! like everybody else.

use std::sync::Arc;
use std::time::Instant;

use contracts::CloseCode;
use engine::{Command, Event, LifecycleState, Timestamp};
use tokio::sync::mpsc;

use super::Rooms;
use crate::hub::{OrderedFrame, RoomHub};
use crate::store::Published;
use crate::wire;

impl Rooms {
    /// Carries commits to connections until the store closes.
    pub async fn dispatch(self: Arc<Self>, mut published: mpsc::Receiver<Published>) {
        while let Some(published) = published.recv().await {
            if let Some(hub) = self.hub.find(&published.room.room_id) {
                self.dispatch_one(&hub, &published).await;
            }
        }
    }

    async fn dispatch_one(self: &Arc<Self>, hub: &RoomHub, published: &Published) {
        let Published { room, commit } = published;
        let (fence, host_id) = match &commit.event {
            Event::HostChanged { fence, host_id, .. }
            | Event::LifecycleChanged { fence, host_id, .. } => (Some(*fence), host_id.clone()),
            _ => (None, None),
        };
        let frame = OrderedFrame {
            text: wire::text(&wire::event(commit)),
            position: (commit.epoch, commit.version),
            fence,
            host_id,
            published: Instant::now(),
        };
        hub.publish(&frame);
        self.follow_wait(hub, published);
        match &commit.event {
            Event::HostChanged { .. } | Event::RoleChanged { .. } => {
                self.hub.stir(&room.room_id);
                self.renew_lease(published).await;
            }
            Event::LifecycleChanged { lifecycle, .. } => {
                self.hub.stir(&room.room_id);
                tracing::info!(room.id = %room.room_id, state = ?lifecycle.state, "room's life");
                match lifecycle.state {
                    LifecycleState::Live => self.renew_lease(published).await,
                    LifecycleState::Expired => hub.close_all(CloseCode::ROOM_CLOSED),
                    LifecycleState::Deleted => self.hub.forget(&room.room_id),
                    LifecycleState::Created | LifecycleState::Grace => {}
                }
            }
            _ => {}
        }
    }

    /// Keeps this node's idea of who is waited for in step with the committed one.
    fn follow_wait(self: &Arc<Self>, hub: &RoomHub, published: &Published) {
        let Published { room, commit } = published;
        let nobody = match &room.playback.waiting {
            Some(waiting) if waiting.since_version == commit.version => {
                hub.begin_wait(waiting.since_version)
            }
            Some(_) => None,
            None => {
                hub.end_wait();
                None
            }
        };
        if let Some(since_version) = nobody {
            self.start_ready(room.room_id.clone(), since_version);
        }
    }

    /// Everybody is ready: commits the start, in a task of its own.
    pub fn start_ready(self: &Arc<Self>, room_id: engine::RoomId, since_version: u64) {
        let rooms = self.clone();
        tokio::spawn(async move {
            rooms.handle_system(&room_id, Command::StartReady { since_version }).await;
        });
    }

    /// A host, new or back, has a whole lease.
    async fn renew_lease(&self, published: &Published) {
        let room = &published.room;
        let until = match room.host_id {
            Some(_) => self.clock.now().plus_millis(room.profile.settings.host_lease_ms),
            None => Timestamp::default(),
        };
        if let Err(error) = self.store.renew_lease(&room.room_id, until).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "lease not renewed");
        }
    }
}
