//! The playback commands. Only `seek`, `set_media` and `ended` move the playhead; and `play`, where it has
//! left the window of a live source; and a stop, by a short way ahead, where players can't go back.

use crate::decide::Decided;
use crate::decide::live;
use crate::decide::transition::{self, changed, start, wait};
use crate::event::{Event, MediaCause, PlaybackCause};
use crate::facts::Facts;
use crate::id::{MediaId, ParticipantId};
use crate::media::Media;
use crate::playback::{Playback, Status};
use crate::rejection::Rejection;
use crate::room::Room;
use crate::time::{Position, Rate, WHOLE_MAX};

/// How long a first start waits for players, in milliseconds: longer than a seek, since nothing is
/// loaded yet.
pub(super) const PLAY_BARRIER_MS: u64 = 3000;
/// How long a seek while playing waits for players, in milliseconds.
const SEEK_BARRIER_MS: u64 = 1500;

/// `play`: starts, at a barrier if players may have nothing loaded at this position.
pub(super) fn play(room: &Room, by: Option<&ParticipantId>, facts: &Facts) -> Decided {
    media(room)?;
    let playback = &room.playback;
    let from = live::start_position(room, facts);
    let unprimed = playback.unprimed || from != playback.position;
    let needs_barrier = unprimed && !facts.ready_capable.is_empty();
    let next = match playback.status {
        Status::Playing => return Ok(None),
        Status::Ended => return Err(Rejection::MediaEnded),
        Status::Paused if needs_barrier => wait(room, from, PLAY_BARRIER_MS, facts),
        Status::Paused | Status::Waiting => {
            start(room, &Playback { position: from, ..playback.clone() }, facts)
        }
    };
    Ok(Some(changed(PlaybackCause::Play, by, next)))
}

/// `pause`.
pub(super) fn pause(room: &Room, by: Option<&ParticipantId>, facts: &Facts) -> Decided {
    media(room)?;
    let next = match room.playback.status {
        Status::Paused | Status::Ended => return Ok(None),
        Status::Playing | Status::Waiting => transition::pause(room, facts),
    };
    Ok(Some(changed(PlaybackCause::Pause, by, next)))
}

/// `seek`: while playing, at a barrier if any player reports readiness; else paused. In media in which
/// players can't jump, only to the start, where every player begins.
pub(super) fn seek(room: &Room, by: Option<&ParticipantId>, to_ms: i64, facts: &Facts) -> Decided {
    let media = media(room)?;
    let to = in_range(room, to_ms, facts)?;
    let playback = &room.playback;
    if playback.status == Status::Paused && playback.position == to && !playback.at_edge {
        return Ok(None);
    }
    if to != Position::START && !media.source.control.seek {
        return Err(Rejection::SeekUnavailable);
    }
    let plays = matches!(playback.status, Status::Playing | Status::Waiting);
    let next = if plays && facts.ready_capable.is_empty() {
        start(room, &Playback { position: to, ..playback.clone() }, facts)
    } else if plays {
        let is_first_start = playback.status == Status::Waiting && playback.unprimed;
        let wait_ms = if is_first_start { PLAY_BARRIER_MS } else { SEEK_BARRIER_MS };
        wait(room, to, wait_ms, facts)
    } else {
        let (status, anchor_at) = (Status::Paused, facts.now);
        Playback {
            status,
            position: to,
            anchor_at,
            unprimed: true,
            at_edge: false,
            ..playback.clone()
        }
    };
    Ok(Some(changed(PlaybackCause::Seek, by, next)))
}

/// `set_rate`.
pub(super) fn set_rate(
    room: &Room,
    by: Option<&ParticipantId>,
    rate: Rate,
    facts: &Facts,
) -> Decided {
    let is_set = |playback: &Playback| playback.rate == rate;
    select(room, by, PlaybackCause::SetRate, facts, is_set, |playback| playback.rate = rate)
}

/// `change_quality`.
pub(super) fn change_quality(
    room: &Room,
    by: Option<&ParticipantId>,
    rendition: Option<&str>,
    facts: &Facts,
) -> Decided {
    let source = &media(room)?.source;
    if rendition.is_some_and(|id| !source.has_rendition(id)) {
        return Err(Rejection::QualityUnavailable);
    }
    let is_set = |playback: &Playback| playback.rendition.as_deref() == rendition;
    select(room, by, PlaybackCause::ChangeQuality, facts, is_set, |playback| {
        playback.rendition = rendition.map(str::to_owned);
    })
}

