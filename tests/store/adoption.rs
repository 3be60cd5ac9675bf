//! A room that Redis has lost, of which two nodes know different copies.

use harness::fake_redis::PushFault;
use harness::{FakeRedis, FaultProxy, RedisOptions};
use server::store::RoomStore;

use crate::cuttable_sql::CuttableSql;
use crate::follower::Follower;
use crate::node::{Ground, advance, make, newest, open, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_fresher_copy_replaces_what_another_node_rebuilt_from_an_older_one() {
    let ground = Ground::new(RedisOptions::new()).await;
    let sql = CuttableSql::start().await;
    let deaf = FakeRedis::start(ground.redis.address()).await.expect("started");
    let line = FaultProxy::start(ground.redis.address()).await.expect("started");
    let (fresh, _) = open(&format!("redis://{}", line.address()), sql.through.clone()).await;
    let (stale, _) = open(&deaf.url(), sql.direct.clone()).await;
    let room_id = make(&sql.direct, &*fresh, "fresher").await.room_id;
    let mut at_fresh = Follower::of(&fresh, &room_id).await;
    let mut at_stale = Follower::of(&stale, &room_id).await;
    let both = advance(&*fresh, &room_id).await;
    at_stale.reaches(both.place()).await;
    until("a snapshot", async || {
        let row = sql.direct.load_snapshot(&room_id).await.expect("answered")?;
        (row.version == both.version).then_some(())
    })
    .await;

    // One node acknowledges commits of which neither SQL nor the other node hears, and is cut off.
    sql.line.cut().await;
    deaf.push_fault(Some(PushFault::DropEvery(1)));
    let mut last = both.clone();
    for _ in 0..5 {
        last = advance(&*fresh, &room_id).await;
    }
    at_fresh.reaches(last.place()).await;
    line.cut().await;
    ground.ask(&["FLUSHALL"]).await;
    deaf.push_fault(None);
    let rebuilt = at_stale.rises_above(1).await;
    assert_eq!((rebuilt.version, &rebuilt.profile), (both.version + 1, &both.profile));

    sql.line.heal().await.expect("listening");
    line.heal().await.expect("listening");
    let adopted = at_stale.rises_above(rebuilt.epoch).await.place();
    assert_eq!(adopted.version, last.version + 1);
    at_fresh.reaches(adopted).await;
    let [one, other] = [newest(&*fresh, &room_id).await, newest(&*stale, &room_id).await];
    assert_eq!(one, other);
    assert_eq!((one.place(), &one.profile), (adopted, &last.profile), "nothing is lost");
    assert!(last.ops.iter().all(|op| one.ops.iter().any(|kept| kept == op)));
    // Clients hear that something may be missing, because that can't be excluded.
    assert!(at_stale.rebuilds().iter().all(|(_, lost)| *lost), "{:?}", at_stale.rebuilds());
    let after = advance(&*stale, &room_id).await;
    at_fresh.reaches(after.place()).await;
    at_stale.reaches(after.place()).await;
    fresh.close().await;
    stale.close().await;
}
