//! Follows the room clock, as Redis tells it, by the exchange with the shortest round trip: its error is at
//! most half of that. Whether to follow it over a step is decided elsewhere (`steady`).

use std::collections::VecDeque;

use crate::clock::drift_us;

/// The number of exchanges of which the quickest counts.
const WINDOW: usize = 16;
/// Up to this difference, in microseconds, the clock is slewed instead of set.
const STEP_US: i64 = 20_000;
/// The most that one exchange slews the clock, in microseconds.
const SLEW_US: i64 = 250;

/// One question about the time, in microseconds: when it was asked and answered, by this machine's
/// monotonic clock, and the time that the other side said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    pub(super) asked_us: u64,
    pub(super) said_us: u64,
    pub(super) answered_us: u64,
}

impl Exchange {
    fn took_us(self) -> u64 {
        self.answered_us.saturating_sub(self.asked_us)
    }

    /// The difference between the other clock and this machine's.
    fn offset_us(self) -> i64 {
        let middle = self.asked_us + self.took_us() / 2;
        self.said_us.cast_signed() - middle.cast_signed()
    }

    /// How far the other clock may be from what the exchange shows.
    pub(super) fn uncertainty_us(self) -> i64 {
        i64::try_from(self.took_us().div_ceil(2)).unwrap_or(i64::MAX)
    }

    /// Whether a later exchange can be right as well. If not, the other clock was moved in between.
    fn agrees_with(self, later: Self) -> bool {
        let apart_us = self.offset_us().abs_diff(later.offset_us());
        let unknown_us = self.took_us().div_ceil(2) + later.took_us().div_ceil(2);
        apart_us <= unknown_us + drift_us(later.asked_us.saturating_sub(self.asked_us))
    }
}

/// Follows another clock.
#[derive(Debug, Default)]
pub(super) struct ClockFilter {
    recent: VecDeque<Exchange>,
    offset_us: Option<i64>,
}

impl ClockFilter {
    /// Returns how far the other clock is ahead of this one, in microseconds, if an exchange shows that one
    /// of them was set.
    pub(super) fn find_step(&self, exchange: Exchange) -> Option<i64> {
        let off_us = exchange.offset_us() - self.offset_us?;
        let last = self.recent.back().map_or(exchange.asked_us, |last| last.asked_us);
        let drift_us = drift_us(exchange.asked_us.saturating_sub(last)).cast_signed();
        (off_us.abs() > STEP_US + drift_us + exchange.uncertainty_us()).then_some(off_us)
    }

    /// Takes an exchange that shows no step, and returns the offset to add to this machine's clock from now
    /// on.
    pub(super) fn feed(&mut self, exchange: Exchange) -> i64 {
        let Some(offset) = self.offset_us else { return self.set(exchange) };
        self.recent.retain(|earlier| earlier.agrees_with(exchange));
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(exchange);
        let best = self.recent.iter().min_by_key(|exchange| exchange.took_us());
        let aim = best.map_or(offset, |best| best.offset_us());
        self.offset_us = Some(offset + (aim - offset).clamp(-SLEW_US, SLEW_US));
        self.offset_us.unwrap_or(offset)
    }

    /// Follows the other clock from this exchange on: what was measured before is void.
    pub(super) fn set(&mut self, exchange: Exchange) -> i64 {
        self.recent.clear();
        self.recent.push_back(exchange);
        self.offset_us = Some(exchange.offset_us());
        exchange.offset_us()
    }

