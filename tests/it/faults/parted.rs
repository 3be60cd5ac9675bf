//! F5 and F6: the connection between a node and Redis fails in one or both directions, or loses a
//! reply.

use std::time::Duration;

use harness::{FakeRedis, FaultProxy, ServerProcess};
use tokio::time::sleep;

use super::scene::{Duo, Scene, answers, insist, unavailable, wait_for_authority};

/// How long the connection stays broken: longer than a reply may take.
const PARTED: Duration = Duration::from_millis(2_500);

#[tokio::test]
async fn f5_a_node_that_receives_no_replies_acknowledges_nothing_and_recovers() {
    with_fault(|proxy, on| proxy.stop_replies(on)).await;
}

#[tokio::test]
async fn f5_a_node_behind_a_black_hole_acknowledges_nothing_and_recovers() {
    with_fault(|proxy, on| proxy.black_hole(on)).await;
}

#[tokio::test]
async fn f5_a_node_that_is_cut_off_acknowledges_nothing_and_recovers() {
    let (scene, proxy) = with_proxy().await;
    let nodes = [scene.node_at(&url(&proxy)).await, scene.node().await];
    let mut duo = Duo::meet(&nodes).await;
    proxy.cut().await;
    others_continue(&nodes, &mut duo).await;
    proxy.heal().await.unwrap();
    heals(&scene, duo).await;
}

#[tokio::test]
async fn f6_a_command_whose_reply_is_lost_has_one_effect() {
    let scene = Scene::new().await;
    let fake = FakeRedis::start(scene.redis.address()).await.unwrap();
    let nodes = [scene.node_at(&fake.url()).await, scene.node().await];
    let mut duo = Duo::meet(&nodes).await;
    let before = duo.agree().await;
    // No other command contains this id.
    fake.swallow_replies("swallowed-id", 1);
    unavailable(&mut duo.host, "swallowed-id", 3333).await;
    assert_eq!(fake.swallowed(), 1, "it was carried out");
    let repeated = insist(&mut duo.host, "swallowed-id", 3333).await;
    assert_eq!((repeated.version, repeated.duplicate), (before.version + 1, true));
    let state = duo.agree().await;
    assert_eq!((state.epoch, state.version), (before.epoch, before.version + 1));
    assert_eq!(state.room.playback.position_ms, 3333);
    scene.record_store(&duo.recorder, &duo.room_id).await;
    duo.judge(true);
}

async fn with_fault(set: impl Fn(&FaultProxy, bool)) {
    let (scene, proxy) = with_proxy().await;
    let nodes = [scene.node_at(&url(&proxy)).await, scene.node().await];
    let mut duo = Duo::meet(&nodes).await;
    set(&proxy, true);
    others_continue(&nodes, &mut duo).await;
    set(&proxy, false);
    heals(&scene, duo).await;
}

/// Asserts that the host's node can't store commands, but the other one can.
async fn others_continue(nodes: &[ServerProcess], duo: &mut Duo) {
    unavailable(&mut duo.host, "parted", 1111).await;
    wait_for_authority(&mut duo.host, false).await;
    answers(&nodes[0]).await;
    let one = insist(&mut duo.mate, "one", 2221).await;
    sleep(PARTED).await;
    unavailable(&mut duo.host, "still parted", 1112).await;
    let two = insist(&mut duo.mate, "two", 2222).await;
    assert_eq!(two.epoch, one.epoch, "nothing is rebuilt");
    assert!(two.version > one.version && !two.duplicate);
}

/// Asserts that repeated commands have one effect and that both sessions agree.
async fn heals(scene: &Scene, mut duo: Duo) {
    wait_for_authority(&mut duo.host, true).await;
    let epoch = duo.agree().await.epoch;
    for (id, position_ms) in [("parted", 1111), ("still parted", 1112)] {
        let first = insist(&mut duo.host, id, position_ms).await;
        let again = insist(&mut duo.host, id, position_ms).await;
        assert_eq!((again.version, again.duplicate), (first.version, true));
    }
    insist(&mut duo.mate, "healed", 2223).await;
    let state = duo.agree().await;
    assert_eq!((state.epoch, state.room.playback.position_ms), (epoch, 2223));
    assert_eq!(epoch, 1, "nothing was rebuilt");
    scene.record_store(&duo.recorder, &duo.room_id).await;
    duo.judge(true);
}

async fn with_proxy() -> (Scene, FaultProxy) {
    let scene = Scene::new().await;
    let proxy = FaultProxy::start(scene.redis.address()).await.unwrap();
    (scene, proxy)
}

fn url(proxy: &FaultProxy) -> String {
    format!("redis://{}", proxy.address())
}
