//! Messages between nodes come twice, in the wrong order, late or never: what a node tells its
//! connections has one order all the same.

use engine::{Room, Timestamp};
use harness::fake_redis::PushFault;
use harness::{FakeRedis, RedisOptions};
use server::store::RoomStore;

use crate::follower::Follower;
use crate::node::{Ground, advance, open};

/// How many commits are made.
const COMMITS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn f14_messages_that_come_twice_are_told_once() {
    let followed = follow_under(PushFault::Duplicate).await;
    assert_eq!((followed.commits.len(), followed.resets), (COMMITS, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_messages_that_come_in_the_wrong_order_are_told_in_the_right_one() {
    let followed = follow_under(PushFault::ReorderPairs).await;
    assert_eq!((followed.commits.len(), followed.resets), (COMMITS, 0), "from the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_messages_that_come_late_are_told_in_their_order() {
    let followed = follow_under(PushFault::DelayBy(7)).await;
    assert_eq!((followed.commits.len(), followed.resets), (COMMITS, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_messages_that_are_lost_are_told_from_the_log() {
    let followed = follow_under(PushFault::DropEvery(3)).await;
    assert_eq!((followed.commits.len(), followed.resets), (COMMITS, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_what_the_log_no_longer_holds_is_told_as_a_whole_state() {
    let ground = Ground::new(RedisOptions::new()).await;
    let fake = FakeRedis::start(ground.redis.address()).await.expect("started");
    let (writer, _) = ground.node().await;
    let (behind, _) = open(&fake.url(), ground.sql.clone()).await;
    let room = ground.make(&*writer, "trimmed").await;
    let mut follower = Follower::of(&behind, &room.room_id).await;
    fake.push_fault(Some(PushFault::DropEvery(1)));
    let mut last = room;
    for _ in 0..10 {
        last = advance(&*writer, &last.room_id).await;
    }
    let log = ground.ask(&["KEYS", "*:r_trimmed:log"]).await.texts().remove(0);
    ground.ask(&["XTRIM", &log, "MAXLEN", "3"]).await;
    told_again(&follower, &last).await;
    follower.reaches(last.place()).await;
    // A busy machine may have made it look for itself before the log was cut.
    let told = follower.commits.len();
    assert_eq!(follower.resets, 1);
    assert_eq!(follower.room.as_deref(), Some(&last));
    fake.push_fault(None);
    let last = advance(&*writer, &last.room_id).await;
    follower.reaches(last.place()).await;
    assert_eq!(follower.commits.len(), told + 1, "and then commit by commit");
    writer.close().await;
    behind.close().await;
}

/// Follows a room whose messages are mistreated until it was told of the last of many commits.
async fn follow_under(fault: PushFault) -> Follower {
    let ground = Ground::new(RedisOptions::new()).await;
    let fake = FakeRedis::start(ground.redis.address()).await.expect("started");
    let (writer, _) = ground.node().await;
    let (behind, _) = open(&fake.url(), ground.sql.clone()).await;
    let room = ground.make(&*writer, "mistreated").await;
    let mut follower = Follower::of(&behind, &room.room_id).await;
    fake.push_fault(Some(fault));
    let mut last = room;
    for _ in 0..COMMITS {
        last = advance(&*writer, &last.room_id).await;
    }
    told_again(&follower, &last).await;
    follower.reaches(last.place()).await;
    assert!(fake.push_faults() > 0, "nothing was mistreated");
    let told = follower.room.as_deref().expect("told");
    assert_eq!((told.place(), &told.profile), (last.place(), &last.profile));
    assert_eq!(behind.load(&last.room_id).await.expect("answered").as_deref(), Some(&last));
    writer.close().await;
    behind.close().await;
    follower
}

/// What a node does every few seconds while somebody is connected: messages that nothing follows
/// are missed by nobody else.
async fn told_again(follower: &Follower, last: &Room) {
    let rooms = [last.room_id.clone()];
    follower.store.attend(&rooms, Timestamp::default()).await.expect("attended");
}
