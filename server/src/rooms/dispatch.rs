//! Carries news from the store to the connections of this node. A node hears of its own commits here,
//! like every other node.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::CloseCode;
use engine::{Event, LifecycleState, PlaybackCause, Room, RoomId};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Rooms;
use crate::hub::{OrderedFrame, RoomHub};
use crate::store::{News, NodeId, Notice, Published};
use crate::wire;

/// How long the nodes take, at most, to notice that the store lost who is connected, and to tell it again. Those
/// that are asked and answer are believed at once.
const SETTLE: Duration = Duration::from_millis(1_500);

impl Rooms {
    /// Dispatches news until the store closes.
    pub async fn dispatch(self: Arc<Self>, mut news: mpsc::Receiver<News>) {
        while let Some(news) = news.recv().await {
            match news {
                News::Away(away) => {
                    tracing::warn!(of_256 = away.count(), "shards of rooms are away");
                    self.hub.set_away(away);
                }
                News::NodeGone(node_id) => self.node_gone(&node_id).await,
                News::NodeCame(_) => self.node_came(),
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
                self.carry_out_barrier(&hub.room_id, hub.node_gone(node_id));
                self.hub.mark_presence_changed(&hub.room_id);
            };
            self.guard(&hub.room_id, gone).await;
        }
    }

    /// Loads who is connected to a node that was taken for gone, or that is new.
    fn node_came(&self) {
        for hub in self.hub.all() {
            hub.mark_remote_stale();
            self.hub.mark_presence_unsent(&hub.room_id);
        }
    }

    /// Dispatches news of one room. No step of this waits for the store.
    async fn dispatch_one(self: &Arc<Self>, hub: &Arc<RoomHub>, news: News) {
        match news {
            News::Commit(published) => self.dispatch_commit(hub, &published),
            News::Reset(room) => self.dispatch_reset(hub, &room),
            News::Notice { node_id, notice, .. } => self.dispatch_notice(hub, node_id, notice),
            News::Gone(_) => hub.close_all(CloseCode::ROOM_NOT_FOUND),
            News::PresenceLost(_) => {
                hub.resend_all();
                self.settle_later(hub, hub.begin_settling());
                self.hub.mark_presence_unsent(&hub.room_id);
            }
            News::NodeGone(_) | News::NodeCame(_) | News::Away(_) => {}
        }
    }

    /// Lets the store be believed again about the other nodes, once they have had time to tell it since
    /// it last lost who is connected.
    fn settle_later(self: &Arc<Self>, hub: &Arc<RoomHub>, settling: u64) {
        let (rooms, hub) = (self.clone(), Arc::downgrade(hub));
        tokio::spawn(async move {
            sleep(SETTLE).await;
            // Not another hub of the same room, which numbers its own.
            if let Some(hub) = hub.upgrade().filter(|hub| hub.end_settling(settling)) {
                rooms.hub.mark_presence_unsent(&hub.room_id);
            }
        });
    }

    /// Dispatches what another node says about its own connections to the room.
    fn dispatch_notice(self: &Arc<Self>, hub: &RoomHub, node_id: NodeId, notice: Notice) {
        match notice {
            Notice::Presence(update) => {
                if update.asks {
                    self.hub.mark_presence_unsent(&hub.room_id);
                }
                self.carry_out_barrier(&hub.room_id, hub.node_updated(node_id, update));
                self.hub.mark_presence_changed(&hub.room_id);
            }
            Notice::Ready { since_version } => {
                self.carry_out_barrier(
                    &hub.room_id,
                    hub.node_ready(node_id, since_version, self.clock.now()),
                );
            }
            Notice::Spread(spread) => {
                hub.set_node_spread(node_id, spread, Instant::now());
                self.hub.mark_reporting(&hub.room_id);
            }
            Notice::SessionTaken { session_id } => hub.close_session(&session_id),
            Notice::Removed { participant_id, is_banned } => {
                if is_banned {
                    self.access.bans().read_soon();
                }
                self.close_removed(&hub.room_id, &participant_id, is_banned);
            }
            Notice::Knocked { participant_id, display_name } => {
                hub.knocked(participant_id, display_name, Instant::now());
                self.hub.mark_knocked(&hub.room_id);
            }
            Notice::GrantChanged { participant_id } => {
                // Whoever is shut out by it is told once it is read.
                self.access.grants().read_soon();
                hub.knock_answered(&participant_id);
                self.hub.mark_knocked(&hub.room_id);
            }
            Notice::Left { participant_id } => {
                hub.close_participant(&participant_id, None, CloseCode::LEFT);
            }
        }
    }

