//! Looks again at the media that a room watches, as far as its provider couldn't or needn't know it at
//! once: further origins of its timeline, when the room nears them; and where the edge of a live source
//! is by now, or that it has ended.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{
    Command, LiveEdge, Media, Position, Room, RoomId, Source, Span, TimelineKind, Timestamp,
};
use providers::Edge;
use tokio::time::{MissedTickBehavior, interval};
use url::Url;

use super::Rooms;
use crate::hub::{Looks, RoomHub};
use crate::id;

/// How often rooms are checked for something to look at.
const LOOK_TICK: Duration = Duration::from_secs(1);
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
            let mut hubs = self.hub.all();
            // Those that have rested longest come first, so that slow media don't use up all looks.
            hubs.sort_by_cached_key(|hub| {
                hub.looks.try_lock().ok().and_then(|looks| looks.rests_until())
            });
            for hub in hubs {
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
        let Some(permit) = self.looking.enter(find_host(&media.source)) else { return };
        let (rooms, hub, media) = (self.clone(), hub.clone(), media.clone());
        tokio::spawn(async move {
            let began = Instant::now();
            let looking = async {
                match look {
                    Look::Timeline(from) => {
                        rooms.read_on(&hub.room_id, &media, from, &mut looks).await;
                    }
                    Look::Edge => rooms.read_edge(&hub.room_id, &media, &mut looks).await,
                }
            };
            rooms.guard(&hub.room_id, looking).await;
            looks.rest_from_look(began, Instant::now());
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
            Ok(Edge::Live { edge, counts })
                if is_comparable(counts, media.source.timeline.kind) =>
            {
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
    if !looks.has_rested(Instant::now()) {
        return None;
    }
    let source = &room.media.as_ref()?.source;
    let at = room.expected(now);
    let ahead = Span::new(at, Position::from_millis(at.as_millis().saturating_add(AHEAD_MS)));
    let unread = source.timeline.unread_in(ahead).filter(|_| looks.may_read_on());
    let has_edge = source.live_edge.is_some() && looks.may_read_edge();
    unread.map(Look::Timeline).or(has_edge.then_some(Look::Edge))
}

/// Whether an edge whose position counts `read` says something of a source whose positions count `known`.
/// Those of a source without dates may count timestamps, which a playlist alone doesn't tell.
fn is_comparable(read: TimelineKind, known: TimelineKind) -> bool {
    let is_dated = |kind| kind == TimelineKind::ProgramDateTime;
    is_dated(read) == is_dated(known)
}

/// The host that a source is at, by its first delivery; empty if that can't be told.
fn find_host(source: &Source) -> String {
    let url = source.delivery.first().and_then(|delivery| Url::parse(&delivery.url).ok());
    url.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use engine::{
        Availability, Control, Cors, Delivery, DeliveryKind, DurationOrigin, Evidence, MediaId,
        Timeline,
    };

    use super::*;
    use crate::store::laws::{NOW, room};

    #[test]
    fn a_room_whose_look_was_slow_is_left_alone_though_its_edge_is_to_be_read() {
        let media = Media { media_id: MediaId::new("m_live"), source: live() };
        let mut looks = Looks::default();
        looks.turn_to(&media.media_id, Duration::ZERO);
        let room = Room { media: Some(Arc::new(media)), ..room("live") };
        assert!(matches!(due(&room, &looks, NOW), Some(Look::Edge)));

        let began = Instant::now();
        looks.rest_from_look(began, began + Duration::from_millis(4_800));
        assert!(looks.may_read_edge() && due(&room, &looks, NOW).is_none());
    }

    #[test]
    fn an_edge_without_dates_counts_for_every_source_without_dates() {
        use TimelineKind::{Media, Playlist, ProgramDateTime};
        assert!(is_comparable(Playlist, Playlist) && is_comparable(Playlist, Media));
        assert!(is_comparable(ProgramDateTime, ProgramDateTime));
        for known in [Media, Playlist] {
            assert!(!is_comparable(ProgramDateTime, known));
            assert!(!is_comparable(known, ProgramDateTime));
        }
    }

    #[test]
    fn looks_count_for_the_host_of_the_first_delivery() {
        let mut source = live();
        let first = source.delivery[0].clone();
        source.delivery.push(Delivery { url: "https://other.test/a.m3u8".to_owned(), ..first });
        assert_eq!(find_host(&source), "live.test");
        source.delivery.clear();
        assert_eq!(find_host(&source), "");
    }

    /// A live source at `live.test`.
    fn live() -> Source {
        let delivery = Delivery {
            kind: DeliveryKind::Hls,
            url: "https://live.test:8443/a.m3u8".to_owned(),
            mime: None,
            cors: Cors::Any,
            codecs: None,
            has_picture: None,
            has_sound: None,
        };
        let edge = LiveEdge {
            position: Position::from_millis(60_000),
            at: NOW,
            window_ms: 60_000,
            hold_back_ms: 6_000,
            keeps_all: false,
        };
        Source {
            provider: "hls".to_owned(),
            stream_id: "https://live.test:8443/a.m3u8".to_owned(),
            title: "Live".to_owned(),
            duration: None,
            duration_origin: DurationOrigin::Media,
            timeline: Timeline::default(),
            live: true,
            live_edge: Some(edge),
            delivery: vec![delivery],
            renditions: Vec::new(),
            text_tracks: Vec::new(),
            audio_tracks: Vec::new(),
            poster: None,
            control: Control::ELEMENT,
            availability: Availability::Available { evidence: Evidence::Manifest },
        }
    }
}
