//! What rounds came to, added up over runs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::{Display, Formatter};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::checker::{self, Promises};
use crate::history::{Fact, History, Kind, Place};
use crate::{Error, Result};

/// Rounds of one scenario, judged.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Outcome {
    /// Its name.
    pub scenario: String,
    /// How often something was broken.
    pub rounds: u64,
    /// Commands acknowledged.
    pub acked: u64,
    /// Acknowledged commits that are gone.
    pub lost: u64,
    /// Those of them that nobody was told of.
    pub silent: u64,
    /// Whether a lost one breaks a promise.
    pub strong: bool,
    /// How often so many milliseconds passed until somebody was served again.
    pub served_ms: BTreeMap<u64, u64>,
    /// So many of a hundred must be served within so many milliseconds.
    pub must_ms: Vec<(u64, u64)>,
    /// The invariants, in their order.
    pub invariants: Vec<Invariant>,
    /// What went wrong, in words.
    pub troubles: Vec<String>,
}

/// One invariant over all rounds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Invariant {
    /// `S1` and so on.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// On how many facts it was judged; none: not observed.
    pub facts: usize,
    /// How often it was broken.
    pub broken: usize,
}

impl Outcome {
    /// No round yet.
    pub fn new(scenario: &str, strong: bool, must_ms: &[(u64, u64)]) -> Self {
        let must_ms = must_ms.to_vec();
        Self { scenario: scenario.to_owned(), strong, must_ms, ..Self::default() }
    }

    /// Judges a history, which holds so many rounds.
    pub fn judge(&mut self, history: &History, rounds: u64) {
        let report = checker::check(history, Promises { strong: self.strong });
        if !report.is_clean() {
            self.troubles.push(report.to_string());
        }
        self.add_invariants(report.verdicts.iter().map(|verdict| Invariant {
            id: verdict.id.to_owned(),
            name: verdict.name.to_owned(),
            facts: verdict.facts,
            broken: verdict.broken,
        }));
        let (lost, silent) = losses(history);
        self.rounds += rounds;
        self.lost += lost;
        self.silent += silent;
        let acks = history
            .entries
            .iter()
            .filter(|entry| matches!(entry.fact, Fact::Ack { duplicate: false, .. }));
        self.acked += acks.count() as u64;
    }

    /// Notes how long somebody waited.
    pub fn served(&mut self, waited: impl IntoIterator<Item = Duration>) {
        for waited in waited {
            let ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
            *self.served_ms.entry(ms).or_default() += 1;
        }
    }

    /// Adds the rounds of `other`.
    pub fn add(&mut self, other: Self) {
        self.rounds += other.rounds;
        self.acked += other.acked;
        self.lost += other.lost;
        self.silent += other.silent;
        for (ms, times) in other.served_ms {
            *self.served_ms.entry(ms).or_default() += times;
        }
        self.add_invariants(other.invariants);
        self.troubles.extend(other.troubles);
    }

    /// So many of a hundred were served within this time, in milliseconds.
    pub fn served_within_ms(&self, percent: u64) -> Option<u64> {
        let all: u64 = self.served_ms.values().sum();
        let mut left = (all * percent).div_ceil(100);
        self.served_ms.iter().find_map(|(ms, times)| {
            left = left.saturating_sub(*times);
            (left == 0).then_some(*ms)
        })
    }

    /// What doesn't hold, in words; empty if everything does. Times are judged by `is_in_time`.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.troubles.clone();
        if self.strong && self.lost > 0 {
            problems.push(format!("{} acknowledged commits are lost", self.lost));
        }
        if self.silent > 0 {
            problems.push(format!("{} commits were lost in silence", self.silent));
        }
        problems
    }

    /// Whether those who waited were served in time. If nobody was measured, nothing is shown.
    pub fn is_in_time(&self) -> bool {
        let mut musts = self.must_ms.iter();
        musts.all(|(percent, must)| self.served_within_ms(*percent).is_some_and(|ms| ms <= *must))
    }

    /// Adds it to what earlier runs left in `<directory>/<scenario>.json`; all of them together.
    pub fn accumulate(self, directory: &Path) -> Result<(Self, PathBuf)> {
        let path = directory.join(format!("{}.json", self.scenario));
        let mut all = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(Error::doing(format_args!("read {}", path.display())))?,
            Err(_) => Self::new(&self.scenario, self.strong, &self.must_ms),
        };
        all.add(self);
        let mut text = serde_json::to_string_pretty(&all).map_err(Error::doing("encode rounds"))?;
        text.push('\n');
        std::fs::create_dir_all(directory)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(Error::doing(format_args!("write {}", path.display())))?;
        Ok((all, path))
    }

    fn add_invariants(&mut self, others: impl IntoIterator<Item = Invariant>) {
        for other in others {
            match self.invariants.iter_mut().find(|known| known.id == other.id) {
                Some(known) => {
                    known.facts += other.facts;
                    known.broken += other.broken;
                }
                None => self.invariants.push(other),
            }
        }
    }
}

/// The invariants, what went wrong, and a line of counts.
impl Display for Outcome {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(formatter, "{}", self.scenario)?;
        for Invariant { id, name, facts, broken } in &self.invariants {
            let (id, name) = (format!("  {id:<4}"), format!("{name:<32}"));
            match (facts, broken) {
                (0, 0) => writeln!(formatter, "{id}{name}not observed")?,
                (_, 0) => writeln!(formatter, "{id}{name}held ({facts} facts)")?,
                _ => writeln!(formatter, "{id}{name}BROKEN {broken} times ({facts} facts)")?,
            }
        }
        for trouble in &self.troubles {
            writeln!(formatter, "{trouble}")?;
        }
        let ms =
            |percent| self.served_within_ms(percent).map_or("-".to_owned(), |ms| ms.to_string());
        write!(
            formatter,
            "  rounds {}, acked {}, lost {}, silent {}, served again p50 {} ms, p99 {} ms, max {} ms",
            self.rounds,
            self.acked,
            self.lost,
            self.silent,
            ms(50),
            ms(99),
            ms(100)
        )
    }
}

