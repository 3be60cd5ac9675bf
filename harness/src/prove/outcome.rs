//! The outcome of the rounds of a scenario, which adds up over runs.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::checker::{self, Losses, Promises, count_losses, describe};
use crate::history::{Fact, History};
use crate::{Error, Result};

/// The outcome of the rounds of one scenario.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Outcome {
    /// The name of the scenario.
    pub scenario: String,
    /// The number of rounds.
    pub rounds: u64,
    /// The number of acknowledged commands.
    pub acked: u64,
    /// The number of acknowledged commits that are lost.
    pub lost: u64,
    /// The number of lost commits that no rebuild announced.
    pub silent: u64,
    /// Whether losing an acknowledged commit breaks a promise.
    pub strong: bool,
    /// The waits until a member was served again: how often each number of milliseconds occurred.
    pub served_ms: BTreeMap<u64, u64>,
    /// Percentages of members that must be served within a number of milliseconds.
    pub must_ms: Vec<(u64, u64)>,
    /// The invariants, in the order of their ids.
    pub invariants: Vec<Invariant>,
    /// Reports of broken invariants.
    pub troubles: Vec<String>,
}

/// One invariant over all rounds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Invariant {
    /// `S1` and so on.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The number of facts that it was checked against; 0 means that it wasn't observed.
    pub facts: usize,
    /// How often it was broken.
    pub broken: usize,
}

impl Outcome {
    /// An outcome without rounds.
    pub fn new(scenario: &str, strong: bool, must_ms: &[(u64, u64)]) -> Self {
        let must_ms = must_ms.to_vec();
        Self { scenario: scenario.to_owned(), strong, must_ms, ..Self::default() }
    }

    /// Checks the history of `rounds` rounds and adds the result.
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
        let Losses { lost, silent } = count_losses(history);
        self.rounds += rounds;
        self.lost += lost;
        self.silent += silent;
        let acks = history
            .entries
            .iter()
            .filter(|entry| matches!(entry.fact, Fact::Ack { duplicate: false, .. }));
        self.acked += acks.count() as u64;
    }

    /// Adds how long members waited.
    pub fn add_waits(&mut self, waited: impl IntoIterator<Item = Duration>) {
        for waited in waited {
            let ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
            *self.served_ms.entry(ms).or_default() += 1;
        }
    }

    /// Adds another outcome of the same scenario.
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

    /// The time within which this percentage was served, in milliseconds; `None` without waits.
    pub fn served_within_ms(&self, percent: u64) -> Option<u64> {
        let all: u64 = self.served_ms.values().sum();
        let mut left = (all * percent).div_ceil(100);
        self.served_ms.iter().find_map(|(ms, times)| {
            left = left.saturating_sub(*times);
            (left == 0).then_some(*ms)
        })
    }

    /// Descriptions of what doesn't hold; empty if everything does. `is_in_time` checks the times.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.troubles.clone();
        if self.strong && self.lost > 0 {
            problems.push(format!("{} acknowledged commits are lost", self.lost));
        }
        if self.silent > 0 {
            problems.push(format!("{} commits were lost silently", self.silent));
        }
        problems
    }

    /// Whether members were served in time; false if no wait was measured.
    pub fn is_in_time(&self) -> bool {
        let mut musts = self.must_ms.iter();
        musts.all(|(percent, must)| self.served_within_ms(*percent).is_some_and(|ms| ms <= *must))
    }

    /// Adds it to the outcome of earlier runs in `<directory>/<scenario>.json`; returns the sum.
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

/// The invariants, the reports of broken ones, and a line of counts.
impl Display for Outcome {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(formatter, "{}", self.scenario)?;
        for Invariant { id, name, facts, broken } in &self.invariants {
            writeln!(formatter, "  {}", describe(id, name, *facts, *broken))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_add_up_and_percentiles_are_of_all_waits() {
        let directory = tempfile::tempdir().unwrap();
        let run = |times: &[u64]| {
            let mut outcome = Outcome::new("here", true, &[(50, 10), (100, 20)]);
            outcome.rounds = 1;
            outcome.add_waits(times.iter().copied().map(Duration::from_millis));
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
