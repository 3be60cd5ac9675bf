//! The playback commands. Only `seek`, `set_media` and `ended` move the playhead.

use crate::command::Facts;
use crate::decide::barrier;
use crate::event::{Event, PlaybackCause};
use crate::id::{MediaId, ParticipantId};
use crate::media::Media;
use crate::playback::{Playback, Status, lead_ms};
use crate::rejection::Rejection;
use crate::room::Room;
use crate::time::{Position, Rate};

type Decision = Result<Option<Event>, Rejection>;

/// Waiting longer for a first start than for a seek: nothing is loaded yet.
const PLAY_BARRIER_MS: u64 = 3000;
const SEEK_BARRIER_MS: u64 = 1500;

pub(super) fn play(room: &Room, by: Option<&ParticipantId>, facts: &Facts) -> Decision {
    media(room)?;
    let playback = &room.playback;
    let barrier_wanted = playback.unprimed && !facts.ready_capable.is_empty();
    let next = match playback.status {
        Status::Playing => return Ok(None),
        Status::Ended => return Err(Rejection::MediaEnded),
        Status::Paused if barrier_wanted => {
            barrier::waiting(room, playback.position, PLAY_BARRIER_MS, facts)
        }
        Status::Paused | Status::Waiting => start(playback, facts),
    };
    Ok(Some(changed(PlaybackCause::Play, by, next)))
}

pub(super) fn pause(room: &Room, by: Option<&ParticipantId>, facts: &Facts) -> Decision {
    media(room)?;
    let next = match room.playback.status {
        Status::Paused | Status::Ended => return Ok(None),
        Status::Playing | Status::Waiting => stand(room, facts),
    };
    Ok(Some(changed(PlaybackCause::Pause, by, next)))
}

pub(super) fn seek(room: &Room, by: Option<&ParticipantId>, to_ms: i64, facts: &Facts) -> Decision {
    media(room)?;
    let to = in_range(room, to_ms)?;
    let playback = &room.playback;
    let moving = matches!(playback.status, Status::Playing | Status::Waiting);
    let next = if moving && facts.ready_capable.is_empty() {
        Playback { position: to, ..start(playback, facts) }
    } else if moving {
        let first_start = playback.status == Status::Waiting && playback.unprimed;
        let wait_ms = if first_start { PLAY_BARRIER_MS } else { SEEK_BARRIER_MS };
        barrier::waiting(room, to, wait_ms, facts)
    } else if playback.status == Status::Paused && playback.position == to {
        return Ok(None);
    } else {
        let (status, anchor_at) = (Status::Paused, facts.now);
        Playback { status, position: to, anchor_at, unprimed: true, ..playback.clone() }
    };
    Ok(Some(changed(PlaybackCause::Seek, by, next)))
}

pub(super) fn set_rate(
    room: &Room,
    by: Option<&ParticipantId>,
    rate: Rate,
    facts: &Facts,
) -> Decision {
    let same = |playback: &Playback| playback.rate == rate;
    select(room, by, PlaybackCause::SetRate, facts, same, |playback| playback.rate = rate)
}

pub(super) fn change_quality(
    room: &Room,
    by: Option<&ParticipantId>,
    rendition: Option<&str>,
    facts: &Facts,
) -> Decision {
    if rendition.is_some_and(|id| !media(room).is_ok_and(|media| media.source.has_rendition(id))) {
        return media(room).and(Err(Rejection::QualityUnavailable));
    }
    let same = |playback: &Playback| playback.rendition.as_deref() == rendition;
    select(room, by, PlaybackCause::ChangeQuality, facts, same, |playback| {
        playback.rendition = rendition.map(str::to_owned);
    })
}

pub(super) fn change_subtitle(
    room: &Room,
    by: Option<&ParticipantId>,
    track: Option<&str>,
    facts: &Facts,
) -> Decision {
    if track.is_some_and(|id| !media(room).is_ok_and(|media| media.source.has_text_track(id))) {
        return media(room).and(Err(Rejection::TrackUnavailable));
    }
    let same = |playback: &Playback| playback.text_track.as_deref() == track;
    select(room, by, PlaybackCause::ChangeSubtitle, facts, same, |playback| {
        playback.text_track = track.map(str::to_owned);
    })
}

