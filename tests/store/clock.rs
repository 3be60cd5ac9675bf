//! A node whose clock is far off does no harm: Redis stores only commits whose time is near its own.

use std::sync::Arc;

use engine::{Command, Room, Timestamp};
use harness::RedisOptions;
use server::store::laws::{host, room};
use server::store::{CommitOutcome, RoomStore};

use crate::node::{Ground, decided, newest, until};

const HOUR_US: i64 = 3_600_000_000;
/// Twice the greatest distance from Redis' own time at which a commit is stored, to allow for the way
/// there.
const TOLERATED_MS: u64 = 500;

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_clock_that_jumps_by_an_hour_commits_nothing_until_it_has_corrected_itself() {
    for jump_us in [HOUR_US, -HOUR_US] {
        let ground = Ground::new(RedisOptions::new()).await;
        let (store, clock) = ground.node().await;
        let made = Room { at: Timestamp::from_millis(1), ..room("jumps") };
        ground.sql.create_room(&made.room_id, &made.code, made.at).await.expect("known");
        store.create(made.clone()).await.expect("created");
        let offset_us = clock.now_us().cast_signed() - clock.monotonic_us().cast_signed();
        clock.set_offset(offset_us + jump_us, 100);
        let arrived = Command::Connected { participant: host() };
        let wrong = decided(&made, arrived.clone(), moved(clock_right(&ground).await, jump_us));
        let before = Arc::new(made.clone());
        let outcome = store.commit(&before, Arc::new(wrong)).await.expect("answered");
        assert_eq!(outcome, CommitOutcome::Conflict, "to be decided again");
        assert_eq!(*newest(&*store, &made.room_id).await, made, "nothing was committed");

        until("the clock to be right again", async || {
            let off = clock.now().as_millis().abs_diff(clock_right(&ground).await.as_millis());
            (off < TOLERATED_MS).then_some(())
        })
        .await;
        let right = decided(&made, arrived, clock.now());
        let outcome = store.commit(&before, Arc::new(right)).await.expect("answered");
        assert_eq!(outcome, CommitOutcome::Committed);
        let room = newest(&*store, &made.room_id).await;
        let off = room.at.as_millis().abs_diff(clock_right(&ground).await.as_millis());
        assert!(off < TOLERATED_MS, "{off} ms off");
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f13_a_deadline_is_not_carried_out_before_redis_says_that_its_time_has_come() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (store, clock) = ground.node().await;
    let mut made = Room { at: clock.now(), ..room("patient") };
    for command in [Command::Connected { participant: host() }, Command::HostLost] {
        let commit = decided(&made, command, clock.now());
        made.apply(&commit);
    }
    ground.sql.create_room(&made.room_id, &made.code, made.at).await.expect("known");
    store.create(made.clone()).await.expect("created");
    let deadline = made.deadline().expect("a grace ends");
    assert!(deadline > clock.now());
    // A node whose clock is fast takes the deadline for past.
    let early = decided(&made, Command::Deadline, deadline);
    let outcome = store.commit(&Arc::new(made.clone()), Arc::new(early)).await;
    assert_eq!(outcome.expect("answered"), CommitOutcome::Conflict);
    assert_eq!(*newest(&*store, &made.room_id).await, made);
    store.close().await;
}

/// Returns the time of Redis.
async fn clock_right(ground: &Ground) -> Timestamp {
    let time = ground.ask(&["TIME"]).await.texts();
    let part = |index: usize| time[index].parse::<u64>().expect("a number");
    Timestamp::from_millis(part(0) * 1000 + part(1) / 1000)
}

fn moved(at: Timestamp, by_us: i64) -> Timestamp {
    let at = at.as_millis().checked_add_signed(by_us / 1000);
    Timestamp::from_millis(at.expect("in range"))
}
