//! S2 and S6: the order in which a session receives events.

use std::collections::HashMap;

use super::Verdict;
use crate::history::{Fact, History, Kind, Observation, Place};

/// S2: the place increases with each event that a session receives, and never decreases with a
/// snapshot or a rebuild, across reconnects and nodes.
pub fn monotonic(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S2", "monotonic");
    let mut furthest: HashMap<_, (usize, Place)> = HashMap::new();
    each_observation(history, |line, session, seen| {
        verdict.count();
        let Some((before, place)) = furthest.get(&session).copied() else {
            furthest.insert(session, (line, seen.place));
            return;
        };
        match seen.kind {
            Kind::Event if seen.place <= place => {
                verdict.broken(&[before, line], format!("{} came after {place}", seen.place));
            }
            // After a reconnect, the rebuild is announced after the snapshot.
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

/// S6: (epoch, version) is followed by (epoch, version + 1), a snapshot or a rebuild: there are
/// neither gaps nor repetitions.
pub fn gapless(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S6", "gapless");
    let mut last: HashMap<_, (usize, Place)> = HashMap::new();
    each_observation(history, |line, session, seen| {
        let before = last.get(&session).copied();
        if seen.kind == Kind::Event {
            verdict.count();
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
        let is_repeated = matches!(seen.kind, Kind::Rebased { .. })
            && before.is_some_and(|(_, place)| seen.place.epoch <= place.epoch);
        if !is_repeated {
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
