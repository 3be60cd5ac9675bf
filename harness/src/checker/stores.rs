//! S12, S13, S14 and S16: the contents of the stores.

use std::collections::{BTreeSet, HashMap};

use super::Verdict;
use crate::history::{Fact, History};

const KEYS_PER_ROOM_MAX: u64 = 8;
/// One per shard for its deadlines, and one for what nodes keep.
const KEYS_BESIDE_ROOMS_MAX: u64 = 256 * 2;

/// S12: commits are atomic: the state is at the log's newest entry, no remembered op is newer, and a
/// room with a deadline is in the index of deadlines.
pub fn script_atomicity(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S12", "atomic commits");
    for (line, entry) in history.entries.iter().enumerate() {
        let Fact::Stored { place, log, newest_op, deadline_ms, due_ms } = &entry.fact else {
            continue;
        };
        verdict.count();
        if let Some(log) = log.filter(|log| log != place) {
            verdict.broken(&[line], format!("the state is at {place}, the log at {log}"));
        }
        if let Some(op) = newest_op.filter(|op| op > place) {
            verdict.broken(&[line], format!("the state is at {place}, an op at {op}"));
        }
        if deadline_ms.is_some() && due_ms.is_none() {
            verdict.broken(&[line], "a deadline is missing in the index");
        }
    }
    verdict
}

/// S13: snapshots in SQL never go back, and all rows are valid.
pub fn sql_independence(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S13", "SQL independence");
    let mut newest = HashMap::new();
    for (line, entry) in history.entries.iter().enumerate() {
        match &entry.fact {
            Fact::SqlRow { place } => {
                verdict.count();
                let (before_line, before) =
                    newest.insert(&entry.room, (line, *place)).unwrap_or((line, *place));
                if *place < before {
                    let what = format!("SQL went back from {before} to {place}");
                    verdict.broken(&[before_line, line], what);
                }
            }
            Fact::SqlChecked { problems } => {
                verdict.count();
                for problem in problems {
                    verdict.broken(&[line], problem);
                }
            }
            _ => {}
        }
    }
    verdict
}

/// S14: every key expires, a room has few keys, and a swept room has none.
pub fn bounded_keys(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S14", "bounded keys");
    for (line, entry) in history.entries.iter().enumerate() {
        match &entry.fact {
            Fact::RoomKeys { keys, without_ttl, swept } => {
                verdict.count();
                if !without_ttl.is_empty() {
                    let what = format!("these keys never expire: {}", without_ttl.join(", "));
                    verdict.broken(&[line], what);
                }
                let limit = if *swept { 0 } else { KEYS_PER_ROOM_MAX };
                if *keys > limit {
                    verdict.broken(&[line], format!("a room has {keys} keys, not {limit}"));
                }
            }
            Fact::AllKeys { keys, rooms } => {
                verdict.count();
                let limit = rooms * KEYS_PER_ROOM_MAX + KEYS_BESIDE_ROOMS_MAX;
                if *keys > limit {
                    let what = format!("{rooms} rooms have {keys} keys, more than {limit}");
                    verdict.broken(&[line], what);
                }
            }
            _ => {}
        }
    }
    verdict
}

/// S16: every listed participant is connected or known to be away, and every connected one is listed.
pub fn no_ghosts(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S16", "no ghosts");
    for (line, entry) in history.entries.iter().enumerate() {
        let Fact::Presence { listed, connected, away } = &entry.fact else { continue };
        verdict.count();
        let [listed_once, connected, away] =
            [listed, connected, away].map(|ids| ids.iter().collect::<BTreeSet<_>>());
        if listed_once.len() < listed.len() {
            verdict.broken(&[line], "a participant is listed twice");
        }
        for ghost in listed_once.iter().filter(|id| !connected.contains(*id) && !away.contains(*id))
        {
            verdict.broken(&[line], format!("{ghost} is listed, but not connected"));
        }
        for hidden in connected.difference(&listed_once) {
            verdict.broken(&[line], format!("{hidden} is connected, but not listed"));
        }
    }
    verdict
}
