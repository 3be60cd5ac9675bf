//! How often a room lets itself be held up for one reason, such as players that re-buffer.

use engine::{Timestamp, WaitLimit};
use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_oneof};
use proptest::{prop_assert, proptest};

const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;

#[test]
fn each_wait_doubles_the_time_until_the_next_and_calm_takes_that_back() {
    let (mut limit, mut now) = (WaitLimit::default(), at(0));
    assert!(limit.may_wait(now));
    limit.count_wait(now);
    for rest_s in [30, 60, 120, 240, 480] {
        now = wait_as_soon_as_possible(&mut limit, now, rest_s);
    }
    // After two and a half calm hours, there is the first rest again.
    let later = now.plus_millis(150 * MINUTE_MS);
    assert!(limit.may_wait(later));
    limit.count_wait(later);
    wait_as_soon_as_possible(&mut limit, later, 30);
}

#[test]
fn a_wait_that_is_told_twice_counts_once() {
    let mut limit = WaitLimit::default();
    limit.count_wait(at(0));
    limit.count_wait(at(20));
    assert!(limit.may_wait(at(30_000)));
    limit.count_wait(at(30_000));
    limit.count_wait(at(29_999));
    assert!(limit.may_wait(at(90_000)));
}

proptest! {
    #[test]
    fn however_often_there_is_a_reason_the_room_waits_only_so_often(steps in vec(steps(), 0..2_000)) {
        let (mut limit, mut now) = (WaitLimit::default(), at(0));
        let mut waits = Vec::new();
        for step_ms in steps {
            now = now.plus_millis(step_ms);
            if limit.may_wait(now) {
                limit.count_wait(now);
                waits.push(now);
            }
        }
        for (first, from) in waits.iter().enumerate() {
            for (more, until) in waits[first..].iter().enumerate() {
                let passed_ms = until.millis_since(*from);
                let most = 5 + passed_ms / (10 * MINUTE_MS);
                prop_assert!(more as u64 <= most, "{more} more waits within {passed_ms} ms");
            }
        }
        let calm = now.plus_millis(60 * MINUTE_MS);
        prop_assert!(limit.may_wait(calm));
    }
}

/// The time between two reports, of one player or of an attacker.
fn steps() -> impl Strategy<Value = u64> {
    prop_oneof![0..SECOND_MS, 0..MINUTE_MS, 0..30 * MINUTE_MS]
}

/// Checks that the next wait comes after exactly so many seconds, and counts it.
fn wait_as_soon_as_possible(limit: &mut WaitLimit, last: Timestamp, rest_s: u64) -> Timestamp {
    let soonest = last.plus_millis(rest_s * SECOND_MS);
    assert_eq!(limit.rests_until(), Some(soonest), "{rest_s}");
    assert!(!limit.may_wait(at(soonest.as_millis() - 1)), "{rest_s}");
    assert!(limit.may_wait(soonest), "{rest_s}");
    limit.count_wait(soonest);
    soonest
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}
