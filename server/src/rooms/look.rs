//! Looks again at the media that a room watches, as far as its provider couldn't or needn't know it at
//! once: further origins of its timeline, when the room nears them; and where the edge of a live source
//! is by now, or that it has ended.

use std::sync::Arc;
use std::time::Duration;

use engine::{Command, LiveEdge, Media, Position, Room, RoomId, Span, TimelineKind, Timestamp};
use providers::Edge;
use tokio::time::{MissedTickBehavior, interval};

use super::Rooms;
use crate::hub::{Looks, RoomHub};
use crate::id;

/// How often rooms are checked for something to look at.
const LOOK_TICK: Duration = Duration::from_secs(1);
/// Looks in progress on this node; the others come later.
pub(super) const LOOKS_MAX: usize = 16;
/// How far ahead of the playhead the timeline is read, in milliseconds.
const AHEAD_MS: u64 = 60_000;
/// How long after the timeline was read on it is read on again, at the earliest.
const READ_APART: Duration = Duration::from_secs(2);
/// The same after that has failed.
const READ_FAILED: Duration = Duration::from_secs(30);
/// How long after an edge was elsewhere it is read again to make sure, at the least.
const MAKE_SURE: Duration = Duration::from_secs(2);

/// What a look is for.
#[derive(Clone, Copy, Debug)]
enum Look {
    /// The origins from a position on.
    Timeline(Position),
    /// Where the edge is.
    Edge,
}

impl Rooms {
    /// Looks at the media of rooms with connections here when that is due, until the node ends.
    pub async fn watch_media(self: Arc<Self>) {
        let mut tick = interval(LOOK_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            for hub in self.hub.all() {
                if hub.connection_count() > 0
                    && self.hub.is_reachable(&hub.room_id)
                    && let Ok(room) = self.find(&hub.room_id).await
                {
                    self.look(&hub, &room);
                }
            }
        }
    }

    /// Looks at a room's media, in a task of its own, if that is due. Of the nodes that people are
    /// connected to, one does.
    pub(super) fn look(self: &Arc<Self>, hub: &Arc<RoomHub>, room: &Room) {
        let Some(media) = room.media.as_ref().filter(|_| room.is_open()) else { return };
        // Held until the look is over, so that there is one at a time.
        let Ok(mut looks) = hub.looks.clone().try_lock_owned() else { return };
        looks.turn_to(&media.media_id, self.sources.edge_every());
        let Some(look) = due(room, &looks, self.clock.now()) else { return };
        if !hub.leads(room) {
            return;
        }
        let Ok(permit) = self.looking.clone().try_acquire_owned() else { return };
        let (rooms, hub, media) = (self.clone(), hub.clone(), media.clone());
        tokio::spawn(async move {
            let looking = async {
                match look {
                    Look::Timeline(from) => {
                        rooms.read_on(&hub.room_id, &media, from, &mut looks).await;
                    }
                    Look::Edge => rooms.read_edge(&hub.room_id, &media, &mut looks).await,
                }
            };
            rooms.guard(&hub.room_id, looking).await;
            drop(permit);
        });
    }

    /// Commits the origins from a position on.
    async fn read_on(&self, room_id: &RoomId, media: &Media, from: Position, looks: &mut Looks) {
        let pause = match self.sources.read_on(room_id, &media.source, from).await {
            Ok(reading) if reading.span.contains(from) => {
                let media_id = media.media_id.clone();
                self.handle_system(room_id, Command::OriginsRead { media_id, reading }).await;
                READ_APART
            }
            // The error was logged. Until then, the playlist's durations count there.
            _ => READ_FAILED,
        };
        looks.rest_from_reading(pause);
    }

    /// Commits where the edge of a live source is, if the room has it elsewhere, or that it has ended.
    async fn read_edge(&self, room_id: &RoomId, media: &Media, looks: &mut Looks) {
        // So that it is read again whatever happens meanwhile.
        looks.rest_from_edge(self.sources.edge_every());
        match self.sources.find_edge(room_id, &media.source).await {
            Ok(Edge::Live { edge, counts }) if counts == media.source.timeline.kind => {
                self.correct_edge(room_id, media, edge, looks).await;
            }
            Ok(Edge::Over { ends }) => self.finish(room_id, media, ends).await,
            // Its dates have come or gone, which only choosing it again makes right; or the error was
            // logged, and players have met it themselves.
            _ => {}
        }
    }

    /// Commits an edge that was read, if it is elsewhere and moves. Until that is sure, it is read again
    /// soon.
    async fn correct_edge(
        &self,
        room_id: &RoomId,
        media: &Media,
        edge: LiveEdge,
        looks: &mut Looks,
    ) {
        if media.source.moved_edge(&edge, self.clock.now()).is_none() {
            return looks.note_right();
        }
        let is_dated = media.source.timeline.kind == TimelineKind::ProgramDateTime;
        if is_dated && !looks.note_off(edge.position) {
            let soon = Duration::from_millis(edge.hold_back_ms).max(MAKE_SURE);
            return looks.rest_from_edge(soon.min(self.sources.edge_every()));
        }
        looks.note_right();
        let media_id = media.media_id.clone();
        self.handle_system(room_id, Command::EdgeRead { media_id, edge }).await;
    }

    /// Commits the film that a live source has become.
    async fn finish(&self, room_id: &RoomId, media: &Media, ends: Option<Position>) {
        let Ok(source) = self.sources.reopen(room_id, &media.source).await else { return };
        let film = Box::new(Media { media_id: id::media_id(), source });
        let media_id = media.media_id.clone();
        self.handle_system(room_id, Command::Finished { media_id, media: film, ends }).await;
    }
}

/// What is to be looked at now.
fn due(room: &Room, looks: &Looks, now: Timestamp) -> Option<Look> {
    let source = &room.media.as_ref()?.source;
    let at = room.expected(now);
    let ahead = Span::new(at, Position::from_millis(at.as_millis().saturating_add(AHEAD_MS)));
    let unread = source.timeline.unread_in(ahead).filter(|_| looks.may_read_on());
    let has_edge = source.live_edge.is_some() && looks.may_read_edge();
    unread.map(Look::Timeline).or(has_edge.then_some(Look::Edge))
}
