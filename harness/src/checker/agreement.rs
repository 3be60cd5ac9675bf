//! S1: all sessions agree on what happened at a place.

use std::collections::HashMap;

use super::Verdict;
use crate::history::{Fact, History, Kind, State};

/// S1: at one place, all events have the same content, all rebuilds started from the same place, and
/// all states agree on playback, host, media and lifecycle.
pub fn agreement(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S1", "agreement");
    let (mut events, mut states, mut rebuilds) = (HashMap::new(), HashMap::new(), HashMap::new());
    for (line, entry) in history.entries.iter().enumerate() {
        let Fact::Observe(seen) = &entry.fact else { continue };
        verdict.count();
        let place = (&entry.room, seen.place);
        if let Some(content) = seen.content {
            let (first, known) = *events.entry(place).or_insert((line, content));
            if known != content {
                verdict.broken(&[first, line], format!("different events at {}", seen.place));
            }
        }
        if let Some(state) = &seen.state {
            let (first, known) = *states.entry(place).or_insert((line, state));
            if !agree(known, state) {
                verdict.broken(&[first, line], format!("different states at {}", seen.place));
            }
        }
        if let Kind::Rebased { previous, .. } = seen.kind {
            let epoch = (&entry.room, seen.place.epoch);
            let (first, from) = *rebuilds.entry(epoch).or_insert((line, previous));
            if from != previous {
                let what = format!("epoch {} was rebuilt from different places", seen.place.epoch);
                verdict.broken(&[first, line], what);
            }
        }
    }
    verdict
}

fn agree(one: &State, other: &State) -> bool {
    one.playback == other.playback
        && one.host_id == other.host_id
        && one.media_id == other.media_id
        && one.lifecycle == other.lifecycle
}
