//! From the store's news to every connection. The committing node hears of its own commits here
//! like everybody else.

use std::sync::Arc;
use std::time::Instant;

use contracts::CloseCode;
use engine::{Event, LifecycleState, Place, Room, RoomId};
use tokio::sync::mpsc;

use super::Rooms;
use crate::hub::{OrderedFrame, RoomHub};
use crate::store::{News, NodeId, Published};
use crate::wire;

impl Rooms {
    /// Carries news to connections until the store closes.
    pub async fn dispatch(self: Arc<Self>, mut news: mpsc::Receiver<News>) {
        while let Some(news) = news.recv().await {
            match news {
                News::Reachable(reachable) => {
                    tracing::warn!(reachable, "whether commands can be stored has changed");
                    self.hub.set_reachable(reachable);
                }
                News::NodeGone(node_id) => self.node_gone(&node_id).await,
                news => {
                    if let Some(hub) = room_of(&news).and_then(|room_id| self.hub.find(room_id)) {
                        self.guard(&hub.room_id, self.dispatch_one(&hub, news)).await;
                    }
                }
            }
        }
    }

    async fn node_gone(self: &Arc<Self>, node_id: &NodeId) {
        for hub in self.hub.all() {
            let gone = async {
                self.take_step(&hub.room_id, hub.node_gone(node_id));
                self.hub.mark_presence_changed(&hub.room_id);
            };
            self.guard(&hub.room_id, gone).await;
        }
    }

    /// No step of this waits for the store: what it knows already is all that is told.
    async fn dispatch_one(self: &Arc<Self>, hub: &RoomHub, news: News) {
        match news {
            News::Commit(published) => self.dispatch_commit(hub, &published),
            News::Reset(room) => self.dispatch_reset(hub, &room),
            News::Presence { node_id, update, .. } => {
                self.take_step(&hub.room_id, hub.node_updated(node_id, update));
                self.hub.mark_presence_changed(&hub.room_id);
            }
            News::Gone(_) => hub.close_all(CloseCode::ROOM_NOT_FOUND),
            News::PresenceLost(_) => {
                hub.resend_all();
                self.hub.mark_presence_unsent(&hub.room_id);
            }
            News::Ready { node_id, since_version, .. } => {
                self.take_step(&hub.room_id, hub.node_ready(node_id, since_version));
            }
            News::Spread { node_id, spread, .. } => {
                hub.set_node_spread(node_id, spread, Instant::now());
                self.hub.mark_reporting(&hub.room_id);
            }
            News::SessionTaken { session_id, .. } => hub.close_session(&session_id),
            News::NodeGone(_) | News::Reachable(_) => {}
        }
    }

    fn dispatch_commit(self: &Arc<Self>, hub: &RoomHub, published: &Published) {
        let Published { room, commit } = published;
        let (fence, host_id) = match &commit.event {
            Event::HostChanged { fence, host_id, .. }
            | Event::LifecycleChanged { fence, host_id, .. } => (Some(*fence), host_id.clone()),
            _ => (None, None),
        };
        let frame = OrderedFrame {
            text: wire::text(&wire::event(commit)),
            place: Place { epoch: commit.epoch, version: commit.version },
            fence,
            host_id,
            published: Instant::now(),
        };
        hub.publish(&frame);
        self.follow_wait(hub, room);
        match &commit.event {
            Event::HostChanged { .. } | Event::RoleChanged { .. } => {
                self.hub.mark_presence_changed(&room.room_id);
            }
            Event::LifecycleChanged { lifecycle, .. } => {
                self.hub.mark_presence_changed(&room.room_id);
                tracing::info!(room.id = %room.room_id, state = ?lifecycle.state, "room's life");
                follow_life(hub, room);
            }
            _ => {}
        }
    }

    /// What was told before doesn't lead to this state: everybody gets the state itself.
    fn dispatch_reset(self: &Arc<Self>, hub: &RoomHub, room: &Arc<Room>) {
        hub.resync_all();
        hub.mark_remote_stale();
        self.hub.mark_presence_unsent(&hub.room_id);
        self.follow_wait(hub, room);
        follow_life(hub, room);
        self.hub.mark_presence_changed(&room.room_id);
    }

    /// Keeps this node's idea of who is waited for in step with the committed one.
    fn follow_wait(self: &Arc<Self>, hub: &RoomHub, room: &Room) {
        match &room.playback.waiting {
            Some(waiting) => {
                self.take_step(&room.room_id, hub.begin_wait(waiting.since_version));
            }
            None => hub.end_wait(),
        }
    }
}

/// A room that is over keeps nobody.
fn follow_life(hub: &RoomHub, room: &Room) {
    match room.lifecycle.state {
        LifecycleState::Expired => hub.close_all(CloseCode::ROOM_CLOSED),
        LifecycleState::Deleted => hub.close_all(CloseCode::ROOM_NOT_FOUND),
        LifecycleState::Created | LifecycleState::Live | LifecycleState::Grace => {}
    }
}

/// Which room news are about.
fn room_of(news: &News) -> Option<&RoomId> {
    match news {
        News::Commit(published) => Some(&published.room.room_id),
        News::Reset(room) => Some(&room.room_id),
        News::Gone(room_id)
        | News::PresenceLost(room_id)
        | News::Presence { room_id, .. }
        | News::Ready { room_id, .. }
        | News::Spread { room_id, .. }
        | News::SessionTaken { room_id, .. } => Some(room_id),
        News::NodeGone(_) | News::Reachable(_) => None,
    }
}
