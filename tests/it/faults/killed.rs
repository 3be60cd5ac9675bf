//! F1, F2 and F8: processes are killed, in fewer rounds than `make prove` runs.

use harness::dice::Dice;
use harness::prove::{Outcome, node_killed, redis_always, redis_everysec, server_killed};

use super::scene::ground;

const ROUNDS: u64 = 10;
const PEOPLE: usize = 20;

#[tokio::test]
async fn f1_a_killed_redis_with_a_synced_log_loses_no_acknowledged_commit() {
    check(redis_always(&ground(), ROUNDS, &mut Dice::new(1)).await.unwrap(), "S5");
}

#[tokio::test]
async fn f2_a_killed_redis_that_syncs_once_a_second_loses_nothing_silently() {
    check(redis_everysec(&ground(), ROUNDS, &mut Dice::new(2)).await.unwrap(), "S4");
}

#[tokio::test]
async fn f8_members_of_a_killed_node_move_to_another_and_absent_ones_are_not_listed() {
    check(node_killed(&ground(), 1, PEOPLE, &mut Dice::new(3)).await.unwrap(), "S16");
}

#[tokio::test]
async fn a_killed_server_with_a_journal_loses_no_acknowledged_commit() {
    check(server_killed(&ground(), ROUNDS, &mut Dice::new(4)).await.unwrap(), "S5");
}

/// Asserts that everything holds, that `decisive` was observed, and that all were served in time.
fn check(outcome: Outcome, decisive: &str) {
    assert_eq!(outcome.problems(), Vec::<String>::new(), "{outcome}");
    for id in ["S1", "S2", "S3", "S6", decisive] {
        let seen = outcome.invariants.iter().any(|known| known.id == id && known.facts > 0);
        assert!(seen, "{id} wasn't observed\n{outcome}");
    }
    let in_time = outcome.served_within_ms(100).is_some_and(|ms| ms <= 5_000);
    assert!(in_time, "who waits is served within 5 s\n{outcome}");
}
