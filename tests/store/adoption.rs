//! Nodes that know different copies of a room that Redis has lost.

use engine::Place;
use harness::fake_redis::PushFault;
use harness::{FakeRedis, RedisOptions};
use server::store::RoomStore;

use crate::follower::Follower;
use crate::node::{Ground, advance, newest, open};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_a_fresher_copy_replaces_what_another_rebuilt_from_an_older_one() {
    let ground = Ground::new(RedisOptions::new()).await;
    let fake = FakeRedis::start(ground.redis.address()).await.expect("started");
    let away = FakeRedis::start(ground.redis.address()).await.expect("started");
    let (fresh, _) = open(&away.url(), ground.sql.clone()).await;
    let (stale, _) = open(&fake.url(), ground.sql.clone()).await;
    let room = ground.make(&*fresh, "fresher").await;
    let mut at_fresh = Follower::of(&fresh, &room.room_id).await;
    let mut at_stale = Follower::of(&stale, &room.room_id).await;
    let both_know = advance(&*fresh, &room.room_id).await;
    at_stale.reaches(both_know.place()).await;
    // SQL answers again after Redis is emptied, with a snapshot that is no newer than that.
    let written = crate::recovery::snapshot_of(&ground, &both_know).await;
    assert_eq!(written, both_know.place());
    fake.push_fault(Some(PushFault::DropEvery(1)));
    let mut last = both_know.clone();
    for _ in 0..5 {
        last = advance(&*fresh, &last.room_id).await;
    }
    at_fresh.reaches(last.place()).await;
    away.cut().await;
    ground.ask(&["FLUSHALL"]).await;
    crate::recovery::forget_newer_snapshots(&ground, &both_know).await;
    fake.push_fault(None);
    let rebuilt = newest(&*stale, &room.room_id).await;
    assert_eq!(rebuilt.place(), Place { epoch: 2, version: both_know.version + 1 });
    at_stale.reaches(rebuilt.place()).await;
    assert_eq!(at_stale.rebuilds(), [(2, true)]);

    away.heal().await.expect("listening");
    let adopted = Place { epoch: 3, version: last.version + 1 };
    at_fresh.reaches(adopted).await;
    at_stale.reaches(adopted).await;
    for store in [&fresh, &stale] {
        let room = newest(&**store, &room.room_id).await;
        assert_eq!((room.place(), &room.profile), (adopted, &last.profile), "nothing is lost");
        assert_eq!(room.ops, newest(&*fresh, &room.room_id).await.ops);
    }
    let after = advance(&*stale, &room.room_id).await;
    at_fresh.reaches(after.place()).await;
    at_stale.reaches(after.place()).await;
    fresh.close().await;
    stale.close().await;
}
