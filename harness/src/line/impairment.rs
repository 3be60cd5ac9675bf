//! The impairment of one direction of a line: delay, jitter, loss, reordering and rate.

use std::time::Duration;

use serde::Deserialize;

use crate::{Error, Result};

/// The longest delay, jitter or queue, in milliseconds.
const MILLISECONDS_MAX: f64 = 60_000.0;
/// The lowest rate besides 0.
const RATE_KBIT_MIN: f64 = 1.0;
/// The highest rate.
const RATE_KBIT_MAX: f64 = 100_000_000.0;

/// The impairment of one direction of a line; the default is none.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Impairment {
    /// The delay of every packet, in milliseconds.
    pub delay_ms: f64,
    /// The mean of an additional, exponentially distributed delay, in milliseconds.
    pub jitter_ms: f64,
    /// The probability that a packet is lost, from 0 to 1.
    pub loss: f64,
    /// The probability that a packet may overtake earlier ones, from 0 to 1.
    pub reorder: f64,
    /// The rate limit, in kilobits per second; 0 means none.
    pub rate_kbit: f64,
    /// The longest wait for the rate limit, in milliseconds; a packet that would wait longer is
    /// dropped.
    pub queue_ms: f64,
}

impl Default for Impairment {
    fn default() -> Self {
        Self {
            delay_ms: 0.0,
            jitter_ms: 0.0,
            loss: 0.0,
            reorder: 0.0,
            rate_kbit: 0.0,
            queue_ms: 200.0,
        }
    }
}

impl Impairment {
    /// Fails if a value is out of range, and names it.
    pub fn check(&self) -> Result<()> {
        let milliseconds = 0.0..=MILLISECONDS_MAX;
        let probability = 0.0..=1.0;
        for (name, value, range) in [
            ("delay_ms", self.delay_ms, &milliseconds),
            ("jitter_ms", self.jitter_ms, &milliseconds),
            ("queue_ms", self.queue_ms, &milliseconds),
            ("loss", self.loss, &probability),
            ("reorder", self.reorder, &probability),
        ] {
            // NaN is in no range.
            if !range.contains(&value) {
                let (least, most) = (range.start(), range.end());
                return Err(Error::new(format!(
                    "{name} is {value}; it can be from {least} to {most}"
                )));
            }
        }
        let rate = self.rate_kbit;
        if rate != 0.0 && !(RATE_KBIT_MIN..=RATE_KBIT_MAX).contains(&rate) {
            return Err(Error::new(format!(
                "rate_kbit is {rate}; it can be 0 (no limit), or from {RATE_KBIT_MIN} to \
                 {RATE_KBIT_MAX}"
            )));
        }
        Ok(())
    }

    /// How long it takes to send a packet of `bytes` bytes at the rate limit.
    pub(crate) fn serialisation(&self, bytes: usize) -> Duration {
        if self.rate_kbit == 0.0 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(bytes as f64 * 8.0 / (self.rate_kbit * 1000.0))
    }
}

/// The duration of a number of milliseconds that was checked before.
pub(crate) fn milliseconds(value: f64) -> Duration {
    Duration::from_secs_f64(value / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_left_out_impair_nothing() {
        let impairment: Impairment = serde_json::from_str(r#"{"delay_ms":40}"#).unwrap();
        let Impairment { delay_ms, jitter_ms, loss, reorder, rate_kbit, queue_ms } = impairment;
        assert_eq!([delay_ms, jitter_ms, loss, reorder, rate_kbit], [40.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(queue_ms, 200.0);
    }

    #[test]
    fn the_error_names_the_value_that_is_out_of_range() {
        let fine = Impairment::default();
        fine.check().unwrap();
        for (impairment, sentence) in [
            (Impairment { delay_ms: -1.0, ..fine }, "delay_ms is -1; it can be from 0 to 60000"),
            (Impairment { jitter_ms: 1e9, ..fine }, "jitter_ms is 1000000000; it can be"),
            (Impairment { queue_ms: f64::NAN, ..fine }, "queue_ms is NaN; it can be"),
            (Impairment { loss: 1.01, ..fine }, "loss is 1.01; it can be from 0 to 1"),
            (Impairment { reorder: f64::INFINITY, ..fine }, "reorder is inf; it can be"),
            (Impairment { rate_kbit: 0.5, ..fine }, "rate_kbit is 0.5; it can be 0 (no limit), or"),
            (Impairment { rate_kbit: f64::NAN, ..fine }, "rate_kbit is NaN; it can be 0"),
        ] {
            let error = impairment.check().unwrap_err().to_string();
            assert!(error.starts_with(sentence), "{error}");
        }
    }

    #[test]
    fn a_megabit_takes_a_second_at_a_megabit_per_second() {
        let impairment = Impairment { rate_kbit: 1000.0, ..Impairment::default() };
        assert_eq!(impairment.serialisation(125_000), Duration::from_secs(1));
        assert_eq!(Impairment::default().serialisation(125_000), Duration::ZERO);
    }
}