/// `change_subtitle`.
pub(super) fn change_subtitle(
    room: &Room,
    by: Option<&ParticipantId>,
    track: Option<&str>,
    facts: &Facts,
) -> Decided {
    let source = &media(room)?.source;
    if track.is_some_and(|id| !source.has_text_track(id)) {
        return Err(Rejection::TrackUnavailable);
    }
    let is_set = |playback: &Playback| playback.text_track.as_deref() == track;
    select(room, by, PlaybackCause::ChangeSubtitle, facts, is_set, |playback| {
        playback.text_track = track.map(str::to_owned);
    })
}

/// `change_audio`.
pub(super) fn change_audio(
    room: &Room,
    by: Option<&ParticipantId>,
    track: &str,
    facts: &Facts,
) -> Decided {
    if !media(room)?.source.has_audio_track(track) {
        return Err(Rejection::TrackUnavailable);
    }
    let is_set = |playback: &Playback| playback.audio_track.as_deref() == Some(track);
    select(room, by, PlaybackCause::ChangeAudio, facts, is_set, |playback| {
        playback.audio_track = Some(track.to_owned());
    })
}

/// `set_media`: paused at the start, or at the edge of a live source, with the default audio track and
/// no other choice made.
pub(super) fn set_media(by: Option<&ParticipantId>, media: &Media, facts: &Facts) -> Event {
    let edge = media.source.live_edge;
    let playback = Playback {
        media_id: Some(media.media_id.clone()),
        position: edge.map_or(Position::START, |edge| edge.latest(facts.now)),
        at_edge: edge.is_some(),
        audio_track: media.source.default_audio_track().map(str::to_owned),
        ..Playback::empty(facts.now)
    };
    let (cause, by) = (MediaCause::SetMedia, by.cloned());
    Event::MediaChanged { cause, by, media: Box::new(media.clone()), playback }
}

/// `ended`: a player reached the end. The end of any other media changes nothing.
pub(super) fn ended(
    room: &Room,
    by: Option<&ParticipantId>,
    media_id: &MediaId,
    facts: &Facts,
) -> Decided {
    let is_other = room.playback.media_id.as_ref() != Some(media_id);
    if is_other || room.playback.status == Status::Ended {
        return Ok(None);
    }
    let next = Playback {
        status: Status::Ended,
        position: end(room, facts).unwrap_or_else(|| room.expected(facts.now)),
        unprimed: room.playback.unprimed,
        ..transition::pause(room, facts)
    };
    Ok(Some(changed(PlaybackCause::Ended, by, next)))
}

/// Changes how the media plays without moving the playhead.
fn select(
    room: &Room,
    by: Option<&ParticipantId>,
    cause: PlaybackCause,
    facts: &Facts,
    is_set: impl Fn(&Playback) -> bool,
    set: impl FnOnce(&mut Playback),
) -> Decided {
    media(room)?;
    if is_set(&room.playback) {
        return Ok(None);
    }
    let mut next = room.playback.reanchored(facts.now, room.duration());
    next.position = room.expected(facts.now);
    set(&mut next);
    Ok(Some(changed(cause, by, next)))
}

fn media(room: &Room) -> Result<&Media, Rejection> {
    room.media.as_deref().ok_or(Rejection::NoMedia)
}

/// The end of the media as far as it is known: an estimate that the playhead has passed was too low.
fn end(room: &Room, facts: &Facts) -> Option<Position> {
    let stated = room.media.as_ref().and_then(|media| media.source.duration);
    stated.map(|stated| stated.max(room.expected(facts.now)))
}

fn in_range(room: &Room, to_ms: i64, facts: &Facts) -> Result<Position, Rejection> {
    if let Some(edge) = room.live_edge() {
        return live::in_window(&edge, to_ms, facts);
    }
    let duration_ms = end(room, facts).map(Position::as_millis);
    match u64::try_from(to_ms) {
        Ok(ms) if ms <= duration_ms.unwrap_or(WHOLE_MAX) => Ok(Position::from_millis(ms)),
        _ => Err(Rejection::PositionOutOfRange { duration_ms }),
    }
}