/// The commits that were acknowledged and are in no line that leads to a room's newest state, and
/// how many of them no rebuild told of.
fn losses(history: &History) -> (u64, u64) {
    #[derive(Default)]
    struct Room {
        newest: Option<Place>,
        acked: BTreeSet<Place>,
        /// By the epoch that began with it.
        rebuilds: BTreeMap<u64, Rebuild>,
    }
    struct Rebuild {
        place: Place,
        previous: Place,
        lost: bool,
    }
    let mut rooms: HashMap<&str, Room> = HashMap::new();
    for entry in &history.entries {
        let room = rooms.entry(&entry.room).or_default();
        match &entry.fact {
            Fact::Ack { place, .. } => {
                room.acked.insert(*place);
            }
            Fact::Observe(seen) => {
                room.newest = room.newest.max(Some(seen.place));
                if let Kind::Rebased { previous, lost } = seen.kind {
                    let Place { epoch, .. } = seen.place;
                    let rebuild = Rebuild { place: seen.place, previous, lost };
                    room.rebuilds.entry(epoch).or_insert(rebuild).lost |= lost;
                }
            }
            _ => {}
        }
    }
    let (mut lost, mut silent) = (0, 0);
    for room in rooms.values() {
        let Some(newest) = room.newest else { continue };
        // Walks back from the newest state: what each rebuild went on from is kept.
        let mut kept = vec![newest];
        while let Some(rebuild) = kept.last().and_then(|place| room.rebuilds.get(&place.epoch)) {
            kept.push(rebuild.previous);
        }
        let oldest = kept.last().map_or(0, |place| place.epoch);
        for place in room.acked.iter().filter(|place| place.epoch >= oldest) {
            let is_kept = kept.iter().any(|end| end.epoch == place.epoch && place <= end);
            // At a rebuild's own place only what changed nothing is acknowledged.
            let is_rebuild = room.rebuilds.values().any(|rebuild| rebuild.place == *place);
            if is_kept || is_rebuild {
                continue;
            }
            lost += 1;
            let later = room.rebuilds.range(place.epoch + 1..);
            let is_told = later.into_iter().any(|(_, it)| it.lost && it.previous < *place);
            silent += u64::from(!is_told);
        }
    }
    (lost, silent)
}

#[cfg(test)]
mod tests {
    use contracts::{LifecycleState, Playback, Status};

    use super::*;
    use crate::history::{Observation, Recorder, State};

    fn at(epoch: u64, version: u64) -> Place {
        Place { epoch, version }
    }

    fn ack(recorder: &Recorder, place: Place) {
        let id = format!("c{}", place.version);
        let fact = Fact::Ack { client: "ana".to_owned(), id, place, duplicate: false };
        recorder.record("r", fact);
    }

    fn shown(recorder: &Recorder, place: Place, kind: Kind) {
        let playback = Playback {
            media_id: None,
            status: Status::Paused,
            position_ms: 0,
            anchor_at_ms: 0,
            rate: 1.0,
            rendition: "auto".to_owned(),
            text_track: None,
            audio_track: None,
            waiting: None,
        };
        let state = State {
            lifecycle: LifecycleState::Live,
            deadline_ms: None,
            host_id: None,
            fence: None,
            media_id: None,
            duration_ms: None,
            playback,
        };
        recorder.record(
            "r",
            Fact::Observe(Box::new(Observation {
                session: "ana".to_owned(),
                place,
                at_ms: 0,
                kind,
                frame: String::new(),
                cause: None,
                content: None,
                state: Some(state),
            })),
        );
    }

    #[test]
    fn a_commit_is_lost_unless_a_line_leads_to_it_and_silent_unless_told() {
        for (lost, expected) in [(true, (2, 0)), (false, (2, 2))] {
            let recorder = Recorder::new();
            (1..=5).for_each(|version| ack(&recorder, at(1, version)));
            shown(&recorder, at(2, 4), Kind::Rebased { previous: at(1, 3), lost });
            ack(&recorder, at(2, 5));
            shown(&recorder, at(2, 5), Kind::Event);
            assert_eq!(losses(&recorder.history()), expected);
        }
    }

    #[test]
    fn what_a_later_rebuild_brought_back_is_not_lost() {
        let recorder = Recorder::new();
        (1..=5).for_each(|version| ack(&recorder, at(1, version)));
        shown(&recorder, at(2, 4), Kind::Rebased { previous: at(1, 3), lost: true });
        shown(&recorder, at(3, 6), Kind::Rebased { previous: at(1, 5), lost: true });
        assert_eq!(losses(&recorder.history()), (0, 0));
    }

    #[test]
    fn runs_add_up_and_half_of_all_waited_no_longer_than_that() {
        let directory = tempfile::tempdir().unwrap();
        let run = |times: &[u64]| {
            let mut outcome = Outcome::new("here", true, &[(50, 10), (100, 20)]);
            outcome.rounds = 1;
            outcome.served(times.iter().copied().map(Duration::from_millis));
            outcome.accumulate(directory.path()).unwrap().0
        };
        run(&[1, 30]);
        let all = run(&[2, 2, 9]);
        assert_eq!(
            (all.rounds, all.served_within_ms(50), all.served_within_ms(100)),
            (2, Some(2), Some(30))
        );
        assert!(!all.is_in_time());
    }
}
