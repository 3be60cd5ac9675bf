//! F4: Redis stands still, and goes on.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::scene::{Duo, Scene, answers, insist, told_authority, unavailable};

#[tokio::test]
async fn f4_a_redis_that_stands_still_for_a_second_doubles_nothing_when_it_goes_on() {
    stand_still(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn f4_a_redis_that_stands_still_for_five_seconds_freezes_no_node() {
    stand_still(Duration::from_secs(5)).await;
}

async fn stand_still(pause: Duration) {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = Duo::meet(&nodes).await;
    let before = duo.agree().await;
    scene.redis.pause().await.unwrap();
    let goes_on = Instant::now() + pause;
    unavailable(&mut duo.host, "paused", 1111).await;
    for socket in [&mut duo.host, &mut duo.mate] {
        told_authority(socket, false).await;
    }
    for node in &nodes {
        answers(node).await;
    }
    sleep_until(goes_on).await;
    scene.redis.resume().unwrap();
    for socket in [&mut duo.host, &mut duo.mate] {
        told_authority(socket, true).await;
    }
    // Perhaps carried out late, perhaps not; in any case once.
    let first = insist(&mut duo.host, "paused", 1111).await;
    assert_eq!(first.version, before.version + 1);
    let again = insist(&mut duo.host, "paused", 1111).await;
    assert_eq!((again.version, again.duplicate), (first.version, true));
    insist(&mut duo.mate, "then", 2222).await;
    let state = duo.agree().await;
    assert_eq!((state.epoch, state.version), (before.epoch, before.version + 2), "no rebuild");
    scene.note_store(&duo.recorder, &duo.room_id).await;
    duo.judge(true);
}
