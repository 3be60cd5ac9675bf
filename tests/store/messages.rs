//! Messages between nodes arrive twice, in the wrong order, late or never. What a node tells its clients
//! is in order all the same.

use engine::{Room, Timestamp};
use harness::fake_redis::PushFault;
use harness::{FakeRedis, RedisOptions};
use server::store::{Bus, News, Notice, PresenceUpdate, RoomStore};
use tokio::time::timeout;

use crate::bounds::came;
use crate::follower::Follower;
use crate::node::{Ground, HANG, advance, open};

/// The number of commits.
const COMMITS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn f14_a_message_that_arrives_twice_is_told_once() {
    let followed = follow_under(PushFault::Duplicate).await;
    assert_eq!((followed.commits.len(), followed.resets), (COMMITS, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_messages_that_arrive_in_the_wrong_order_are_told_in_the_right_one() {
    let followed = follow_under(PushFault::ReorderPairs).await;
    assert_eq!((followed.commits.len(), followed.resets), (COMMITS, 0), "from the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_messages_that_arrive_late_are_told_in_order() {
    let followed = follow_under(PushFault::DelayBy(7)).await;
    assert_eq!((followed.commits.len(), followed.resets), (COMMITS, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_commits_whose_messages_are_lost_are_told_from_the_log() {
    let followed = follow_under(PushFault::DropEvery(3)).await;
    assert_eq!((followed.commits.len(), followed.resets), (COMMITS, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn f14_commits_that_the_log_no_longer_holds_are_told_as_a_whole_state() {
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
    attend(&follower, &last).await;
    follower.reaches(last.place()).await;
    // On a slow machine the node may have caught up by itself before the log was trimmed.
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

#[tokio::test(flavor = "multi_thread")]
async fn who_is_connected_is_asked_for_again_if_a_change_finds_that_redis_has_lost_it() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (one, _) = ground.node().await;
    let (other, _) = ground.node().await;
    let room_id = ground.make(&*one, "forgotten").await.room_id;
    let mut news = one.subscribe();
    one.follow(&room_id).await.expect("followed");
    one.tell(&room_id, Notice::Presence(came("p_ada"))).await.expect("told");
    let key = ground.ask(&["KEYS", "*:r_forgotten:present"]).await.texts().remove(0);
    ground.ask(&["DEL", &key]).await;
    // Nobody came or went at this node; afterwards it looks as if nobody had ever been told.
    let unchanged = PresenceUpdate { rtt_ms: 40, ..PresenceUpdate::default() };
    other.tell(&room_id, Notice::Presence(unchanged)).await.expect("told");
    let asked = async {
        while let Some(news) = news.recv().await {
            if matches!(&news, News::PresenceLost(lost) if *lost == room_id) {
                return true;
            }
        }
        false
    };
    assert!(timeout(HANG, asked).await.expect("everybody is asked to tell it again"));
    one.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_names_everybody_leaves_nobody_else_in_redis() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (one, _) = ground.node().await;
    let (other, _) = ground.node().await;
    let room_id = ground.make(&*one, "whole").await.room_id;
    for id in ["p_ada", "p_ben"] {
        one.tell(&room_id, Notice::Presence(came(id))).await.expect("told");
    }
    other.tell(&room_id, Notice::Presence(came("p_cleo"))).await.expect("told");
    let whole = PresenceUpdate { is_whole: true, ..came("p_ada") };
    one.tell(&room_id, Notice::Presence(whole)).await.expect("told");
    let key = ground.ask(&["KEYS", "*:r_whole:present"]).await.texts().remove(0);
    let fields = ground.ask(&["HKEYS", &key]).await.texts();
    let mut left: Vec<_> = fields.iter().filter_map(|field| field.split_once('|')).collect();
    left.sort_by_key(|(_, id)| *id);
    assert_eq!(left.iter().map(|(_, id)| *id).collect::<Vec<_>>(), ["p_ada", "p_cleo"]);
    one.close().await;
    other.close().await;
}

/// Follows a room whose messages suffer a fault, up to the last of many commits.
async fn follow_under(fault: PushFault) -> Follower {
    let ground = Ground::new(RedisOptions::new()).await;
    let fake = FakeRedis::start(ground.redis.address()).await.expect("started");
    let (writer, _) = ground.node().await;
    let (behind, _) = open(&fake.url(), ground.sql.clone()).await;
    let room = ground.make(&*writer, "faulty").await;
    let mut follower = Follower::of(&behind, &room.room_id).await;
    fake.push_fault(Some(fault));
    let mut last = room;
    for _ in 0..COMMITS {
        last = advance(&*writer, &last.room_id).await;
    }
    attend(&follower, &last).await;
    follower.reaches(last.place()).await;
    assert!(fake.push_faults() > 0, "there was no fault");
    let told = follower.room.as_deref().expect("told");
    assert_eq!((told.place(), &told.profile), (last.place(), &last.profile));
    assert_eq!(behind.load(&last.room_id).await.expect("answered").as_deref(), Some(&last));
    writer.close().await;
    behind.close().await;
    follower
}

/// Attends the room, as a node does every few seconds while it has connections. Nothing else shows that
/// the last message is missing.
async fn attend(follower: &Follower, last: &Room) {
    let rooms = [last.room_id.clone()];
    follower.store.attend(&rooms, Timestamp::default()).await.expect("attended");
}
