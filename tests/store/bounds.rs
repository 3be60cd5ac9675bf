//! What a room may occupy in Redis: few keys, all of which expire.

use engine::{Lifecycle, LifecycleState, ParticipantId, Role, Room, Timestamp};
use harness::{RedisOptions, resp::Reply};
use server::store::laws::{NOW, delete, member, room};
use server::store::{Bus, MemberStore, Notice, PresenceUpdate, Present, RoomStore};

use crate::node::{Ground, advance};

/// The most keys of one room.
const KEYS_MAX: usize = 8;
/// The most remembered commands, and the most commits in the log, except for what Redis trims late.
const KEPT_MAX: i64 = 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_room_has_few_keys_and_all_of_them_expire() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (one, _) = ground.node().await;
    let (other, _) = ground.node().await;
    let room_id = ground.make(&*one, "lively").await.room_id;
    for store in [&one, &other] {
        store.follow(&room_id).await.expect("followed");
    }
    for number in 0..40 {
        let id = format!("p_{number}");
        let added = one.add_member(&room_id, member(&id), 100, &|_| true).await;
        assert!(added.expect("answered"));
        other.tell(&room_id, Notice::Presence(came(&id))).await.expect("told");
        advance(&*one, &room_id).await;
        other.renew_lease(&room_id, Timestamp::from_millis(number)).await.expect("renewed");
        one.tell(&room_id, Notice::Ready { since_version: number }).await.expect("told");
        other.tell(&room_id, Notice::SessionTaken { session_id: id }).await.expect("told");
    }
    one.attend(std::slice::from_ref(&room_id), Timestamp::default()).await.expect("attended");
    all_expire(&ground).await;
    let own = ground.ask(&["KEYS", "*r_lively*"]).await.texts();
    assert!((1..=KEYS_MAX).contains(&own.len()), "{own:?}");

    // The same is true of a rebuilt room.
    let room_id = ground.make(&*one, "rebuilt").await.room_id;
    ground.ask(&["FLUSHALL"]).await;
    advance(&*other, &room_id).await;
    all_expire(&ground).await;
    let own = ground.ask(&["KEYS", "*r_rebuilt*"]).await.texts();
    assert!((1..=KEYS_MAX).contains(&own.len()), "{own:?}");
    one.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_ended_leaves_no_key_behind() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (one, _) = ground.node().await;
    let (other, _) = ground.node().await;
    let over = Lifecycle { state: LifecycleState::Expired, deadline: Some(NOW) };
    let ended = Room { lifecycle: over, ..room("ended") };
    ground.sql.create_room(&ended.room_id, &ended.code, NOW).await.expect("known");
    one.create(ended.clone()).await.expect("created");
    for store in [&one, &other] {
        store.follow(&ended.room_id).await.expect("followed");
        store.tell(&ended.room_id, Notice::Presence(came("p_late"))).await.expect("told");
    }
    let added = one.add_member(&ended.room_id, member("p_late"), 100, &|_| true).await;
    assert!(added.expect("answered"));
    assert!(ground.ask(&["KEYS", "*ended*"]).await.items().len() > 4);
    delete(&*other, &ended.room_id).await;
    let left = ground.ask(&["KEYS", "*ended*"]).await.texts();
    assert!(left.is_empty(), "{left:?}");
    one.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_and_the_remembered_commands_of_a_room_are_bounded() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (store, _) = ground.node().await;
    let room_id = ground.make(&*store, "busy").await.room_id;
    for _ in 0..KEPT_MAX + 200 {
        advance(&*store, &room_id).await;
    }
    let length = async |command: &str, name: &str| {
        let key = ground.ask(&["KEYS", &format!("*:r_busy:{name}")]).await.texts().remove(0);
        ground.ask(&[command, &key]).await.integer().expect("a number")
    };
    assert_eq!(length("LLEN", "ops").await, KEPT_MAX);
    // Redis trims a stream in blocks of a hundred entries.
    let log = length("XLEN", "log").await;
    assert!((KEPT_MAX..KEPT_MAX + 100).contains(&log), "{log}");
    store.close().await;
}

async fn all_expire(ground: &Ground) {
    let keys = ground.ask(&["KEYS", "*"]).await.texts();
    assert!(!keys.is_empty());
    for key in keys {
        let ttl = ground.ask(&["PTTL", &key]).await;
        // -1 is a key that doesn't expire, -2 one that just has.
        assert_ne!(ttl, Reply::Integer(-1), "{key} never expires");
    }
}

/// A participant who has connected.
pub fn came(id: &str) -> PresenceUpdate {
    let present = Present {
        participant_id: ParticipantId::new(id),
        display_name: id.to_owned(),
        named_at_ms: 0,
        base: Role::Guest,
        since: Timestamp::from_millis(1),
        connections: 1,
        ready_capable: false,
    };
    PresenceUpdate { came: vec![present], peak: 1, ..PresenceUpdate::default() }
}
