//! The verdict on each invariant, and the report on all of them.

use std::fmt::{Display, Formatter};

use crate::history::History;

/// The most violations of an invariant whose lines are shown; further ones are only counted.
const SHOWN_MAX: usize = 3;
/// The most violations of an invariant that are kept.
const KEPT_MAX: usize = 100;

/// The verdict on one invariant over one history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// `S1` and so on.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The number of facts it was checked against; 0 means that it wasn't observed.
    pub facts: usize,
    /// How often it is broken.
    pub broken: usize,
    /// The first hundred violations.
    pub violations: Vec<Violation>,
}

/// One violation of an invariant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// What is wrong.
    pub what: String,
    /// The lines of the history that show it, from 0.
    pub lines: Vec<usize>,
}

/// The verdicts on all invariants over one history; `Display` shows each.
#[derive(Clone, Debug)]
pub struct Report {
    /// The verdicts, in the order of their ids.
    pub verdicts: Vec<Verdict>,
    shown: Vec<String>,
}

impl Verdict {
    pub(super) fn new(id: &'static str, name: &'static str) -> Self {
        Self { id, name, facts: 0, broken: 0, violations: Vec::new() }
    }

    /// Counts a fact.
    pub(super) fn count(&mut self) {
        self.facts += 1;
    }

    /// Adds a violation, which these lines of the history show.
    pub(super) fn broken(&mut self, lines: &[usize], what: impl Display) {
        self.broken += 1;
        if self.violations.len() < KEPT_MAX {
            self.violations.push(Violation { what: what.to_string(), lines: lines.to_vec() });
        }
    }

    /// Whether it was observed and never broken.
    pub fn is_held(&self) -> bool {
        self.facts > 0 && self.broken == 0
    }
}

impl Report {
    pub(super) fn new(history: &History, verdicts: Vec<Verdict>) -> Self {
        let mut shown = Vec::new();
        for verdict in &verdicts {
            for violation in verdict.violations.iter().take(SHOWN_MAX) {
                shown.push(format!("{} {}", verdict.id, violation.what));
                for &line in &violation.lines {
                    let entry = history.entries.get(line).map(ToString::to_string);
                    shown.push(format!("  {line}: {}", entry.unwrap_or_default()));
                }
            }
        }
        Self { verdicts, shown }
    }

    /// Whether no invariant is broken; those not observed don't count.
    pub fn is_clean(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.broken == 0)
    }

    /// The verdict on an invariant, by its id.
    pub fn find(&self, id: &str) -> Option<&Verdict> {
        self.verdicts.iter().find(|verdict| verdict.id == id)
    }
}

impl Display for Verdict {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { id, name, facts, broken, .. } = self;
        formatter.write_str(&describe(id, name, *facts, *broken))
    }
}

/// An invariant and how often it held, as one line.
pub(crate) fn describe(id: &str, name: &str, facts: usize, broken: usize) -> String {
    match (facts, broken) {
        (0, 0) => format!("{id:<4}{name:<32}not observed"),
        (_, 0) => format!("{id:<4}{name:<32}held ({facts} facts)"),
        _ => format!("{id:<4}{name:<32}BROKEN {broken} times ({facts} facts)"),
    }
}

impl Display for Report {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        for verdict in &self.verdicts {
            writeln!(formatter, "{verdict}")?;
        }
        for line in &self.shown {
            writeln!(formatter, "{line}")?;
        }
        Ok(())
    }
}