pub(super) fn change_audio(
    room: &Room,
    by: Option<&ParticipantId>,
    track: &str,
    facts: &Facts,
) -> Decision {
    if !media(room)?.source.has_audio_track(track) {
        return Err(Rejection::TrackUnavailable);
    }
    let same = |playback: &Playback| playback.audio_track.as_deref() == Some(track);
    select(room, by, PlaybackCause::ChangeAudio, facts, same, |playback| {
        playback.audio_track = Some(track.to_owned());
    })
}

pub(super) fn set_media(by: Option<&ParticipantId>, media: &Media, facts: &Facts) -> Event {
    let playback = Playback {
        media_id: Some(media.media_id.clone()),
        audio_track: media.source.default_audio_track().map(str::to_owned),
        ..Playback::empty(facts.now)
    };
    Event::MediaChanged { by: by.cloned(), media: Box::new(media.clone()), playback }
}

/// A host's player came to the end. About other media it says nothing.
pub(super) fn ended(
    room: &Room,
    by: Option<&ParticipantId>,
    media_id: &MediaId,
    facts: &Facts,
) -> Decision {
    let other = room.playback.media_id.as_ref() != Some(media_id);
    if other || room.playback.status == Status::Ended {
        return Ok(None);
    }
    let next = Playback {
        status: Status::Ended,
        position: room.duration().unwrap_or_else(|| room.expected(facts.now)),
        ..stand(room, facts)
    };
    Ok(Some(changed(PlaybackCause::Ended, by, next)))
}

/// Playing from the position it stands at; scheduled ahead if there are players that can use it.
pub(super) fn start(playback: &Playback, facts: &Facts) -> Playback {
    let lead_ms = if facts.ready_capable.is_empty() { 0 } else { lead_ms(facts.rtt_ms_max) };
    Playback {
        status: Status::Playing,
        anchor_at: facts.now.plus_millis(lead_ms),
        waiting: None,
        unprimed: false,
        ..playback.clone()
    }
}

pub(super) fn changed(
    cause: PlaybackCause,
    by: Option<&ParticipantId>,
    playback: Playback,
) -> Event {
    Event::PlaybackChanged { cause, by: by.cloned(), playback }
}

/// Standing where it is now.
fn stand(room: &Room, facts: &Facts) -> Playback {
    Playback {
        status: Status::Paused,
        position: room.expected(facts.now),
        anchor_at: facts.now,
        waiting: None,
        ..room.playback.clone()
    }
}

/// Changes how it plays without moving the playhead.
fn select(
    room: &Room,
    by: Option<&ParticipantId>,
    cause: PlaybackCause,
    facts: &Facts,
    same: impl Fn(&Playback) -> bool,
    set: impl FnOnce(&mut Playback),
) -> Decision {
    media(room)?;
    if same(&room.playback) {
        return Ok(None);
    }
    let mut next = room.playback.reanchored(facts.now, room.duration());
    set(&mut next);
    Ok(Some(changed(cause, by, next)))
}

fn media(room: &Room) -> Result<&Media, Rejection> {
    room.media.as_deref().ok_or(Rejection::NoMedia)
}

fn in_range(room: &Room, to_ms: i64) -> Result<Position, Rejection> {
    let duration = room.duration();
    let refused =
        || Rejection::PositionOutOfRange { duration_ms: duration.map(Position::as_millis) };
    // 2^53 - 1: what a JavaScript number holds exactly.
    let known_ms = duration.map_or(9_007_199_254_740_991, Position::as_millis);
    match u64::try_from(to_ms) {
        Ok(ms) if ms <= known_ms => Ok(Position::from_millis(ms)),
        _ => Err(refused()),
    }
}
