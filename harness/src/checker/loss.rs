//! S4 and S5: acknowledged commits are kept, or announced as lost.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Verdict;
use crate::history::{Fact, History, Kind, Place};

/// The announced rebuilds, by room and epoch.
pub(super) struct Rebuilds<'a>(HashMap<&'a str, BTreeMap<u64, Rebuild>>);

#[derive(Clone, Copy)]
pub(super) struct Rebuild {
    line: usize,
    place: Place,
    previous: Place,
    lost: bool,
}

/// S4: an acknowledged commit is missing only after a rebuild that announces a loss, and no session
/// that saw more than was kept hears that nothing is lost.
pub fn honest_loss(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S4", "honest loss");
    each_missing(history, &mut verdict, |verdict, missing| {
        if missing.rebuild.is_none_or(|rebuild| !rebuild.lost) {
            verdict.broken(&missing.lines, format!("{}, without an announcement", missing.what));
        }
    });
    // The last place that each session saw before its current epoch.
    let mut seen_before: HashMap<_, (usize, Place, Place)> = HashMap::new();
    for (line, entry) in history.entries.iter().enumerate() {
        let Fact::Observe(seen) = &entry.fact else { continue };
        let session = (entry.room.as_str(), seen.session.as_str());
        let (now_line, now, before) = *seen_before.entry(session).or_insert((
            line,
            seen.place,
            Place { epoch: 0, version: 0 },
        ));
        let (before_line, before) = if seen.place.epoch > now.epoch {
            seen_before.insert(session, (line, seen.place, now));
            (now_line, now)
        } else {
            seen_before.insert(session, (line, now.max(seen.place), before));
            (now_line, before)
        };
        if let Kind::Rebased { previous, lost: false } = seen.kind
            && before > previous
            && before.epoch < seen.place.epoch
        {
            let what = format!(
                "a session that saw {before} was told that nothing after {previous} is lost"
            );
            verdict.broken(&[before_line, line], what);
        }
    }
    verdict
}

/// S5: no acknowledged commit is ever missing. Only for a store that promises this.
pub fn strong(history: &History) -> Verdict {
    let mut verdict = Verdict::new("S5", "strong mode: nothing lost");
    each_missing(history, &mut verdict, |verdict, missing| {
        verdict.broken(&missing.lines, missing.what);
    });
    verdict
}

struct Missing {
    what: String,
    lines: Vec<usize>,
    rebuild: Option<Rebuild>,
}

/// Calls `each` for every rebuild or reading of the store that lacks commits acknowledged before.
fn each_missing(history: &History, verdict: &mut Verdict, each: impl Fn(&mut Verdict, Missing)) {
    let rebuilds = Rebuilds::of(history);
    let mut acks: HashMap<&str, Vec<(Place, usize)>> = HashMap::new();
    for (line, entry) in history.entries.iter().enumerate() {
        let room = entry.room.as_str();
        match &entry.fact {
            // At a rebuild's own place, only what changed nothing is acknowledged.
            Fact::Ack { place, .. } if !rebuilds.is_at(room, *place) => {
                acks.entry(room).or_default().push((*place, line));
            }
            _ => {}
        }
    }
    acks.values_mut().for_each(|acks| acks.sort_unstable());
    let mut judged: HashMap<&str, usize> = HashMap::new();
    for (room, rebuild) in rebuilds.iter() {
        let Some(acks) = acks.get(room) else { continue };
        let epoch = rebuild.place.epoch;
        let earlier = acks.partition_point(|(place, _)| place.epoch < epoch);
        verdict.facts += earlier - judged.insert(room, earlier).unwrap_or(0);
        let kept = acks.partition_point(|(place, _)| *place <= rebuild.previous);
        if let Some((place, line)) = acks[..earlier].last().filter(|_| kept < earlier) {
            let what = format!(
                "{} acknowledged up to {place}, but epoch {epoch} was rebuilt from {}",
                earlier - kept,
                rebuild.previous
            );
            let lines = vec![*line, rebuild.line];
            each(verdict, Missing { what, lines, rebuild: Some(rebuild) });
        }
    }
    let mut newest: HashMap<&str, (Place, usize)> = HashMap::new();
    for (line, entry) in history.entries.iter().enumerate() {
        let room = entry.room.as_str();
        match &entry.fact {
            Fact::Ack { place, .. } => {
                let known = newest.entry(room).or_insert((*place, line));
                *known = (*known).max((*place, line));
            }
            Fact::Stored { place, .. } => {
                let Some((acked, ack_line)) = newest.get(room) else { continue };
                verdict.count();
                if acked > place {
                    let what = format!("acknowledged at {acked}, but the store holds {place}");
                    each(verdict, Missing { what, lines: vec![*ack_line, line], rebuild: None });
                }
            }
            _ => {}
        }
    }
}

