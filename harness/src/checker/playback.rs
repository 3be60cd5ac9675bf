//! S22: the playhead never jumps.

use std::collections::HashMap;

use contracts::Status;

use super::Verdict;
use crate::history::{Fact, History, Kind, Place, State};

/// The tolerance for positions, which are rounded to milliseconds on both sides.
const ROUNDING_MS: f64 = 2.0;
/// How far ahead media stops at most in which players can't go back.
const STOP_AHEAD_MS: f64 = 1500.0;
/// The causes with which the playhead may move.
const MOVING: [&str; 5] = ["seek", "ended", "set_media", "edge_moved", "finished"];
const RATES: std::ops::RangeInclusive<f64> = 0.25..=4.0;

/// S22: rate and position stay within their limits; only `seek`, `media_changed` (other media, or a live
/// source whose edge has moved or that has ended) and `ended` move the playhead; and clients evaluate it
/// correctly.
pub fn playback(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S22", "playback");
    let mut last: HashMap<_, (usize, Place, &State)> = HashMap::new();
    let mut places: HashMap<_, &State> = HashMap::new();
    for (line, entry) in history.entries.iter().enumerate() {
        let Fact::Observe(seen) = &entry.fact else { continue };
        let session = (entry.room.as_str(), seen.session.as_str());
        let Some(state) = &seen.state else {
            last.remove(&session);
            continue;
        };
        verdict.count();
        places.entry((entry.room.as_str(), seen.place)).or_insert(state);
        if let Some(what) = out_of_limits(state) {
            verdict.broken(&[line], what);
        }
        let is_over = state.playback.status == Status::Ended;
        let moves = seen.cause.as_deref().is_some_and(|cause| {
            // An end that was told too late.
            MOVING.contains(&cause) || (cause == "measured" && is_over)
        });
        if let Some((before_line, before_place, before)) =
            last.insert(session, (line, seen.place, state))
            && seen.kind == Kind::Event
            && !moves
            && before_place.epoch == seen.place.epoch
        {
            let [was, is] = [before, state].map(|state| expected(state, seen.at_ms));
            if was - is > ROUNDING_MS || is - was > ROUNDING_MS + stop_ahead_ms(before, state) {
                let what = format!("{} moved the playhead from {was} to {is}", seen.frame);
                verdict.broken(&[before_line, line], what);
            }
        }
    }
    for (line, entry) in history.entries.iter().enumerate() {
        let Fact::Position { place, at_ms, position_ms } = &entry.fact else { continue };
        verdict.count();
        let position = position_ms.unwrap_or(f64::NAN);
        if !position.is_finite() || position < 0.0 {
            verdict.broken(&[line], format!("{position} isn't a position"));
            continue;
        }
        let Some(state) = places.get(&(entry.room.as_str(), *place)) else { continue };
        let right = expected(state, *at_ms);
        if (position - right).abs() > ROUNDING_MS {
            verdict.broken(&[line], format!("the playhead was at {right}, not at {position}"));
        }
    }
    verdict
}

/// How far ahead of the playhead a stop may lie.
fn stop_ahead_ms(before: &State, state: &State) -> f64 {
    let stops = matches!(state.playback.status, Status::Paused | Status::Waiting);
    let plays = before.playback.status == Status::Playing;
    if plays && stops && !before.jumps { STOP_AHEAD_MS * before.playback.rate } else { 0.0 }
}

fn out_of_limits(state: &State) -> Option<String> {
    let playback = &state.playback;
    if !RATES.contains(&playback.rate) {
        return Some(format!("{} isn't a rate", playback.rate));
    }
    let duration = state.duration_ms?;
    let position = playback.position_ms;
    (position > duration).then(|| format!("{position} is beyond the end at {duration}"))
}

/// The position of the playhead at `at_ms` on the room clock.
fn expected(state: &State, at_ms: u64) -> f64 {
    let playback = &state.playback;
    let elapsed = match playback.status {
        Status::Playing => at_ms.saturating_sub(playback.anchor_at_ms),
        Status::Paused | Status::Waiting | Status::Ended => 0,
    };
    let position = playback.position_ms as f64 + elapsed as f64 * playback.rate;
    state.duration_ms.map_or(position, |duration| position.min(duration as f64))
}
