//! How many commands a room costs Redis, as Redis itself reports them.

use std::sync::Arc;
use std::time::Instant;

use engine::Timestamp;
use harness::{RedisMonitor, RedisOptions};
use server::store::laws::{rename, room};
use server::store::{Bus, CommitOutcome, RoomStore, Store};

use crate::node::{Ground, until};

/// The number of commits, and of reads.
const COMMANDS: usize = 50;
/// The number of keys that the public rooms are spread over.
const SHARDS: usize = 256;

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_costs_one_round_trip_and_a_read_of_a_followed_room_none() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (store, _) = ground.node().await;
    let made = room("cost");
    store.create(made.clone()).await.expect("created");
    store.follow(&made.room_id).await.expect("followed");
    // The first commit loads the script into Redis.
    commit(&*store, "The first").await;
    let mut monitor = RedisMonitor::start(&ground.redis).await.expect("watching");

    for number in 0..COMMANDS {
        commit(&*store, &format!("Party {number}")).await;
    }
    let asked = monitor.asked_about(&[made.room_id.as_str()]).await.expect("heard");
    assert_eq!(asked.len(), COMMANDS, "{asked:#?}");

    for _ in 0..COMMANDS {
        let room = store.load(&made.room_id).await.expect("answered").expect("there");
        assert_eq!(room.version, 2 + COMMANDS as u64);
    }
    // Takes note of the room if Redis found it due: its deadline is in the past.
    store.list_due(Timestamp::from_millis(1), 8).await.expect("answered");
    let asked = monitor.asked_about(&[made.room_id.as_str()]).await.expect("heard");
    assert!(asked.is_empty(), "{asked:#?}");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_list_is_read_once_a_second_whoever_asks_and_anew_after_a_change() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (store, _) = ground.node().await;
    let (other, _) = ground.node().await;
    store.create(room("cost")).await.expect("created");
    let mut monitor = RedisMonitor::start(&ground.redis).await.expect("watching");

    let began = Instant::now();
    for _ in 0..COMMANDS {
        assert_eq!(listed(&*store).await.as_deref(), Some("Party"));
    }
    let readings = usize::try_from(began.elapsed().as_secs()).expect("few") + 1;
    let asked = monitor.asked_about(&["SMEMBERS"]).await.expect("heard").len();
    assert!((1..=readings * SHARDS).contains(&asked), "{asked} in {readings} s");

    commit(&*store, "Sunday film").await;
    assert_eq!(listed(&*store).await.as_deref(), Some("Sunday film"), "at once");
    commit(&*other, "Monday film").await;
    let is_new = async || listed(&*store).await.filter(|name| name == "Monday film");
    until("another node's change is in the list", is_new).await;
    store.close().await;
    other.close().await;
}

/// Returns the name under which the room is listed.
async fn listed(store: &dyn Store) -> Option<String> {
    let listed = store.list_public().await.expect("answered");
    listed.first().map(|listed| listed.room.profile.name.clone())
}

async fn commit(store: &dyn Store, name: &str) {
    let room = store.load(&room("cost").room_id).await.expect("answered").expect("there");
    let outcome = store.commit(&room, Arc::new(rename(&room, name))).await.expect("answered");
    assert_eq!(outcome, CommitOutcome::Committed);
}
