//! Rooms whose keys somebody else has changed: each comes back by itself, and costs no other room anything.

use std::sync::Arc;

use engine::{Room, RoomId};
use harness::RedisOptions;
use server::store::laws::{member, rename};
use server::store::{Bus, CommitOutcome, MemberStore, RedisStore, RoomStore};

use crate::node::{Ground, HANG, Opened, advance, newest, until};

/// What is done to a room. `S` stands for what its keys begin with, `R` for the keys of its shard, `I` for
/// its id, `C` for its code.
struct Damage(&'static str, &'static [&'static str]);

/// The room is rebuilt from a copy, and a loss is announced.
const REBUILT: &[Damage] = &[
    Damage("version of words", &["HSET S:state version abc"]),
    Damage("another version", &["HSET S:state version 7"]),
    Damage("a version with a zero", &["HSET S:state version 02"]),
    Damage("no version", &["HDEL S:state version"]),
    Damage("epoch of words", &["HSET S:state epoch x"]),
    Damage("an endless epoch", &["HSET S:state epoch 18446744073709551615"]),
    Damage("another epoch", &["HSET S:state epoch 900"]),
    Damage("a time that isn't one", &["HSET S:state at nan"]),
    Damage("a deadline that isn't one", &["HSET S:state deadline inf"]),
    Damage("an idle time below zero", &["HSET S:state idle_ms -1"]),
    Damage("a lease of words", &["HSET S:state lease abc"]),
    Damage("an attendance like a float", &["HSET S:state attended 1e9"]),
    Damage("a count of words", &["HSET S:state counted abc"]),
    Damage("half a body", &["HSET S:state body {"]),
    Damage("no body", &["HDEL S:state body"]),
    Damage("no writer", &["HDEL S:state run"]),
    Damage("a state of another type", &["SET S:state text"]),
    Damage("a state that is a list", &["DEL S:state", "RPUSH S:state text"]),
    Damage(
        "a life of another type",
        &["DEL R:life", "RPUSH R:life text", "HSET S:state version abc"],
    ),
    Damage("a command that can't be read", &["RPUSH S:ops {"]),
    Damage("commands of another type", &["SET S:ops text"]),
];

/// The key is replaced, and the room goes on where it was.
const MENDED: &[Damage] = &[
    Damage("a log of another type", &["SET S:log text"]),
    Damage("a log that is ahead", &["XADD S:log 999-1 commit {}"]),
    Damage("a log at its end", &["XADD S:log 18446744073709551615-18446744073709551615 a b"]),
    Damage("members of another type", &["SET S:members text"]),
    Damage("members that are a list", &["DEL S:members", "RPUSH S:members text"]),
    Damage("joined of another type", &["SET S:joined text"]),
    Damage("presence of another type", &["SET S:present text"]),
    Damage("presence that can't be read", &["HSET S:present n_x|p_x {"]),
    Damage("a peak of words", &["HSET S:state peak abc"]),
    Damage("deadlines of another type", &["SET R:due text"]),
    Damage("a public list of another type", &["SET R:public text"]),
    Damage("a code of another type", &["DEL ph:code:C", "RPUSH ph:code:C text"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_room_whose_state_was_changed_comes_back_from_a_copy_and_a_loss_is_announced() {
    let scene = Scene::new(REBUILT, "state").await;
    for (damage, rooms) in REBUILT.iter().zip(&scene.rooms) {
        for (first, room) in rooms.iter().enumerate() {
            scene.inflict(damage, room).await;
            let what = damage.0;
            let found = newest(&*scene.nodes[first].0, &room.room_id).await;
            assert_eq!(found.profile, room.profile, "{what}");
            // The first node has it in memory, and needn't notice.
            if first == 1 || found.place() != room.place() {
                assert_eq!(found.version, room.version + 1, "{what}");
                assert!(found.epoch > room.epoch, "{what}");
                assert!(found.rebased.is_some_and(|rebased| rebased.lost), "{what}");
                assert_eq!(found.ops, room.ops, "{what}: no command may take effect twice");
            }
            scene.goes_on(room, found.version, what).await;
        }
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_to_a_damaged_room_is_decided_anew_and_never_refused_for_good() {
    let scene = Scene::new(REBUILT, "commit").await;
    for (damage, rooms) in REBUILT.iter().zip(&scene.rooms) {
        let room = &rooms[0];
        scene.inflict(damage, room).await;
        let store = &scene.nodes[0].0;
        let commit = Arc::new(rename(room, "decided before"));
        let outcome = store.commit(&Arc::new(room.clone()), commit).await.expect("answered");
        assert!(
            outcome == CommitOutcome::Conflict || outcome == CommitOutcome::Committed,
            "{}: {outcome:?}",
            damage.0
        );
        let version = newest(&**store, &room.room_id).await.version;
        scene.goes_on(room, version, damage.0).await;
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_room_that_is_of_another_type_is_replaced_and_the_room_goes_on() {
    let scene = Scene::new(MENDED, "keys").await;
    for (damage, rooms) in MENDED.iter().zip(&scene.rooms) {
        for (first, room) in rooms.iter().enumerate() {
            scene.inflict(damage, room).await;
            let what = damage.0;
            let found = newest(&*scene.nodes[first].0, &room.room_id).await;
            assert_eq!(found.place(), room.place(), "{what}: nothing was lost");
            let code = scene.nodes[first].0.find_code(&room.code).await.expect(what);
            assert_eq!(code.as_ref(), Some(&room.room_id), "{what}");
            scene.goes_on(room, room.version, what).await;
        }
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_damaged_room_costs_the_public_list_nothing_but_itself() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (store, _) = ground.node().await;
    let sound = ground.make(&*store, "list-sound").await;
    for (number, damage) in
        ["SET S:state text", "HSET S:state body {", "SET S:present text", "SET R:public text"]
            .into_iter()
            .enumerate()
    {
        let room = ground.make(&*store, &format!("list-{number}")).await;
        inflict(&ground, damage, &room).await;
        let listed = store.list_public().await.expect("answered");
        let is_sound = |listed: &server::store::Listed| listed.room.room_id == sound.room_id;
        let same_shard = prefix(&ground, &sound).await.0 == prefix(&ground, &room).await.0;
        assert!(listed.iter().any(is_sound) || same_shard, "{damage}");
        // What was in a key of the shard comes back with the next look at its rooms.
        until("the list", async || {
            newest(&*store, &room.room_id).await;
            advance(&*store, &room.room_id).await;
            let listed = store.list_public().await.expect("answered");
            listed.iter().any(|listed| listed.room.room_id == room.room_id).then_some(())
        })
        .await;
    }
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_public_list_that_is_gone_comes_back_with_the_rooms_that_have_connections() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (store, clock) = ground.node().await;
    let room = ground.make(&*store, "list-gone").await;
    inflict(&ground, "DEL R:public", &room).await;
    store.attend(std::slice::from_ref(&room.room_id), clock.now()).await.expect("attended");
    until("the list", async || {
        let listed = store.list_public().await.expect("answered");
        listed.iter().any(|listed| listed.room.room_id == room.room_id).then_some(())
    })
    .await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_id_in_redis_is_put_back_and_that_of_another_database_is_refused_with_the_reason()
 {
    const NAME: &str = "ph:{nodes}:database";
    let ground = Ground::new(RedisOptions::new()).await;
    let (store, _) = ground.node().await;
    let room = ground.make(&*store, "named").await;
    let own = ground.sql.database_id().await.expect("the id");
    for damage in ["nonsense", "", "d_", "d_\u{7f}"] {
        ground.ask(&["SET", NAME, damage]).await;
        until("the name", async || (ground.ask(&["GET", NAME]).await.text() == own).then_some(()))
            .await;
        advance(&*store, &room.room_id).await;
    }
    ground.ask(&["SET", NAME, &format!("{own}0")]).await;
    let words = until("a refusal", async || {
        let refused = store.check_writable().await.err()?;
        refused.cause.map(|cause| cause.to_string())
    })
    .await;
    assert_eq!(words, "this Redis belongs to another SQL database");
    ground.ask(&["SET", NAME, &own]).await;
    until("the node", async || store.check_writable().await.ok()).await;
    advance(&*store, &room.room_id).await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_of_the_database_costs_no_other_room_its_way_back_into_redis() {
    for (number, damage) in server::sql::laws::DAMAGES.iter().enumerate() {
        let ground = Ground::new(RedisOptions::new()).await;
        let (store, _) = ground.node().await;
        let mut rooms = Vec::new();
        for name in ["a", "b", "c"] {
            let room_id = ground.make(&*store, &format!("row-{number}-{name}")).await.room_id;
            rooms.push(advance(&*store, &room_id).await);
        }
        store.close().await;
        let ids: Vec<RoomId> = rooms.iter().map(|room| room.room_id.clone()).collect();
        assert_eq!(ground.sql.load_snapshots(&ids).await.expect("answered").len(), 3);
        let row = format!("UPDATE rooms SET {damage} WHERE room_id = '{}'", ids[1]);
        ground.inflict(&row).await;
        ground.ask(&["FLUSHALL"]).await;
        // Nobody asks for the rooms: the node's sweep finds them.
        let (store, _) = ground.node().await;
        until(damage, async || {
            let listed = store.list_public().await.ok()?;
            let has = |id: &RoomId| listed.iter().any(|listed| listed.room.room_id == *id);
            (has(&ids[0]) && has(&ids[2])).then_some(())
        })
        .await;
        assert!(store.load_newest(&ids[1]).await.expect("answered").is_none(), "{damage}");
        store.close().await;
    }
}

/// Rooms with a snapshot, a pair for each damage: the first node follows them, the second has never heard of
/// them.
struct Scene {
    ground: Ground,
    nodes: [Opened; 2],
    rooms: Vec<[Room; 2]>,
}

impl Scene {
    async fn new(damages: &[Damage], name: &str) -> Self {
        let ground = Ground::new(RedisOptions::new()).await;
        let nodes = [ground.node().await, ground.node().await];
        let mut rooms: Vec<[Room; 2]> = Vec::new();
        for number in 0..damages.len() {
            let pair = [0, 1].map(|twin| format!("{name}-{number}-{twin}"));
            let mut made = Vec::new();
            for name in pair {
                let store = &nodes[0].0;
                let room_id = ground.make(&**store, &name).await.room_id;
                if made.is_empty() {
                    store.follow(&room_id).await.expect("followed");
                }
                made.push(advance(&**store, &room_id).await);
            }
            rooms.push(made.try_into().expect("a pair"));
        }
        for room in rooms.iter().flatten() {
            until("its snapshot", async || {
                let row = ground.sql.load_snapshot(&room.room_id).await.expect("answered")?;
                (row.version == room.version).then_some(())
            })
            .await;
        }
        Self { ground, nodes, rooms }
    }

    async fn inflict(&self, Damage(_, commands): &Damage, room: &Room) {
        for command in *commands {
            inflict(&self.ground, command, room).await;
        }
    }

    /// Asserts that both nodes can change the room from this version on, and that people can join it.
    async fn goes_on(&self, room: &Room, version: u64, what: &str) {
        let room_id = &room.room_id;
        for (number, (store, _)) in self.nodes.iter().enumerate() {
            let after = change(store, room_id).await;
            assert!(after.version > version, "{what}");
            let who = member(&format!("p_{number}"));
            let id = who.participant_id.clone();
            let added = store.add_member(room_id, who, 8, &|_| false).await;
            assert!(added.unwrap_or_else(|error| panic!("{what}: {error}")), "{what}");
            let found = store.find_member(room_id, &id).await.expect(what);
            assert!(found.is_some(), "{what}");
            store.load_presence(room_id).await.expect(what);
            store.life_signs(room_id).await.expect(what);
            self.is_scheduled(room_id, store, what).await;
        }
    }

    async fn is_scheduled(&self, room_id: &RoomId, store: &Arc<RedisStore>, what: &str) {
        let now = self.nodes[0].1.now();
        store.attend(std::slice::from_ref(room_id), now).await.expect(what);
        let room = newest(&**store, room_id).await;
        let (shard, _) = prefix(&self.ground, &room).await;
        let score = self.ground.ask(&["ZSCORE", &format!("{shard}:due"), room_id.as_str()]).await;
        assert!(!score.text().is_empty(), "{what}: nobody would look at its deadline");
    }

    async fn close(self) {
        for (store, _) in &self.nodes {
            tokio::time::timeout(HANG, store.close()).await.expect("closed");
        }
    }
}

/// Commits to the newest room, and anew if the first attempt finds damage. Returns the room after it.
async fn change(store: &RedisStore, room_id: &RoomId) -> Room {
    let room = newest(store, room_id).await;
    let commit = rename(&room, &format!("Changed at {}-{}", room.epoch, room.version));
    match store.commit(&room, Arc::new(commit.clone())).await.expect("answered") {
        CommitOutcome::Conflict => advance(store, room_id).await,
        outcome => {
            assert_eq!(outcome, CommitOutcome::Committed);
            let mut after = Room::clone(&room);
            after.apply(&commit);
            after
        }
    }
}

async fn inflict(ground: &Ground, command: &str, room: &Room) {
    let (shard, own) = prefix(ground, room).await;
    let word = |word: &str| match word.split_once(':') {
        Some(("S", key)) => format!("{own}:{key}"),
        Some(("R", key)) => format!("{shard}:{key}"),
        Some(("ph", _)) => word.replace('C', &room.code),
        _ => word.to_owned(),
    };
    let words: Vec<String> = command.split(' ').map(word).collect();
    ground.ask(&words.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

/// What the keys of the room's shard begin with, and its own.
async fn prefix(ground: &Ground, room: &Room) -> (String, String) {
    let pattern = format!("ph:*:{}:*", room.room_id);
    let key = ground.ask(&["KEYS", &pattern]).await.texts().remove(0);
    let own = key.rsplit_once(':').expect("a key of the room").0.to_owned();
    let shard = own.rsplit_once(':').expect("a shard").0.to_owned();
    (shard, own)
}
