//! A room that is due is claimed by one node.

use std::collections::HashSet;

use engine::{Command, INACTIVE_MS, Room, Timestamp};
use harness::RedisOptions;
use server::store::laws::{host, room};
use server::store::{RoomStore, Store};

use crate::node::{Ground, decided, until};

/// A minute longer than a room may be without connections.
const LONG_AGO_MS: u64 = INACTIVE_MS + 60_000;
const DUE_MAX: usize = 256;

#[tokio::test(flavor = "multi_thread")]
async fn a_room_without_connections_for_half_an_hour_is_claimed_by_one_node() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (one, clock) = ground.node().await;
    let (other, _) = ground.node().await;
    // Created today, so that its own deadline is far away.
    let made = Room { at: clock.now(), ..room("alone") };
    ground.sql.create_room(&made.room_id, &made.code, clock.now()).await.expect("known");
    let arrived = decided(&made, Command::Connected { participant: host() }, clock.now());
    let mut made = made;
    made.apply(&arrived);
    one.create(made.clone()).await.expect("created");
    let nobody_due = async |store: &dyn Store| {
        store.list_due(clock.now(), DUE_MAX).await.expect("answered").is_empty()
    };
    assert!(nobody_due(&*one).await && nobody_due(&*other).await);

    let state = ground.ask(&["KEYS", "*:r_alone:state"]).await.texts().remove(0);
    let long_ago = (clock.now().as_millis() - LONG_AGO_MS).to_string();
    ground.ask(&["HSET", &state, "attended", &long_ago]).await;
    // Any change schedules the room anew.
    one.renew_lease(&made.room_id, Timestamp::default()).await.expect("ended");
    let mut claimed = HashSet::new();
    until("a node to claim the room", async || {
        for (name, store) in [("one", &one), ("other", &other)] {
            let due = store.list_due(clock.now(), DUE_MAX).await.expect("answered");
            claimed.extend(due.contains(&made.room_id).then_some(name));
        }
        (!claimed.is_empty()).then_some(())
    })
    .await;
    assert_eq!(claimed.len(), 1, "the other node leaves it alone for a while");
    let signs = one.life_signs(&made.room_id).await.expect("answered");
    assert_eq!(signs.attended.map(Timestamp::as_millis).map(|at| at.to_string()), Some(long_ago));

    one.attend(std::slice::from_ref(&made.room_id), clock.now()).await.expect("attended");
    let due_at = ground.ask(&["KEYS", "ph:*:due"]).await.texts().remove(0);
    let score = ground.ask(&["ZSCORE", &due_at, "r_alone"]).await.text();
    let score: f64 = score.parse().expect("it is scheduled");
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since the epoch are exact")]
    let now = clock.now().as_millis() as f64;
    assert!(score > now, "somebody is connected, so it is not due");
    one.close().await;
    other.close().await;
}