    /// Returns how far off the clock may be at `now_us` of this machine's, in microseconds. Each
    /// exchange gives a bound: half its round trip, how far the clock was moved away from it, and how
    /// far the two clocks may have drifted apart since.
    pub(super) fn uncertainty_us(&self, now_us: u64) -> u64 {
        let Some(offset) = self.offset_us else { return u64::MAX };
        let bound = |exchange: &Exchange| {
            let age_us = now_us.saturating_sub(exchange.asked_us);
            let moved_us = exchange.offset_us().abs_diff(offset);
            exchange.took_us().div_ceil(2) + moved_us + drift_us(age_us)
        };
        self.recent.iter().map(bound).min().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_US: u64 = 3_600_000_000;

    #[test]
    fn the_quickest_exchange_decides_and_slow_ones_do_no_harm() {
        let mut filter = ClockFilter::default();
        let mut now = 1_000_000;
        assert_eq!(filter.feed(exchange(now, 5_000_000, 400, 0)), 5_000_000);
        for round in 0..40 {
            now += 500_000;
            // The whole delay is on the way back, so each answer alone is off by half of it.
            let late = if round % 4 == 0 { 30_000 } else { 200 };
            let offset = filter.feed(exchange(now, 5_000_000, 200, late));
            assert!((offset - 5_000_000).abs() <= 200, "{offset}");
        }
        assert!(filter.uncertainty_us(now) <= 200);
    }

    #[test]
    fn the_clock_is_never_further_off_than_its_uncertainty() {
        for (ppm, out, back) in [(0, 0, 0), (90, 0, 900), (-90, 700, 0), (90, 30_000, 100)] {
            let mut filter = ClockFilter::default();
            for round in 0..400_i64 {
                let at = (round * 500_000).cast_unsigned();
                // The other clock is moved once, by less than what counts as being set.
                let moved = if round > 200 { 15_000 } else { 0 };
                let truth = 5_000_000 + moved + round * ppm / 2;
                // Every tenth answer is quick.
                let (out, back) = if round % 10 == 0 { (40, 40) } else { (out, back) };
                let said = (at + out).checked_add_signed(truth).expect("in range");
                let answered_us = at + out + back;
                let offset = filter.feed(Exchange { asked_us: at, said_us: said, answered_us });
                let off = offset.abs_diff(truth);
                let told = filter.uncertainty_us(answered_us);
                assert!(off <= told, "{off} off, {told} told, {round} of {ppm}");
            }
        }
    }

    #[test]
    fn a_clock_that_drifts_is_followed_without_a_step() {
        let mut filter = ClockFilter::default();
        let mut last = filter.feed(exchange(0, 1_000_000, 200, 0));
        for round in 1..200_u64 {
            // 100 ppm, measured twice a second.
            let truth = 1_000_000 + round * 50;
            let offset = filter.feed(exchange(round * 500_000, truth, 200, 0));
            assert!((offset - last).abs() <= SLEW_US, "a step of {}", offset - last);
            assert!((offset - truth.cast_signed()).abs() <= 1_500, "{offset} of {truth}");
            last = offset;
        }
    }

    #[test]
    fn a_step_is_what_no_round_trip_explains() {
        let mut filter = ClockFilter::default();
        let base = 2 * HOUR_US;
        assert_eq!(filter.find_step(exchange(0, base, 200, 0)), None, "nothing is known yet");
        filter.feed(exchange(0, base, 200, 0));
        for jump in [HOUR_US.cast_signed(), -HOUR_US.cast_signed(), 30_000, -30_000] {
            let jumped = base.checked_add_signed(jump).expect("in range");
            assert_eq!(filter.find_step(exchange(500_000, jumped, 200, 0)), Some(jump));
        }
        assert_eq!(filter.find_step(exchange(500_000, base, 200, 100_000)), None);
        assert_eq!(filter.find_step(exchange(500_000, base + 15_000, 200, 0)), None);
    }

    #[test]
    fn a_clock_that_is_followed_over_a_step_is_as_exact_as_the_exchange() {
        let mut filter = ClockFilter::default();
        filter.feed(exchange(0, HOUR_US, 200, 0));
        let jumped = exchange(500_000, 2 * HOUR_US, 200, 0);
        assert_eq!(filter.set(jumped), 2 * HOUR_US.cast_signed());
        assert_eq!(filter.find_step(jumped), None);
        assert!(filter.uncertainty_us(500_200) <= 101);
    }

    /// An exchange asked at `at` of a clock that is `ahead`, with a round trip of `out` and `back` more on
    /// the way back.
    fn exchange(at: u64, ahead: u64, out: u64, back: u64) -> Exchange {
        let arrived = at + out / 2;
        Exchange { asked_us: at, said_us: arrived + ahead, answered_us: at + out + back }
    }
}
