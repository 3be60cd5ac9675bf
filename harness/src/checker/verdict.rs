//! What was found, and how it is said.

use std::fmt::{Display, Formatter};

use crate::history::History;

/// Of so many violations the lines are shown; the others are counted.
const SHOWN_MAX: usize = 3;
/// Of so many violations anything is kept.
const KEPT_MAX: usize = 100;

/// One invariant over one history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// `S1` and so on.
    pub id: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// How many facts it was judged on; none means that nothing is known of it.
    pub facts: usize,
    /// How often it was broken.
    pub broken: usize,
    /// The first hundred.
    pub violations: Vec<Violation>,
}

/// One place where an invariant doesn't hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// What is wrong.
    pub what: String,
    /// The lines of the history that show it, counted from 0.
    pub lines: Vec<usize>,
}

/// All invariants over one history; its `Display` names each.
#[derive(Clone, Debug)]
pub struct Report {
    /// In the order of their names.
    pub verdicts: Vec<Verdict>,
    shown: Vec<String>,
}

impl Verdict {
    pub(super) fn new(id: &'static str, name: &'static str) -> Self {
        Self { id, name, facts: 0, broken: 0, violations: Vec::new() }
    }

    /// One fact more was looked at.
    pub(super) fn look(&mut self) {
        self.facts += 1;
    }

    /// `lines` show that the invariant is broken.
    pub(super) fn broken(&mut self, lines: &[usize], what: impl Display) {
        self.broken += 1;
        if self.violations.len() < KEPT_MAX {
            self.violations.push(Violation { what: what.to_string(), lines: lines.to_vec() });
        }
    }

    /// Whether something was looked at and all of it was right.
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

    /// Whether nothing is broken; what wasn't observed doesn't count.
    pub fn is_clean(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.broken == 0)
    }

    /// One invariant by its id.
    pub fn find(&self, id: &str) -> Option<&Verdict> {
        self.verdicts.iter().find(|verdict| verdict.id == id)
    }
}

impl Display for Verdict {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { id, name, facts, broken, .. } = self;
        match (facts, broken) {
            (0, 0) => write!(formatter, "{id:<4}{name:<32}not observed"),
            (_, 0) => write!(formatter, "{id:<4}{name:<32}held ({facts} facts)"),
            _ => write!(formatter, "{id:<4}{name:<32}BROKEN {broken} times ({facts} facts)"),
        }
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
