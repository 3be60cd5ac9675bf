//! A replica is promoted while the old primary is alive, and still answers the nodes connected to it.

use std::sync::Arc;

use engine::Room;
use harness::{RedisOptions, RedisServer};
use server::store::{RedisStore, RoomStore};

use crate::follower::Follower;
use crate::node::{Ground, advance, newest, open, quick_directory};
use crate::switch::Switch;

#[tokio::test(flavor = "multi_thread")]
async fn f7_commits_of_the_old_primary_are_announced_as_lost_if_the_room_has_changed_since() {
    let mut scene = Scene::new("split").await;
    let rebuilt = scene.new_side_moves().await;
    assert_eq!(rebuilt.profile, scene.shared.profile, "what both had");
    let late = scene.old_side_goes_on().await;
    let went_on = advance(&*scene.new_side, &rebuilt.room_id).await;
    scene.new.reaches(went_on.place()).await;

    scene.old_switch.turn(scene.replica.address());
    scene.old.reaches(went_on.place()).await;
    let (epoch, lost) = scene.old.rebuilds()[0];
    assert!(
        lost && epoch == rebuilt.epoch,
        "clients were told of {:?}, so the loss is announced",
        late.place()
    );
    assert_eq!(scene.old.room.as_deref(), Some(&went_on));
    for store in [&scene.old_side, &scene.new_side] {
        assert_eq!(*newest(&**store, &went_on.room_id).await, went_on, "one room again");
    }
    let last = advance(&*scene.old_side, &went_on.room_id).await;
    scene.old.reaches(last.place()).await;
    scene.new.reaches(last.place()).await;
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f7_commits_of_the_old_primary_are_kept_if_the_room_has_not_changed_since() {
    let mut scene = Scene::new("kept").await;
    let rebuilt = scene.new_side_moves().await;
    let late = scene.old_side_goes_on().await;
    scene.old_switch.turn(scene.replica.address());
    let adopted = scene.new.rises_above(rebuilt.epoch).await.place();
    assert_eq!(adopted.version, late.version + 1);
    scene.old.reaches(adopted).await;
    for store in [&scene.old_side, &scene.new_side] {
        let room = newest(&**store, &late.room_id).await;
        assert_eq!((room.place(), &room.profile), (adopted, &late.profile));
    }
    let last = advance(&*scene.new_side, &late.room_id).await;
    scene.old.reaches(last.place()).await;
    scene.new.reaches(last.place()).await;
    scene.close().await;
}

/// Two nodes that share a room on one primary, and its promoted replica.
struct Scene {
    ground: Ground,
    replica: RedisServer,
    old_switch: Switch,
    new_switch: Switch,
    old_side: Arc<RedisStore>,
    new_side: Arc<RedisStore>,
    old: Follower,
    new: Follower,
    /// The room as the replica has it.
    shared: Room,
    _dir: tempfile::TempDir,
}

impl Scene {
    async fn new(name: &str) -> Self {
        let ground = Ground::new(RedisOptions::new()).await;
        let dir = quick_directory();
        let options = RedisOptions::new().data_dir(dir.path().join("replica"));
        let replica = RedisServer::start(options).await.expect("Redis starts");
        let port = ground.redis.port().to_string();
        replica.command(&["REPLICAOF", "127.0.0.1", &port]).await.expect("a replica");
        let old_switch = Switch::to(ground.redis.address()).await;
        let new_switch = Switch::to(ground.redis.address()).await;
        let (old_side, _) = open(&old_switch.url(), ground.sql.clone()).await;
        let (new_side, _) = open(&new_switch.url(), ground.sql.clone()).await;
        let mut shared = ground.make(&*old_side, name).await;
        let mut old = Follower::of(&old_side, &shared.room_id).await;
        let mut new = Follower::of(&new_side, &shared.room_id).await;
        for _ in 0..5 {
            shared = advance(&*old_side, &shared.room_id).await;
        }
        old.reaches(shared.place()).await;
        new.reaches(shared.place()).await;
        // `WAIT` covers the writes of its own connection.
        let mut client = ground.redis.client().await.expect("a connection");
        client.command(&["SET", "replicated", "1"]).await.expect("written");
        let copies = client.command(&["WAIT", "1", "10000"]).await.expect("answered");
        assert_eq!(copies.integer(), Some(1), "the replica has everything");
        replica.command(&["REPLICAOF", "NO", "ONE"]).await.expect("promoted");
        let _dir = dir;
        Self { ground, replica, old_switch, new_switch, old_side, new_side, old, new, shared, _dir }
    }

    /// Moves one node to the promoted replica, where it finds another process.
    async fn new_side_moves(&mut self) -> Room {
        self.new_switch.turn(self.replica.address());
        let rebuilt = self.new.rises_above(self.shared.epoch).await;
        assert_eq!(rebuilt.version, self.shared.version + 1);
        Room::clone(&rebuilt)
    }

    /// Commits on the node that stays with the old primary. Nobody else hears of it.
    async fn old_side_goes_on(&mut self) -> Room {
        let mut late = self.shared.clone();
        for _ in 0..3 {
            late = advance(&*self.old_side, &late.room_id).await;
        }
        self.old.reaches(late.place()).await;
        late
    }

    async fn close(self) {
        self.old_side.close().await;
        self.new_side.close().await;
        drop(self.ground);
    }
}
