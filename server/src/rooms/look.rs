//! Looks again at the media that a room watches, as far as its provider couldn't or needn't know it at
//! once: further origins of its timeline, when the room nears them.

use std::sync::Arc;
use std::time::Duration;

use engine::{Command, Media, Position, Room, RoomId, Span, Timestamp};
use tokio::time::{MissedTickBehavior, interval};

use super::Rooms;
use crate::hub::{Looks, RoomHub};

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

/// What a look is for.
#[derive(Clone, Copy, Debug)]
enum Look {
    /// The origins from a position on.
    Timeline(Position),
}

impl Rooms {
    /// Looks at the media of rooms with connections here when that is due, until the node ends.
    pub async fn watch_media(self: Arc<Self>) {
        let mut tick = interval(LOOK_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if !self.hub.is_reachable() {
                continue;
            }
            for hub in self.hub.all() {
                if hub.connection_count() > 0
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
        looks.turn_to(&media.media_id);
        let Some(look) = due(room, &looks, self.clock.now()) else { return };
        if !hub.leads(room) {
            return;
        }
        let Ok(permit) = self.looking.clone().try_acquire_owned() else { return };
        let (rooms, hub, media) = (self.clone(), hub.clone(), media.clone());
        tokio::spawn(async move {
            let Look::Timeline(from) = look;
            rooms.guard(&hub.room_id, rooms.read_on(&hub.room_id, &media, from, &mut looks)).await;
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
}

/// What is to be looked at now.
fn due(room: &Room, looks: &Looks, now: Timestamp) -> Option<Look> {
    let source = &room.media.as_ref()?.source;
    let at = room.expected(now);
    let ahead = Span::new(at, Position::from_millis(at.as_millis().saturating_add(AHEAD_MS)));
    let unread = source.timeline.unread_in(ahead).filter(|_| looks.may_read_on());
    unread.map(Look::Timeline)
}
