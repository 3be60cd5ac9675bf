//! Timelines and what players measure, between the engine and the wire.

use contracts as wire;
use contracts::ErrorCode;
use engine::{Measurement, MediaId, Origin, Position, TimelineKind, WHOLE_MAX};

use crate::refusal::Refusal;

/// Encodes a timeline.
pub fn timeline(timeline: &engine::Timeline) -> wire::Timeline {
    let kind = match timeline.kind {
        TimelineKind::Media => "media",
        TimelineKind::ProgramDateTime => "program_date_time",
        TimelineKind::Playlist => "playlist",
    };
    wire::Timeline { kind: kind.to_owned(), origins: timeline.origins.iter().map(origin).collect() }
}

fn origin(origin: &Origin) -> wire::TimelineOrigin {
    let Origin { discontinuity, start, timestamp, timescale } = *origin;
    wire::TimelineOrigin { discontinuity, start_ms: start.as_millis(), timestamp, timescale }
}

/// Decodes what a player has measured, and checks its numbers.
pub fn measurement_from_wire(measured: wire::Measured) -> Result<Measurement, Refusal> {
    let wire::Measured { media_id, duration_ms, origin } = measured;
    if duration_ms.is_some_and(|ms| ms > WHOLE_MAX) {
        let detail = format!("`duration_ms` must be at most {WHOLE_MAX}");
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    }
    Ok(Measurement {
        media_id: MediaId::new(media_id),
        duration: duration_ms.map(Position::from_millis),
        origin: origin.map(origin_from_wire).transpose()?,
    })
}

fn origin_from_wire(origin: wire::TimelineOrigin) -> Result<Origin, Refusal> {
    let wire::TimelineOrigin { discontinuity, start_ms, timestamp, timescale } = origin;
    if timescale == 0 || timestamp.unsigned_abs() > WHOLE_MAX || start_ms > WHOLE_MAX {
        let detail = "`origin` has a number outside its limits";
        return Err(Refusal::new(ErrorCode::InvalidRequest, detail));
    }
    let start = Position::from_millis(start_ms);
    Ok(Origin { discontinuity, start, timestamp, timescale })
}
