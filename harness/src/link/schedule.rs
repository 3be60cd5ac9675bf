//! When a packet arrives, if it does. Pure: no device, no clock.

use std::time::Duration;

use super::impairment::{Impairment, milliseconds};
use crate::prove::Dice;

/// Numbers of 53 bits fill a double exactly.
const CHANCES: u64 = 1 << 53;

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It arrives at that moment.
    Arrives(Duration),
    /// The line loses it.
    Lost,
    /// The queue in front of the rate limit has no place for it.
    Overflowed,
}

/// One direction of a link, and what it remembers of the packets before. Moments are counted from
/// any one origin.
#[derive(Debug)]
pub(crate) struct Schedule {
    impairment: Impairment,
    dice: Dice,
    /// From when on the line is free.
    free_at: Duration,
    /// When the latest packet arrives so far.
    latest: Duration,
}

impl Schedule {
    /// Nothing is wrong yet; chance is that of `dice`.
    pub(crate) fn new(dice: Dice) -> Self {
        let (free_at, latest) = (Duration::ZERO, Duration::ZERO);
        Self { impairment: Impairment::default(), dice, free_at, latest }
    }

    /// From the next packet on it is so. Those on their way stay as they are, and stay ahead.
    pub(crate) fn set(&mut self, impairment: Impairment) {
        self.impairment = impairment;
    }

    /// Decides on a packet of so many bytes that comes at `now`.
    pub(crate) fn admit(&mut self, bytes: usize, now: Duration) -> Fate {
        let impairment = self.impairment;
        // Always all three, so that one setting doesn't shift the chances of another.
        let (lost, jitter, overtakes) = (self.chance(), self.chance(), self.chance());
        if lost < impairment.loss {
            return Fate::Lost;
        }
        let Some(sent_at) = self.send(bytes, now) else { return Fate::Overflowed };
        // One less a chance is above 0, so its logarithm is finite.
        let jitter = milliseconds(-impairment.jitter_ms * (1.0 - jitter).ln());
        let mut at = sent_at + milliseconds(impairment.delay_ms) + jitter;
        if overtakes >= impairment.reorder {
            at = at.max(self.latest);
        }
        self.latest = self.latest.max(at);
        Fate::Arrives(at)
    }

    /// Puts a packet onto the line behind those that wait for it; tells when its end has left.
    fn send(&mut self, bytes: usize, now: Duration) -> Option<Duration> {
        if self.impairment.rate_kbit == 0.0 {
            return Some(now);
        }
        let begins_at = self.free_at.max(now);
        if begins_at - now > milliseconds(self.impairment.queue_ms) {
            return None;
        }
        self.free_at = begins_at + self.impairment.serialisation(bytes);
        Some(self.free_at)
    }

