//! How long one participant may delay a room's starts.

use engine::{DelayLimit, Timestamp};
use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_oneof};
use proptest::{prop_assert, proptest};

const MINUTE_MS: u64 = 60_000;

#[test]
fn a_player_that_is_always_late_is_waited_for_five_times() {
    // Shortly before the deadline of a seek, which is 1.5 s.
    assert_eq!(waits(std::iter::repeat_n(1_400, 40)), [0, 1, 2, 3, 4]);
}

#[test]
fn a_player_that_is_late_every_other_time_is_waited_for_a_few_times() {
    let late = [3_000, 0].into_iter().cycle().take(40);
    assert_eq!(waits(late), [0, 1, 2, 16, 17, 18, 36, 37, 38]);
}

#[test]
fn a_player_that_is_half_a_second_slower_than_others_is_always_waited_for() {
    assert_eq!(waits(std::iter::repeat_n(500, 100)).len(), 100);
}

#[test]
fn a_player_that_missed_one_start_is_waited_for_and_minutes_make_up_for_more() {
    let mut limit = DelayLimit::default();
    limit.count_start(3_000, at(0));
    assert!(!limit.is_over(at(0)) && !limit.is_forgotten(at(0)));
    limit.count_start(3_000, at(0));
    assert_eq!(limit.rests_until(), Some(at(8 * MINUTE_MS)));
    assert!(limit.is_over(at(8 * MINUTE_MS - 1)) && !limit.is_over(at(8 * MINUTE_MS)));
    assert!(!limit.is_forgotten(at(10 * MINUTE_MS - 1)));
    assert!(limit.is_forgotten(at(10 * MINUTE_MS)));
    // A clock that goes back changes nothing.
    limit.count_start(0, at(10 * MINUTE_MS));
    limit.count_start(1_000, at(0));
    assert!(!limit.is_forgotten(at(10 * MINUTE_MS)) && !limit.is_over(at(10 * MINUTE_MS)));
}

proptest! {
    #[test]
    fn whatever_the_pattern_starts_are_delayed_by_half_a_second_on_average(
        starts in vec((delays(), 0..3 * MINUTE_MS), 0..500),
    ) {
        let (mut limit, mut now) = (DelayLimit::default(), at(0));
        let mut delays = Vec::new();
        for (delay_ms, passed_ms) in starts {
            now = now.plus_millis(passed_ms);
            let waits = !limit.is_over(now);
            // One who isn't waited for delays nothing, and counts only if in time.
            if waits || delay_ms == 0 {
                limit.count_start(delay_ms, now);
            }
            delays.push((now, if waits { delay_ms } else { 0 }));
        }
        for from in 0..delays.len() {
            let mut sum_ms = 0;
            for (starts, (until, delay_ms)) in delays[from..].iter().enumerate() {
                sum_ms += delay_ms;
                let free_ms = 500 * (starts as u64 + 1) + until.millis_since(delays[from].0) / 120;
                prop_assert!(sum_ms <= 7_000 + free_ms, "{sum_ms} ms in {} starts", starts + 1);
            }
        }
    }
}

/// How long a player delays a start: not, a little, or until one of the deadlines.
fn delays() -> impl Strategy<Value = u64> {
    prop_oneof![0..1_u64, 0..1_500_u64, 1_400..1_501_u64, 3_000..3_001_u64]
}

/// Returns which of these starts, one right after the other, waited for a player with these delays.
fn waits(delays: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut limit = DelayLimit::default();
    let mut waited = Vec::new();
    for (start, delay_ms) in (0..).zip(delays) {
        let waits = !limit.is_over(at(0));
        if waits || delay_ms == 0 {
            limit.count_start(delay_ms, at(0));
        }
        waited.extend(waits.then_some(start));
    }
    waited
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}
