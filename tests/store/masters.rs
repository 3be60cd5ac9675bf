//! Masters of one cluster: what happens to one is of no consequence for the rooms of the others.

use std::sync::Arc;

use engine::Room;
use harness::{RedisCluster, RedisOptions};
use server::sql::Sql;
use server::store::{RoomStore, Store};

use crate::node::{advance, database, make, newest, open, quick_directory, until};

/// How long one master doesn't answer, in milliseconds.
const PAUSE_MS: &str = "2500";
/// From how many milliseconds on that is an outage.
const OUTAGE_MS_MIN: u64 = 1_500;
/// How many names are tried, at most, until each master has a room.
const NAMES_MAX: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_one_master_is_given_back_to_its_rooms_alone() {
    let cluster = RedisCluster::start_with(RedisOptions::new()).await.expect("a cluster");
    let dir = quick_directory();
    let sql = Arc::new(database(&dir.path().join("playhead.db")).await);
    let (store, clock) = open(&cluster.url(), sql.clone()).await;
    let rooms = one_of_each(&cluster, &sql, &*store).await;
    for (master, room) in cluster.nodes().iter().zip(&rooms) {
        // Rooms of tests are of a time to come, before which all outages would be counted.
        let (now, state) = (clock.now().as_millis().to_string(), state_key(room));
        let state = master.command(&["KEYS", &state]).await.expect("answered").texts().remove(0);
        master.command(&["HSET", &state, "counted", &now]).await.expect("set");
    }
    for (victim, paused) in cluster.nodes().iter().enumerate() {
        let before = newest(&*store, &rooms[victim].room_id).await;
        paused.command(&["CLIENT", "PAUSE", PAUSE_MS, "ALL"]).await.expect("paused");
        for (_, other) in rooms.iter().enumerate().filter(|(master, _)| *master != victim) {
            let after = advance(&*store, &other.room_id).await;
            let shown = newest(&*store, &other.room_id).await;
            assert_eq!(shown.place(), after.place(), "it goes on");
        }
        let after = until("the outage to be counted", async || {
            let room = store.load_newest(&before.room_id).await.ok()??;
            (room.epoch > before.epoch).then_some(room)
        })
        .await;
        assert!(after.rebased.is_some_and(|rebased| !rebased.lost), "nothing was lost");
        let [after, before] = [&*after, &*before].map(|room| room.deadline().expect("a deadline"));
        let moved = after.millis_since(before);
        assert!(moved >= OUTAGE_MS_MIN, "moved by {moved} ms");
    }
    for before in &rooms {
        let epoch = newest(&*store, &before.room_id).await.epoch;
        assert_eq!(epoch, before.epoch + 1, "each counted the outage of its own master");
    }
    store.close().await;
}

/// Creates rooms that wait for their hosts, until each master has one. Returns them in the masters' order.
async fn one_of_each(cluster: &RedisCluster, sql: &Sql, store: &dyn Store) -> Vec<Room> {
    let mut found: Vec<Option<Room>> = vec![None; cluster.nodes().len()];
    for name in 0..NAMES_MAX {
        let made = make(sql, store, &format!("waits-{name}")).await;
        let answers = cluster.command(&["KEYS", &state_key(&made)]).await.expect("answered");
        let master = answers.iter().position(|keys| !keys.items().is_empty()).expect("kept");
        found[master].get_or_insert(made);
        if found.iter().all(Option::is_some) {
            return found.into_iter().flatten().collect();
        }
    }
    panic!("a master has none of {NAMES_MAX} rooms");
}

/// The pattern of the key of a room's state.
fn state_key(room: &Room) -> String {
    format!("*:{}:state", room.room_id)
}
