//! S2, S6: the order in which one session is shown a room.

use std::collections::HashMap;

use super::Verdict;
use crate::history::{Fact, History, Kind, Observation, Place};

/// S2: (epoch, version) rises with each event a session is shown, and never falls with a snapshot
/// or a rebuild, over reconnects and nodes.
pub fn monotonic(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S2", "monotonic");
    let mut furthest: HashMap<_, (usize, Place)> = HashMap::new();
    each_observation(history, |line, session, seen| {
        verdict.look();
        let Some((before, place)) = furthest.get(&session).copied() else {
            furthest.insert(session, (line, seen.place));
            return;
        };
        match seen.kind {
            Kind::Event if seen.place <= place => {
                verdict.broken(&[before, line], format!("{} came after {place}", seen.place));
            }
            // Who comes back is told of the rebuild after the state.
            Kind::Rebased { .. } if seen.place.epoch < place.epoch => {
                verdict.broken(&[before, line], format!("a rebuild came after {place}"));
            }
            Kind::Snapshot if seen.place < place => {
                let what = format!("a snapshot of {} came after {place}", seen.place);
                verdict.broken(&[before, line], what);
            }
            _ => {}
        }
        if seen.place >= place {
            furthest.insert(session, (line, seen.place));
        }
    });
    verdict
}

/// S6: after (e, v) comes (e, v + 1), a snapshot or a rebuild; no hole and no repeat.
pub fn gapless(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S6", "gapless");
    let mut last: HashMap<_, (usize, Place)> = HashMap::new();
    each_observation(history, |line, session, seen| {
        let before = last.get(&session).copied();
        if seen.kind == Kind::Event {
            verdict.look();
            match before {
                None => verdict.broken(&[line], "an event came before any snapshot"),
                Some((before, place))
                    if (place.epoch, place.version + 1)
                        != (seen.place.epoch, seen.place.version) =>
                {
                    verdict.broken(&[before, line], format!("{} follows {place}", seen.place));
                }
                Some(_) => {}
            }
        }
        let is_old_news = matches!(seen.kind, Kind::Rebased { .. })
            && before.is_some_and(|(_, place)| seen.place.epoch <= place.epoch);
        if !is_old_news {
            last.insert(session, (line, seen.place));
        }
    });
    verdict
}

fn each_observation<'a>(
    history: &'a History,
    mut each: impl FnMut(usize, (&'a str, &'a str), &'a Observation),
) {
    for (line, entry) in history.entries.iter().enumerate() {
        if let Fact::Observe(seen) = &entry.fact {
            each(line, (&entry.room, &seen.session), seen);
        }
    }
}
