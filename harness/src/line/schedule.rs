//! Decides when a packet arrives, if at all. Pure: it uses neither a device nor a clock.

use std::time::Duration;

use super::impairment::{Impairment, milliseconds};
use crate::dice::Dice;

/// 2⁵³: every smaller integer is exact in a double.
const CHANCES: u64 = 1 << 53;

/// The fate of a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It arrives at this time.
    Arrives(Duration),
    /// It is lost.
    Lost,
    /// It is dropped, since the queue for the rate limit is full.
    Overflowed,
}

/// One direction of a line, with what it must know about earlier packets. All times count from the
/// same arbitrary origin.
#[derive(Debug)]
pub(crate) struct Schedule {
    impairment: Impairment,
    dice: Dice,
    /// When the line has sent all earlier packets.
    free_at: Duration,
    /// The latest arrival time so far.
    latest: Duration,
}

impl Schedule {
    /// A schedule without impairment, whose random numbers come from `dice`.
    pub(crate) fn new(dice: Dice) -> Self {
        let (free_at, latest) = (Duration::ZERO, Duration::ZERO);
        Self { impairment: Impairment::default(), dice, free_at, latest }
    }

    /// Sets the impairment of later packets. Those in transit keep their times and stay ahead.
    pub(crate) fn set(&mut self, impairment: Impairment) {
        self.impairment = impairment;
    }

    /// Decides the fate of a packet of `bytes` bytes sent at `now`.
    pub(crate) fn decide(&mut self, bytes: usize, now: Duration) -> Fate {
        let impairment = self.impairment;
        // All three are always drawn, so that no setting changes the random numbers of another.
        let (lost, jitter, overtakes) = (self.chance(), self.chance(), self.chance());
        if lost < impairment.loss {
            return Fate::Lost;
        }
        let Some(sent_at) = self.send(bytes, now) else { return Fate::Overflowed };
        // `1.0 - jitter` is above 0, so its logarithm is finite.
        let jitter = milliseconds(-impairment.jitter_ms * (1.0 - jitter).ln());
        let mut at = sent_at + milliseconds(impairment.delay_ms) + jitter;
        if overtakes >= impairment.reorder {
            at = at.max(self.latest);
        }
        self.latest = self.latest.max(at);
        Fate::Arrives(at)
    }

    /// Queues a packet for the rate limit; returns when its last bit is sent, or `None` if the queue
    /// is full.
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