    fn dispatch_commit(self: &Arc<Self>, hub: &Arc<RoomHub>, published: &Published) {
        let Published { room, commit } = published;
        let fence = commit.event.fence();
        let frame = OrderedFrame {
            text: wire::text(&wire::event(commit)),
            place: commit.place(),
            fence,
            host_id: fence.and(room.host_id.clone()),
            published: Instant::now(),
        };
        // Before anybody hears of a wait, so that nobody is ready for one that hasn't begun here.
        self.follow_barrier(hub, room, is_deadline(&commit.event));
        hub.publish(&frame);
        match &commit.event {
            Event::PlaybackChanged { cause: PlaybackCause::Rebuffer, .. } => {
                hub.note_rebuffer(commit.at);
            }
            // It may have led to where nobody has looked yet.
            Event::PlaybackChanged { cause: PlaybackCause::Seek, .. } => self.look(hub, room),
            Event::HostChanged { .. } | Event::RoleChanged { .. } => {
                self.hub.mark_presence_changed(&room.room_id);
            }
            Event::LifecycleChanged { lifecycle, .. } => {
                self.hub.mark_presence_changed(&room.room_id);
                tracing::info!(room.id = %room.room_id, state = ?lifecycle.state, "lifecycle changed");
                close_if_over(hub, room);
            }
            _ => {}
        }
    }

    /// Sends the state itself to everybody: the events before don't lead to it.
    fn dispatch_reset(self: &Arc<Self>, hub: &RoomHub, room: &Arc<Room>) {
        hub.mark_remote_stale();
        self.hub.mark_presence_unsent(&hub.room_id);
        // Before anybody hears of a wait, as above.
        self.follow_barrier(hub, room, false);
        hub.resync_all();
        close_if_over(hub, room);
        self.hub.mark_presence_changed(&room.room_id);
    }

    /// Keeps the hub's barrier in step with the committed one. `missed` says that it ended at its deadline.
    fn follow_barrier(self: &Arc<Self>, hub: &RoomHub, room: &Room, missed: bool) {
        let now = self.clock.now();
        match &room.playback.waiting {
            Some(waiting) => {
                let began = hub.begin_wait(waiting.since_version, waiting.deadline, now);
                self.carry_out_barrier(&room.room_id, began);
            }
            None => {
                if hub.end_wait(missed.then_some(now)) {
                    self.hub.mark_presence_unsent(&hub.room_id);
                }
            }
        }
    }
}

/// Whether playback starts because the players' time was up.
fn is_deadline(event: &Event) -> bool {
    matches!(event, Event::PlaybackChanged { cause: PlaybackCause::Deadline, .. })
}

/// Closes the connections of a room that is over.
fn close_if_over(hub: &RoomHub, room: &Room) {
    match room.lifecycle.state {
        LifecycleState::Expired => hub.close_all(CloseCode::ROOM_CLOSED),
        LifecycleState::Deleted => hub.close_all(CloseCode::ROOM_NOT_FOUND),
        LifecycleState::Created | LifecycleState::Live | LifecycleState::Grace => {}
    }
}

/// Returns the room that news are about, if they are about one.
fn room_of(news: &News) -> Option<&RoomId> {
    match news {
        News::Commit(published) => Some(&published.room.room_id),
        News::Reset(room) => Some(&room.room_id),
        News::Gone(room_id) | News::PresenceLost(room_id) | News::Notice { room_id, .. } => {
            Some(room_id)
        }
        News::NodeGone(_) | News::NodeCame(_) | News::Away(_) => None,
    }
}