/// How many acknowledged commits are missing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Losses {
    /// Those that don't lead to the newest state of their room.
    pub lost: u64,
    /// Those of them that no rebuild announced as lost.
    pub silent: u64,
}

/// Counts the commits that were acknowledged but don't lead to the newest state of their room.
pub fn count_losses(history: &History) -> Losses {
    let rebuilds = Rebuilds::of(history);
    let mut rooms: HashMap<&str, (Option<Place>, BTreeSet<Place>)> = HashMap::new();
    for entry in &history.entries {
        let (newest, acked) = rooms.entry(&entry.room).or_default();
        match &entry.fact {
            Fact::Ack { place, .. } => {
                acked.insert(*place);
            }
            Fact::Observe(seen) => *newest = (*newest).max(Some(seen.place)),
            _ => {}
        }
    }
    let mut losses = Losses::default();
    for (room, (newest, acked)) in rooms {
        let Some(newest) = newest else { continue };
        // Walks back from the newest state: what each rebuild started from is kept.
        let mut kept = vec![newest];
        while let Some(previous) = kept.last().and_then(|end| rebuilds.previous(room, end.epoch)) {
            kept.push(previous);
        }
        let oldest = kept.last().map_or(0, |place| place.epoch);
        for place in acked.into_iter().filter(|place| place.epoch >= oldest) {
            let is_kept = kept.iter().any(|end| end.epoch == place.epoch && place <= *end);
            // At a rebuild's own place, only what changed nothing is acknowledged.
            if is_kept || rebuilds.is_at(room, place) {
                continue;
            }
            losses.lost += 1;
            losses.silent += u64::from(!rebuilds.is_announced(room, place, u64::MAX));
        }
    }
    losses
}

impl<'a> Rebuilds<'a> {
    pub(super) fn of(history: &'a History) -> Self {
        let mut rooms: HashMap<&str, BTreeMap<u64, Rebuild>> = HashMap::new();
        for (line, entry) in history.entries.iter().enumerate() {
            let Fact::Observe(seen) = &entry.fact else { continue };
            if let Kind::Rebased { previous, lost } = seen.kind {
                let place = seen.place;
                let rebuild = Rebuild { line, place, previous, lost };
                let epochs = rooms.entry(&entry.room).or_default();
                let known = epochs.entry(place.epoch).or_insert(rebuild);
                known.lost |= lost;
                known.place = known.place.min(place);
            }
        }
        Self(rooms)
    }

    fn iter(&self) -> impl Iterator<Item = (&'a str, Rebuild)> {
        let rooms = self.0.iter();
        rooms.flat_map(|(room, epochs)| epochs.values().map(move |rebuild| (*room, *rebuild)))
    }

    /// The place that the state of `epoch` was rebuilt from.
    pub(super) fn previous(&self, room: &str, epoch: u64) -> Option<Place> {
        self.0.get(room)?.get(&epoch).map(|rebuild| rebuild.previous)
    }

    /// Whether a rebuild up to `epoch` lost `place` and announced a loss.
    pub(super) fn is_announced(&self, room: &str, place: Place, epoch: u64) -> bool {
        let Some(epochs) = self.0.get(room) else { return false };
        epoch > place.epoch
            && epochs
                .range(place.epoch + 1..=epoch)
                .any(|(_, rebuild)| rebuild.lost && rebuild.previous < place)
    }

    /// Whether a rebuild committed at `place`.
    fn is_at(&self, room: &str, place: Place) -> bool {
        let epochs = self.0.get(room);
        epochs.and_then(|epochs| epochs.get(&place.epoch)).is_some_and(|it| it.place == place)
    }
}