    /// A random number from 0 to below 1.
    fn chance(&mut self) -> f64 {
        self.dice.below(CHANCES) as f64 / CHANCES as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNIMPAIRED: Impairment = Impairment {
        delay_ms: 0.0,
        jitter_ms: 0.0,
        loss: 0.0,
        reorder: 0.0,
        rate_kbit: 0.0,
        queue_ms: 200.0,
    };

    proptest! {
        #[test]
        fn without_reorder_no_packet_overtakes_another(
            seed: u64,
            packets in prop::collection::vec((packet(), impairment()), 1..200),
        ) {
            let mut schedule = Schedule::new(Dice::new(seed));
            let (mut now, mut latest) = (Duration::ZERO, Duration::ZERO);
            for ((gap, bytes), impairment) in packets {
                now += gap;
                schedule.set(Impairment { reorder: 0.0, ..impairment });
                if let Fate::Arrives(at) = schedule.decide(bytes, now) {
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
                if let Fate::Arrives(at) = schedule.decide(bytes, now) {
                    prop_assert!(at >= now + milliseconds(impairment.delay_ms));
                }
            }
        }

        #[test]
        fn the_loss_is_as_set(seed: u64, loss in 0.0..=1.0_f64) {
            let impairment = Impairment { loss, ..UNIMPAIRED };
            let (fates, packets) = (fates(seed, impairment, 10_000), 10_000.0);
            let lost = fates.iter().filter(|fate| **fate == Fate::Lost).count() as f64;
            // Six standard deviations: once in 500 million.
            let deviation = (packets * loss * (1.0 - loss)).sqrt();
            prop_assert!((lost - packets * loss).abs() <= 6.0 * deviation + 1.0, "{lost} lost");
        }

        #[test]
        fn the_rate_is_never_exceeded(
            rate_kbit in 1.0..100_000.0_f64,
            packets in prop::collection::vec(packet(), 2..200),
        ) {
            let impairment = Impairment { rate_kbit, ..UNIMPAIRED };
            let mut schedule = Schedule::new(Dice::new(1));
            schedule.set(impairment);
            let (mut now, mut latest) = (Duration::ZERO, Duration::ZERO);
            for (gap, bytes) in packets {
                now += gap;
                if let Fate::Arrives(at) = schedule.decide(bytes, now) {
                    prop_assert!(at - latest.max(now) >= impairment.serialisation(bytes));
                    latest = at;
                }
            }
        }

        #[test]
        fn a_packet_waits_no_longer_than_the_queue_allows_or_is_dropped(
            rate_kbit in 1.0..100_000.0_f64,
            queue_ms in 0.0..500.0_f64,
            packets in prop::collection::vec(packet(), 2..200),
        ) {
            let impairment = Impairment { rate_kbit, queue_ms, ..UNIMPAIRED };
            let mut schedule = Schedule::new(Dice::new(1));
            schedule.set(impairment);
            let (mut now, mut free_at) = (Duration::ZERO, Duration::ZERO);
            for (gap, bytes) in packets {
                now += gap;
                let waits = free_at.saturating_sub(now);
                match schedule.decide(bytes, now) {
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
        fn delay_and_jitter_do_not_change_which_packets_are_lost(
            seed: u64,
            impairment in impairment(),
        ) {
            let unlimited = Impairment { rate_kbit: 0.0, ..impairment };
            let plain = Impairment { loss: impairment.loss, ..UNIMPAIRED };
            let lost = |impairment| -> Vec<bool> {
                fates(seed, impairment, 100).iter().map(|fate| *fate == Fate::Lost).collect()
            };
            prop_assert_eq!(lost(unlimited), lost(plain));
        }
    }

    #[test]
    fn an_unimpaired_packet_arrives_at_once() {
        let mut schedule = Schedule::new(Dice::new(1));
        for now in [0, 5, 5, 70].map(Duration::from_millis) {
            assert_eq!(schedule.decide(1400, now), Fate::Arrives(now));
        }
    }

    #[test]
    fn jitter_is_exponentially_distributed_around_its_mean() {
        let impairment = Impairment { jitter_ms: 5.0, reorder: 1.0, ..UNIMPAIRED };
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
    fn with_reorder_a_later_packet_can_arrive_earlier() {
        let overtakes = |reorder| {
            let mut schedule = Schedule::new(Dice::new(1));
            schedule.set(Impairment { delay_ms: 40.0, ..UNIMPAIRED });
            let Fate::Arrives(first) = schedule.decide(100, Duration::ZERO) else { panic!() };
            schedule.set(Impairment { delay_ms: 10.0, reorder, ..UNIMPAIRED });
            let Fate::Arrives(second) = schedule.decide(100, Duration::ZERO) else { panic!() };
            // A packet after the one that overtook still arrives after the one that was overtaken.
            schedule.set(UNIMPAIRED);
            assert_eq!(schedule.decide(100, Duration::ZERO), Fate::Arrives(first));
            second < first
        };
        assert!(overtakes(1.0));
        assert!(!overtakes(0.0));
    }

    /// The fates of `packets` packets that are sent at the same time.
    fn fates(seed: u64, impairment: Impairment, packets: usize) -> Vec<Fate> {
        let mut schedule = Schedule::new(Dice::new(seed));
        schedule.set(impairment);
        (0..packets).map(|_| schedule.decide(1400, Duration::ZERO)).collect()
    }

    prop_compose! {
        /// The time since the previous packet, and the size in bytes.
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
