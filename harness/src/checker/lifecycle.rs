//! S11 and S19: the lifecycle of rooms, and its deadlines.

use std::collections::{BTreeMap, HashMap};

use contracts::LifecycleState;

use super::Verdict;
use super::authority::kept_before;
use super::loss::Rebuilds;
use crate::history::{Fact, History, Place};

/// S11: a room takes only the edges of the lifecycle, and is never revived.
pub fn lifecycle(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S11", "lifecycle");
    let rebuilds = Rebuilds::of(history);
    let mut rooms: HashMap<&str, BTreeMap<Place, (usize, LifecycleState)>> = HashMap::new();
    for (line, entry) in history.entries.iter().enumerate() {
        let Fact::Observe(seen) = &entry.fact else { continue };
        let Some(state) = &seen.state else { continue };
        verdict.count();
        let places = rooms.entry(&entry.room).or_default();
        places.entry(seen.place).or_insert((line, state.lifecycle));
    }
    for (room, places) in &rooms {
        let mut ended: Option<(usize, LifecycleState)> = None;
        for (place, &(line, state)) in places {
            if let Some((ended_line, end)) = ended.filter(|(_, end)| stage(state) < stage(*end)) {
                verdict.broken(&[ended_line, line], format!("{end:?} revived as {state:?}"));
            }
            if stage(state) >= stage(LifecycleState::Expired) {
                ended =
                    ended.filter(|(_, end)| stage(*end) >= stage(state)).or(Some((line, state)));
            }
            if let Some((before, &(before_line, from))) =
                kept_before(places, &rebuilds, room, *place)
            {
                let is_next = *before == Place { version: place.version - 1, ..*place };
                let is_allowed = if is_next { is_edge(from, state) } else { is_path(from, state) };
                // A revival has been reported already.
                if !is_allowed && stage(from) < stage(LifecycleState::Expired) {
                    verdict.broken(&[before_line, line], format!("from {from:?} to {state:?}"));
                }
            }
        }
    }
    verdict
}

/// S19: a deadline takes effect when it is due, not earlier, and once in an epoch.
pub fn timers(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S19", "timers");
    let mut fired = HashMap::new();
    for (line, entry) in history.entries.iter().enumerate() {
        let Fact::Fired { place, cause, deadline_ms, at_ms } = &entry.fact else { continue };
        verdict.count();
        if at_ms < deadline_ms {
            let what = format!("{cause} came {} ms early", deadline_ms - at_ms);
            verdict.broken(&[line], what);
        }
        let key = (&entry.room, place.epoch, cause, deadline_ms);
        let (first, effect) = *fired.entry(key).or_insert((line, place));
        if effect != place {
            let what = format!("one deadline had effects at {effect} and {place}");
            verdict.broken(&[first, line], what);
        }
    }
    verdict
}

fn is_edge(from: LifecycleState, to: LifecycleState) -> bool {
    use LifecycleState::{Created, Deleted, Expired, Grace, Live};
    from == to
        || matches!(
            (from, to),
            (Created | Grace, Live)
                | (Live, Grace)
                | (Created | Live | Grace, Expired)
                | (Expired, Deleted)
        )
}

/// Whether a sequence of edges leads there.
fn is_path(from: LifecycleState, to: LifecycleState) -> bool {
    stage(from) <= stage(to)
}

/// The stage of a state: rooms alternate between live and grace, but otherwise never go back.
fn stage(state: LifecycleState) -> u8 {
    match state {
        LifecycleState::Created => 0,
        LifecycleState::Live | LifecycleState::Grace => 1,
        LifecycleState::Expired => 2,
        LifecycleState::Deleted => 3,
    }
}
