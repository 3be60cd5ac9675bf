//! Outages in a row: each gives the time back that it took, once.

use engine::{Room, Timestamp};
use harness::RedisOptions;
use server::store::RoomStore;
use server::store::laws::room;

use crate::node::{Ground, newest, until};

/// How long the first outage was, in milliseconds: far longer than the second.
const FIRST_MS: u64 = 60 * 60 * 1000;
/// How long nobody reaches Redis, in milliseconds.
const SECOND_MS: &str = "2500";

#[tokio::test(flavor = "multi_thread")]
async fn a_second_outage_in_a_row_is_counted_for_itself() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (store, clock) = ground.node().await;
    let first_until = clock.now().as_millis();
    // One room has counted the first outage when the second comes, the other hasn't.
    let mut rooms = Vec::new();
    for (name, counted) in [("counted", first_until), ("uncounted", first_until - 1)] {
        let made = Room { at: Timestamp::from_millis(first_until), ..room(name) };
        ground.sql.create_room(&made.room_id, &made.code, clock.now()).await.expect("known");
        store.create(made.clone()).await.expect("created");
        let state = ground.ask(&["KEYS", &format!("*:{}:state", made.room_id)]).await.texts();
        ground.ask(&["HSET", &state[0], "counted", &counted.to_string()]).await;
        rooms.push(made);
    }
    let mut client = ground.redis.client().await.expect("a connection");
    let first = format!("{first_until}:{FIRST_MS}");
    for words in [
        vec!["MULTI"],
        vec!["SET", "ph:{nodes}:outage", &first],
        // Nobody counts the first before the second begins.
        vec!["CLIENT", "PAUSE", SECOND_MS, "ALL"],
        vec!["EXEC"],
    ] {
        client.command(&words).await.expect("answered");
    }
    let mut moved = Vec::new();
    for before in &rooms {
        let after = until("the outages to be counted", async || {
            let room = store.load_newest(&before.room_id).await.ok()??;
            (room.epoch > before.epoch).then_some(room)
        })
        .await;
        assert!(after.rebased.is_some_and(|rebased| !rebased.lost), "nothing was lost");
        let [after, before] = [&*after, before].map(|room| room.deadline().expect("a deadline"));
        moved.push(after.millis_since(before));
    }
    assert!(moved[0] > 0 && moved[0] < FIRST_MS, "the second alone: {moved:?}");
    assert!(moved[1] > FIRST_MS, "both: {moved:?}");
    until("the record to be forgotten", async || {
        ground.ask(&["GET", "ph:{nodes}:outage"]).await.text().is_empty().then_some(())
    })
    .await;
    for room in &rooms {
        let epoch = newest(&*store, &room.room_id).await.epoch;
        assert_eq!(epoch, room.epoch + 1, "counted together");
    }
    store.close().await;
}
