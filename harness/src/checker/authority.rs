//! S7 and S8: who issues epochs, and who hosts a room.

use std::collections::{BTreeMap, HashMap};

use super::Verdict;
use super::loss::Rebuilds;
use crate::history::{Fact, History, Place};

/// The host of a room at one place.
struct Hosted<'a> {
    line: usize,
    fence: u64,
    host: &'a Option<String>,
}

/// S7: the epoch in SQL never decreases, and no other epoch is ever shown.
pub fn epoch_source(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S7", "epochs come from SQL");
    let mut issued: HashMap<&str, (usize, u64)> = HashMap::new();
    // Backwards, so that the first reading after a fact is known.
    for (line, entry) in history.entries.iter().enumerate().rev() {
        let room = entry.room.as_str();
        let place = match &entry.fact {
            Fact::EpochIssued { epoch } => {
                verdict.count();
                if let Some((later, below)) = issued.get(room).filter(|(_, later)| later < epoch) {
                    let what = format!("SQL went back from epoch {epoch} to {below}");
                    verdict.broken(&[line, *later], what);
                }
                issued.insert(room, (line, *epoch));
                continue;
            }
            Fact::Observe(seen) => seen.place,
            Fact::Ack { place, .. } | Fact::Stored { place, .. } => *place,
            _ => continue,
        };
        if let Some((reading, epoch)) = issued.get(room) {
            verdict.count();
            if place.epoch > *epoch {
                let what = format!("epoch {} was served, but SQL hadn't issued it", place.epoch);
                verdict.broken(&[line, *reading], what);
            }
        }
    }
    verdict
}

/// S8: in one epoch, a fence names one host; along the history that was kept, the fence never
/// decreases, and increases with each change of host.
pub fn single_authority(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S8", "single authority");
    let rebuilds = Rebuilds::of(history);
    let mut rooms: HashMap<&str, BTreeMap<Place, Hosted>> = HashMap::new();
    let mut hosts = HashMap::new();
    for (line, entry) in history.entries.iter().enumerate() {
        let Fact::Observe(seen) = &entry.fact else { continue };
        let Some(state) = &seen.state else { continue };
        let Some(fence) = state.fence else { continue };
        verdict.count();
        let room = entry.room.as_str();
        let host = &state.host_id;
        rooms.entry(room).or_default().entry(seen.place).or_insert(Hosted { line, fence, host });
        let key = (room, seen.place.epoch, fence);
        let (first, known) = *hosts.entry(key).or_insert((line, host));
        if known != host {
            verdict.broken(&[first, line], format!("fence {fence} names two hosts"));
        }
    }
    for (room, places) in &rooms {
        for (place, now) in places {
            let Some((at, before)) = kept_before(places, &rebuilds, room, *place) else { continue };
            if now.fence < before.fence || now.fence == before.fence && now.host != before.host {
                let what = format!(
                    "{:?} with fence {} at {at}, then {:?} with {} at {place}",
                    before.host, before.fence, now.host, now.fence
                );
                verdict.broken(&[before.line, now.line], what);
            }
        }
    }
    verdict
}

/// The last fact before `place` in the history that it builds on, without what a rebuild lost.
pub(super) fn kept_before<'p, T>(
    places: &'p BTreeMap<Place, T>,
    rebuilds: &Rebuilds<'_>,
    room: &str,
    place: Place,
) -> Option<(&'p Place, &'p T)> {
    let (before, fact) = places.range(..place).next_back()?;
    match rebuilds.previous(room, place.epoch) {
        Some(previous) if before.epoch < place.epoch => places.range(..=previous).next_back(),
        _ => Some((before, fact)),
    }
}
