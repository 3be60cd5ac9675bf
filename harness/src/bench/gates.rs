//! Gates: measured values with their limits, printed and written to a file.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::bench::Machine;
use crate::{Error, Result};

/// The limit of one value. Smaller is better for all of them.
#[derive(Clone, Debug, Serialize)]
pub struct Gate {
    /// The frozen id.
    pub id: &'static str,
    /// The unit of the values.
    pub unit: &'static str,
    /// The measured value; null if it wasn't measured.
    pub value: Option<f64>,
    /// The largest acceptable value.
    pub must: f64,
    /// The value to aim for.
    pub aim: f64,
    /// Whether `value` is valid and at most `must`.
    pub held: bool,
    /// Why it isn't held, if the values don't show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The gates of one benchmark.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The machine that it ran on.
    pub machine: Machine,
    /// The gates, in the order in which they are printed.
    pub gates: Vec<Gate>,
}

impl Gate {
    /// A gate that hasn't been measured.
    pub(crate) fn new(id: &'static str, unit: &'static str, must: f64, aim: f64) -> Self {
        let reason = Some("not run".to_owned());
        Self { id, unit, value: None, must, aim, held: false, reason }
    }
}

impl Report {
    /// A report on gates that haven't been measured.
    pub(crate) fn new(gates: Vec<Gate>) -> Self {
        Self { machine: Machine::read(), gates }
    }

    /// Sets a measured value; `flaw` says why it isn't valid, if it isn't.
    pub(crate) fn measured(&mut self, id: &str, value: f64, flaw: Option<&str>) {
        let Some(gate) = self.gates.iter_mut().find(|gate| gate.id == id) else { return };
        // Further decimals are noise, and would make the file hard to read.
        let value = (value * 1000.0).round() / 1000.0;
        gate.value = Some(value);
        gate.held = value <= gate.must && flaw.is_none();
        gate.reason = flaw.map(str::to_owned);
    }

    /// Sets the reason of the gates without a value.
    pub(crate) fn not_run(&mut self, why: &str) {
        for gate in self.gates.iter_mut().filter(|gate| gate.value.is_none()) {
            gate.reason = Some(why.to_owned());
        }
    }

    /// Writes `<directory>/<name>.json` and returns its path.
    pub fn write(&self, directory: &Path, name: &str) -> Result<PathBuf> {
        let path = directory.join(format!("{name}.json"));
        let mut text = serde_json::to_string_pretty(self).map_err(Error::doing("encode gates"))?;
        text.push('\n');
        std::fs::create_dir_all(directory)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(Error::doing(format_args!("write {}", path.display())))?;
        Ok(path)
    }

    /// The machine, and the gates as a table.
    pub fn table(&self) -> String {
        let head = ["gate", "value", "must", "aim", "unit", "held"];
        let mut rows = vec![head.map(String::from).to_vec()];
        rows.extend(self.gates.iter().map(|gate| {
            let value = gate.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
            let held = match (&gate.reason, gate.held) {
                (Some(reason), _) => format!("NO: {reason}"),
                (None, held) => if held { "yes" } else { "NO" }.to_owned(),
            };
            let [must, aim] = [gate.must, gate.aim].map(|number| number.to_string());
            vec![gate.id.to_owned(), value, must, aim, gate.unit.to_owned(), held]
        }));
        format!("{}\n\n{}", self.machine, align(&rows))
    }
}

/// Prints a line; ignores a closed output, since the file has the results too.
pub(crate) fn print_line(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Aligns the columns of a table: text to the left, numbers to the right.
pub(crate) fn align(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).filter_map(width).collect();
    let mut table = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| {
                let number = cell.starts_with(|first: char| first.is_ascii_digit());
                if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            })
            .collect();
        table.push_str(cells.join("  ").trim_end());
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_held_only_by_a_valid_value_within_its_limit() {
        let gates = ["a", "b", "c", "d"].map(|id| Gate::new(id, "ms", 4.0, 2.0));
        let mut report = Report::new(gates.into());
        report.measured("a", 4.0, None);
        report.measured("b", 4.001, None);
        report.measured("c", 1.0, Some("3 deliveries are missing"));
        report.not_run("the server ended");
        let held: Vec<bool> = report.gates.iter().map(|gate| gate.held).collect();
        assert_eq!(held, [true, false, false, false]);
        let json = serde_json::to_value(&report.gates).unwrap();
        assert_eq!(json[0].get("reason"), None);
        assert_eq!(json[2]["reason"], "3 deliveries are missing");
        assert_eq!(
            (&json[3]["value"], json[3]["reason"].as_str()),
            (&serde_json::Value::Null, Some("the server ended"))
        );
    }
}
