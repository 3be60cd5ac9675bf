//! `edge_read`: the playlist of a live source says that its edge is elsewhere; `finished`: the source has
//! ended, and what it offers is a film.

use std::sync::Arc;

use crate::decide::playback::PLAY_BARRIER_MS;
use crate::decide::transition::{start, wait};
use crate::event::{Event, MediaCause};
use crate::facts::Facts;
use crate::id::MediaId;
use crate::live::LiveEdge;
use crate::media::Media;
use crate::playback::{Playback, Status};
use crate::room::Room;
use crate::time::{Position, Rate};

/// `edge_read`: corrects the edge. Playback stays as it is unless it has left the window: then it is as
/// far behind the edge as before.
pub(super) fn edge_read(
    room: &Room,
    media_id: &MediaId,
    read: &LiveEdge,
    facts: &Facts,
) -> Option<Event> {
    let mut media = watched(room, media_id)?.clone();
    let before = media.source.live_edge?;
    let edge = media.source.moved_edge(read, facts.now)?;
    media.source.live_edge = Some(edge);
    let mut playback = room.playback.clone();
    if playback.status == Status::Playing {
        let is_at = room.playback.reanchored(facts.now, None);
        let position = room.expected(facts.now);
        if edge.nearest(position, is_at.anchor_at) != position {
            let position = edge.as_far_behind(&before, position, is_at.anchor_at);
            playback = Playback { position, ..is_at };
        } else if is_at.rate != Rate::NORMAL {
            // When it will meet an end of the window is counted from its anchor.
            playback = Playback { position, ..is_at };
        }
    }
    let (cause, by) = (MediaCause::EdgeMoved, None);
    Some(Event::MediaChanged { cause, by, media: Box::new(media), playback })
}

/// `finished`: the room goes on in the film `media` that the live source has become, at the same picture;
/// `ends` is the position of its end in what positions counted before, if that is known.
pub(super) fn finished(
    room: &Room,
    media_id: &MediaId,
    media: &Media,
    ends: Option<Position>,
    facts: &Facts,
) -> Option<Event> {
    let edge = watched(room, media_id)?.source.live_edge?;
    let length = media.source.duration.filter(|_| !media.source.live)?;
    let ends = ends.unwrap_or_else(|| edge.position_at(facts.now));
    let left_ms = ends.as_millis().saturating_sub(room.expected(facts.now).as_millis());
    let reached = Position::from_millis(length.as_millis().saturating_sub(left_ms));
    let was = &room.playback;
    let source = &media.source;
    let has =
        |id: &Option<String>, is_there: &dyn Fn(&str) -> bool| id.clone().filter(|id| is_there(id));
    let audio_track = has(&was.audio_track, &|id| source.has_audio_track(id));
    let position = if was.at_edge { Position::START } else { reached };
    let stopped = Playback {
        media_id: Some(media.media_id.clone()),
        position,
        rate: was.rate,
        rendition: has(&was.rendition, &|id| source.has_rendition(id)),
        text_track: has(&was.text_track, &|id| source.has_text_track(id)),
        audio_track: audio_track.or_else(|| source.default_audio_track().map(str::to_owned)),
        ..Playback::empty(facts.now)
    };
    let plays = matches!(was.status, Status::Playing | Status::Waiting);
    let playback = if was.status == Status::Ended || (plays && left_ms == 0) {
        Playback { status: Status::Ended, position: length, ..stopped }
    } else if plays {
        let film = Room {
            media: Some(Arc::new(media.clone())),
            playback: stopped.clone(),
            ..room.clone()
        };
        if facts.ready_capable.is_empty() {
            start(&film, &stopped, facts)
        } else {
            wait(&film, position, PLAY_BARRIER_MS, facts)
        }
    } else {
        stopped
    };
    let cause = MediaCause::Finished;
    Some(Event::MediaChanged { cause, by: None, media: Box::new(media.clone()), playback })
}

fn watched<'a>(room: &'a Room, media_id: &MediaId) -> Option<&'a Media> {
    room.media.as_deref().filter(|media| media.media_id == *media_id && room.is_open())
}
