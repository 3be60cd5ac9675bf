//! F32: no node runs, the only one stands still, or none reaches Redis, for longer than a host may stay away.

use std::time::Duration;

use contracts::{CreateRoom, HostLoss, LifecycleState, RoomState};
use harness::{Api, ServerProcess, WsClient};
use serde_json::json;
use tokio::time::sleep;

use super::scene::{Scene, wait_for_authority};
use crate::nodes::site::until;
use crate::party::{new_room, options};

/// How long the host may stay away.
const GRACE_MS: u64 = 8_000;
/// Longer than that.
const OUTAGE: Duration = Duration::from_millis(GRACE_MS + 500);
/// Within this time a node answers again.
const SERVED: Duration = Duration::from_secs(5);

#[tokio::test]
async fn f32_a_party_waits_for_its_host_although_no_server_ran_until_after_the_grace_period() {
    let mut server = options().env("PLAYHEAD_STORE", "memory").start().await.unwrap();
    let (api, room_id, _guest) = abandoned(&server).await;
    server.kill_9().await.unwrap();
    sleep(OUTAGE).await;
    server.restart().await.unwrap();
    let state = still_waits(&api, &room_id).await;
    assert_eq!(state.room.state, LifecycleState::Grace);
    returns(&api, &room_id).await;
}

#[tokio::test]
async fn f32_a_party_waits_for_its_host_although_the_server_stood_still_until_after_the_grace_period()
 {
    let server = options().env("PLAYHEAD_STORE", "memory").start().await.unwrap();
    let (api, room_id, mut guest) = abandoned(&server).await;
    server.pause().unwrap();
    sleep(OUTAGE).await;
    server.resume().unwrap();
    let rebased = guest.wait_for("rebased").await.unwrap();
    assert_eq!(rebased["data"]["lost"], false, "{rebased}");
    assert_eq!(still_waits(&api, &room_id).await.room.state, LifecycleState::Grace);
    returns(&api, &room_id).await;
    guest.take("the party goes on", |frame| frame["data"]["state"] == "live").await.unwrap();
}

#[tokio::test]
async fn f32_a_party_in_redis_waits_for_its_host_although_no_node_ran_until_after_the_grace_period()
{
    let scene = Scene::new().await;
    let mut node = scene.node().await;
    let (api, room_id, _guest) = abandoned(&node).await;
    node.kill_9().await.unwrap();
    sleep(OUTAGE).await;
    node.restart().await.unwrap();
    let state = still_waits(&api, &room_id).await;
    assert_eq!(state.room.state, LifecycleState::Grace);
    returns(&api, &room_id).await;
}

#[tokio::test]
async fn f32_a_party_waits_for_its_host_although_redis_hung_until_after_the_grace_period() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let (api, room_id, mut guest) = abandoned(&nodes[0]).await;
    scene.redis.pause().await.unwrap();
    sleep(OUTAGE).await;
    scene.redis.resume().unwrap();
    wait_for_authority(&mut guest, true).await;
    let rebased = guest.wait_for("rebased").await.unwrap();
    assert_eq!(rebased["data"]["lost"], false, "{rebased}");
    assert_eq!(still_waits(&api, &room_id).await.room.state, LifecycleState::Grace);
    returns(&api, &room_id).await;
    guest.take("the party goes on", |frame| frame["data"]["state"] == "live").await.unwrap();
}

#[tokio::test]
async fn f32_a_party_waits_for_its_host_although_redis_was_full_until_after_the_grace_period() {
    let scene = Scene::new().await;
    let node = scene.node().await;
    let (api, room_id, mut guest) = abandoned(&node).await;
    scene.redis.command(&["CONFIG", "SET", "maxmemory", "1"]).await.unwrap();
    wait_for_authority(&mut guest, false).await;
    sleep(OUTAGE).await;
    scene.redis.command(&["CONFIG", "SET", "maxmemory", "0"]).await.unwrap();
    wait_for_authority(&mut guest, true).await;
    let rebased = guest.wait_for("rebased").await.unwrap();
    assert_eq!(rebased["data"]["lost"], false, "{rebased}");
    assert_eq!(still_waits(&api, &room_id).await.room.state, LifecycleState::Grace);
    returns(&api, &room_id).await;
    guest.take("the party goes on", |frame| frame["data"]["state"] == "live").await.unwrap();
}

#[tokio::test]
async fn f32_a_party_waits_for_its_host_although_redis_was_emptied_while_no_node_ran() {
    let mut scene = Scene::new().await;
    let mut node = scene.node().await;
    let (api, room_id, _guest) = abandoned(&node).await;
    node.kill_9().await.unwrap();
    scene.redis.wipe_and_restart().await.unwrap();
    sleep(OUTAGE).await;
    node.restart().await.unwrap();
    still_waits(&api, &room_id).await;
    returns(&api, &room_id).await;
}

/// A room that ends unless its host returns: the API of the host, and a guest who is connected.
async fn abandoned(server: &ServerProcess) -> (Api, String, WsClient) {
    let api = server.api().as_guest("Ada").await.unwrap();
    let room = CreateRoom {
        host_loss: Some(HostLoss::Expire),
        host_grace_ms: Some(GRACE_MS),
        ..new_room()
    };
    let room_id = api.create_room_with(&room).await.unwrap().room_id;
    let mut guest = server.api().as_guest("Ben").await.unwrap().enter(&room_id).await.unwrap();
    let mut host = api.enter(&room_id).await.unwrap();
    host.ack("leave", json!({})).await.unwrap();
    guest.take("the grace period", |frame| frame["data"]["state"] == "grace").await.unwrap();
    (api, room_id, guest)
}

/// Asserts that the party isn't over once the server answers.
async fn still_waits(api: &Api, room_id: &str) -> RoomState {
    let state = until("the room's state", SERVED, async || api.state(room_id).await.ok()).await;
    let is_over = matches!(state.room.state, LifecycleState::Expired | LifecycleState::Deleted);
    assert!(!is_over, "{state:?}");
    state
}

/// Asserts that the host's return lets the party go on.
async fn returns(api: &Api, room_id: &str) {
    let _host = api.enter(room_id).await.unwrap();
    assert_eq!(api.state(room_id).await.unwrap().room.state, LifecycleState::Live);
}
