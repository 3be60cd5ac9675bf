//! `measured`: facts of the media that only a player can find out. Playback stays as it is, except
//! that an ended room moves back if the media turns out to be shorter.

use crate::event::{Event, MediaCause};
use crate::facts::Facts;
use crate::id::ParticipantId;
use crate::media::{Media, Source};
use crate::playback::Status;
use crate::room::Room;
use crate::time::Position;
use crate::timeline::{DurationOrigin, Measurement, Origin, Timeline, TimelineKind};

/// How far a measured duration may be from the estimate, in parts of the estimate: more than a playlist may be off
/// without its end being read, …
const OFF_MOST_PART: u64 = 3;
/// … and in milliseconds; the larger counts.
const OFF_MOST_MS: u64 = 30_000;

/// `measured`: replaces an estimate by the measured value, once for each fact. Anything else changes nothing.
pub(super) fn measured(
    room: &Room,
    by: Option<&ParticipantId>,
    report: &Measurement,
    facts: &Facts,
) -> Option<Event> {
    let media = room.media.as_deref().filter(|media| media.media_id == report.media_id)?;
    let mut source = media.source.clone();
    if let Some(duration) = report.duration {
        // What was sought or has played stays within the media. A room that has ended stands at the end by
        // the estimate.
        let reached = match room.playback.status {
            Status::Ended => Position::START,
            _ => room.playback.position.max(room.expected(facts.now)),
        };
        better_duration(&mut source, duration, reached);
    }
    if let Some(origin) = report.origin {
        better_timeline(&mut source, origin);
    }
    let is_news = source != media.source;
    let mut playback = room.playback.clone();
    if playback.status == Status::Ended {
        // It stays at the end, which may come earlier than the estimate.
        let position = playback.position;
        playback.position = source.exact_duration().map_or(position, |end| position.min(end));
    }
    is_news.then(|| Event::MediaChanged {
        cause: MediaCause::Measured,
        by: by.cloned(),
        media: Box::new(Media { media_id: media.media_id.clone(), source }),
        playback,
    })
}

/// Takes over a duration that is near the estimate, if there is one, and not below what was `reached`.
fn better_duration(source: &mut Source, measured: Position, reached: Position) {
    if source.live || (source.duration.is_some() && !source.duration_origin.is_estimate()) {
        return;
    }
    let is_near = source.duration.map(Position::as_millis).is_none_or(|estimate_ms| {
        let off_ms = estimate_ms.abs_diff(measured.as_millis());
        off_ms <= OFF_MOST_MS.max(estimate_ms / OFF_MOST_PART)
    });
    if is_near && measured >= reached && measured > Position::START {
        source.duration = Some(measured);
        source.duration_origin = DurationOrigin::Measured;
    }
}

/// Takes over the origin of the first discontinuity if none could be read.
fn better_timeline(source: &mut Source, measured: Origin) {
    let is_first = measured.start == Position::START && measured.timescale > 0;
    if source.timeline.kind == TimelineKind::Playlist && is_first && !source.live {
        source.timeline = Timeline::of(TimelineKind::Media, vec![measured]);
    }
}
