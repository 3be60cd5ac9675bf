//! Rooms that Redis has lost, while SQL is away or after SQL has forgotten them.

use std::sync::Arc;

use engine::Room;
use harness::RedisOptions;
use server::store::laws::{rename, room};
use server::store::{CommitOutcome, RoomStore};

use crate::cuttable_sql::CuttableSql;
use crate::follower::Follower;
use crate::node::{Ground, advance, make, newest, open, until};

/// How long SQL is away after Redis has come back: longer than Redis was.
const WAITED_MS: u64 = 4_000;

#[tokio::test(flavor = "multi_thread")]
async fn while_sql_is_away_rooms_go_on_lost_ones_wait_and_snapshots_catch_up_later() {
    let ground = Ground::new(RedisOptions::new()).await;
    let sql = CuttableSql::start().await;
    let (store, _) = open(&ground.redis.url(), sql.through.clone()).await;
    let room_id = make(&sql.direct, &*store, "patient").await.room_id;
    let mut follower = Follower::of(&store, &room_id).await;
    sql.line.cut().await;
    let mut last = advance(&*store, &room_id).await;
    for _ in 0..20 {
        last = advance(&*store, &room_id).await;
    }
    follower.reaches(last.place()).await;

    ground.ask(&["FLUSHALL"]).await;
    store.load_newest(&room_id).await.expect_err("nobody can issue an epoch");
    let late = Arc::new(rename(&last, "too late"));
    store.commit(&Arc::new(last.clone()), late).await.expect_err("there is nothing to change");
    assert!(!ground.ask(&["KEYS", "*:state"]).await.texts().iter().any(|key| key.contains("r_")));

    sql.line.heal().await.expect("listening");
    let room =
        until("the room to be rebuilt", async || store.load_newest(&room_id).await.ok().flatten())
            .await;
    assert_eq!(room.version, last.version + 1);
    assert!(room.epoch > last.epoch);
    assert_eq!(room.profile, last.profile, "from memory, so nothing is lost");
    follower.reaches(room.place()).await;
    let last = advance(&*store, &room_id).await;
    until("the snapshot to catch up", async || {
        let row = sql.direct.load_snapshot(&room_id).await.expect("answered")?;
        ((row.epoch, row.version) == (last.epoch, last.version)).then_some(())
    })
    .await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_get_back_the_time_in_which_their_rooms_waited_for_sql_to_be_rebuilt() {
    let mut ground = Ground::new(RedisOptions::new()).await;
    let sql = CuttableSql::start().await;
    let (store, clock) = open(&ground.redis.url(), sql.through.clone()).await;
    let before = Room { at: clock.now(), ..room("awaiting") };
    let room_id = &before.room_id;
    sql.direct.create_room(room_id, &before.code, clock.now()).await.expect("known");
    store.create(before.clone()).await.expect("created");
    sql.line.cut().await;
    // Its rooms wait for new epochs.
    ground.redis.restart().await.expect("restarted");
    until("the room to be lost", async || store.load_newest(room_id).await.err()).await;
    let since = clock.now();
    until("a while to pass", async || {
        store.load_newest(room_id).await.expect_err("nobody can issue an epoch");
        (clock.now().millis_since(since) > WAITED_MS).then_some(())
    })
    .await;
    sql.line.heal().await.expect("listening");
    let after =
        until("the room to be rebuilt", async || store.load_newest(room_id).await.ok().flatten())
            .await;
    assert!(after.epoch > before.epoch);
    let [after, before] = [&*after, &before].map(|room| room.deadline().expect("a deadline"));
    assert!(after.millis_since(before) > WAITED_MS, "{before:?} {after:?}");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_sql_has_forgotten_is_gone_and_leaves_no_key() {
    let mut ground = Ground::new(RedisOptions::new()).await;
    let (store, _) = ground.node().await;
    let made = ground.make(&*store, "forgotten").await;
    let mut follower = Follower::of(&store, &made.room_id).await;
    let last = advance(&*store, &made.room_id).await;
    follower.reaches(last.place()).await;
    ground.sql.delete_rooms(std::slice::from_ref(&made.room_id)).await.expect("deleted");
    // The new process has all the keys of the old one.
    ground.redis.restart().await.expect("restarted");
    follower.sees_it_gone().await;
    assert!(store.load_newest(&made.room_id).await.expect("answered").is_none());
    let commit = Arc::new(rename(&last, "too late"));
    let outcome = store.commit(&Arc::new(last), commit).await.expect("answered");
    assert_eq!(outcome, CommitOutcome::Gone);
    until("every key to be gone", async || {
        ground.ask(&["KEYS", "*r_forgotten*"]).await.items().is_empty().then_some(())
    })
    .await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_cannot_be_read_comes_back_from_its_snapshot_and_the_others_are_served() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (store, _) = ground.node().await;
    let other = ground.make(&*store, "readable").await;
    for (damage, name) in ["{", &"[".repeat(100_000), ""].into_iter().zip(["a", "b", "c"]) {
        let made = ground.make(&*store, name).await;
        let last = advance(&*store, &made.room_id).await;
        until("its snapshot", async || {
            let row = ground.sql.load_snapshot(&made.room_id).await.expect("answered")?;
            (row.version == last.version).then_some(())
        })
        .await;
        let state = ground.ask(&["KEYS", &format!("*:{}:state", made.room_id)]).await.texts();
        ground.ask(&["HSET", &state[0], "body", damage]).await;
        // A node that has it in memory, and one that hasn't.
        let (fresh, _) = ground.node().await;
        let room = newest(&*fresh, &made.room_id).await;
        assert_eq!((room.version, &room.profile), (last.version + 1, &last.profile));
        assert!(room.epoch > last.epoch && room.rebased.is_some_and(|rebased| rebased.lost));
        let after = advance(&*store, &made.room_id).await;
        assert_eq!(after.version, last.version + 2);
        assert_eq!(newest(&*fresh, &other.room_id).await.place(), other.place());
        fresh.close().await;
    }
    store.close().await;
}