    /// From 0 to below 1.
    fn chance(&mut self) -> f64 {
        self.dice.below(CHANCES) as f64 / CHANCES as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOTHING_WRONG: Impairment = Impairment {
        delay_ms: 0.0,
        jitter_ms: 0.0,
        loss: 0.0,
        reorder: 0.0,
        rate_kbit: 0.0,
        queue_ms: 200.0,
    };

    proptest! {
        #[test]
        fn without_reorder_no_packet_overtakes_whatever_else_changes(
            seed: u64,
            packets in prop::collection::vec((packet(), impairment()), 1..200),
        ) {
            let mut schedule = Schedule::new(Dice::new(seed));
            let (mut now, mut latest) = (Duration::ZERO, Duration::ZERO);
            for ((gap, bytes), impairment) in packets {
                now += gap;
                schedule.set(Impairment { reorder: 0.0, ..impairment });
                if let Fate::Arrives(at) = schedule.admit(bytes, now) {
                    prop_assert!(at >= latest, "{at:?} after {latest:?}");
                    latest = at;
                }
            }
        }

        #[test]
        fn no_packet_arrives_before_its_delay(
            seed: u64,
            packets in prop::collection::vec((packet(), impairment()), 1..200),
        ) {
            let mut schedule = Schedule::new(Dice::new(seed));
            let mut now = Duration::ZERO;
            for ((gap, bytes), impairment) in packets {
                now += gap;
                schedule.set(impairment);
                if let Fate::Arrives(at) = schedule.admit(bytes, now) {
                    prop_assert!(at >= now + milliseconds(impairment.delay_ms));
                }
            }
        }

        #[test]
        fn as_many_are_lost_as_asked_for(seed: u64, loss in 0.0..=1.0_f64) {
            let impairment = Impairment { loss, ..NOTHING_WRONG };
            let (fates, packets) = (fates(seed, impairment, 10_000), 10_000.0);
            let lost = fates.iter().filter(|fate| **fate == Fate::Lost).count() as f64;
            // Six standard deviations: once in 500 million.
            let deviation = (packets * loss * (1.0 - loss)).sqrt();
            prop_assert!((lost - packets * loss).abs() <= 6.0 * deviation + 1.0, "{lost} lost");
        }

        #[test]
        fn no_more_passes_than_the_rate(
            rate_kbit in 1.0..100_000.0_f64,
            packets in prop::collection::vec(packet(), 2..200),
        ) {
            let impairment = Impairment { rate_kbit, ..NOTHING_WRONG };
            let mut schedule = Schedule::new(Dice::new(1));
            schedule.set(impairment);
            let (mut now, mut latest) = (Duration::ZERO, Duration::ZERO);
            for (gap, bytes) in packets {
                now += gap;
                if let Fate::Arrives(at) = schedule.admit(bytes, now) {
                    prop_assert!(at - latest.max(now) >= impairment.serialisation(bytes));
                    latest = at;
                }
            }
        }

        #[test]
        fn a_packet_waits_for_the_line_no_longer_than_the_queue_or_is_dropped(
            rate_kbit in 1.0..100_000.0_f64,
            queue_ms in 0.0..500.0_f64,
            packets in prop::collection::vec(packet(), 2..200),
        ) {
            let impairment = Impairment { rate_kbit, queue_ms, ..NOTHING_WRONG };
            let mut schedule = Schedule::new(Dice::new(1));
            schedule.set(impairment);
            let (mut now, mut free_at) = (Duration::ZERO, Duration::ZERO);
            for (gap, bytes) in packets {
                now += gap;
                let waits = free_at.saturating_sub(now);
                match schedule.admit(bytes, now) {
                    Fate::Arrives(at) => {
                        prop_assert!(waits <= milliseconds(queue_ms), "{waits:?}");
                        free_at = at;
                    }
                    fate => {
                        prop_assert_eq!(fate, Fate::Overflowed);
                        prop_assert!(waits > milliseconds(queue_ms), "{waits:?}");
                    }
                }
            }
        }

        #[test]
        fn delay_and_jitter_change_nothing_about_which_packets_are_lost(
            seed: u64,
            impairment in impairment(),
        ) {
            let unlimited = Impairment { rate_kbit: 0.0, ..impairment };
            let plain = Impairment { loss: impairment.loss, ..NOTHING_WRONG };
            let lost = |impairment| -> Vec<bool> {
                fates(seed, impairment, 100).iter().map(|fate| *fate == Fate::Lost).collect()
            };
            prop_assert_eq!(lost(unlimited), lost(plain));
        }
    }

    #[test]
    fn a_packet_passes_at_once_when_nothing_is_wrong() {
        let mut schedule = Schedule::new(Dice::new(1));
        for now in [0, 5, 5, 70].map(Duration::from_millis) {
            assert_eq!(schedule.admit(1400, now), Fate::Arrives(now));
        }
    }

    #[test]
    fn jitter_has_the_mean_asked_for_and_the_spread_of_an_exponential() {
        let impairment = Impairment { jitter_ms: 5.0, reorder: 1.0, ..NOTHING_WRONG };
        let jitters: Vec<f64> = fates(1, impairment, 100_000)
            .into_iter()
            .map(|fate| match fate {
                Fate::Arrives(at) => at.as_secs_f64() * 1000.0,
                fate => panic!("{fate:?}"),
            })
            .collect();
        let packets = jitters.len() as f64;
        let mean = jitters.iter().sum::<f64>() / packets;
        let variance = jitters.iter().map(|jitter| (jitter - mean).powi(2)).sum::<f64>() / packets;
        assert!((mean - 5.0).abs() < 0.1, "the mean is {mean}");
        assert!((variance.sqrt() - 5.0).abs() < 0.1, "the deviation is {}", variance.sqrt());
    }

    #[test]
    fn with_reorder_the_later_packet_may_be_the_earlier() {
        let overtakes = |reorder| {
            let mut schedule = Schedule::new(Dice::new(1));
            schedule.set(Impairment { delay_ms: 40.0, ..NOTHING_WRONG });
            let Fate::Arrives(first) = schedule.admit(100, Duration::ZERO) else { panic!() };
            schedule.set(Impairment { delay_ms: 10.0, reorder, ..NOTHING_WRONG });
            let Fate::Arrives(second) = schedule.admit(100, Duration::ZERO) else { panic!() };
            // Who comes after the one that overtook still comes after the one before it.
            schedule.set(NOTHING_WRONG);
            assert_eq!(schedule.admit(100, Duration::ZERO), Fate::Arrives(first));
            second < first
        };
        assert!(overtakes(1.0));
        assert!(!overtakes(0.0));
    }

    /// What becomes of so many packets that all come at once.
    fn fates(seed: u64, impairment: Impairment, packets: usize) -> Vec<Fate> {
        let mut schedule = Schedule::new(Dice::new(seed));
        schedule.set(impairment);
        (0..packets).map(|_| schedule.admit(1400, Duration::ZERO)).collect()
    }

    prop_compose! {
        /// How long after the one before it, and how many bytes.
        fn packet()(gap_us in 0..20_000_u64, bytes in 20..1400_usize) -> (Duration, usize) {
            (Duration::from_micros(gap_us), bytes)
        }
    }

    prop_compose! {
        fn impairment()(
            delay_ms in 0.0..500.0_f64,
            jitter_ms in 0.0..50.0_f64,
            loss in 0.0..=1.0_f64,
            reorder in 0.0..=1.0_f64,
            rate_kbit in prop_oneof![Just(0.0), 1.0..100_000.0_f64],
            queue_ms in 0.0..500.0_f64,
        ) -> Impairment {
            Impairment { delay_ms, jitter_ms, loss, reorder, rate_kbit, queue_ms }
        }
    }
}
