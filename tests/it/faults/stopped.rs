//! F4: Redis is paused and resumed.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::scene::{Duo, Scene, answers, insist, unavailable, wait_for_authority};

#[tokio::test]
async fn f4_a_redis_that_pauses_for_a_second_repeats_no_effect() {
    pause_redis(Duration::from_secs(1)).await;
}

#[tokio::test]
async fn f4_a_redis_that_pauses_for_five_seconds_blocks_no_node() {
    pause_redis(Duration::from_secs(5)).await;
}

async fn pause_redis(pause: Duration) {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = Duo::meet(&nodes).await;
    let before = duo.agree().await;
    scene.redis.pause().await.unwrap();
    let goes_on = Instant::now() + pause;
    unavailable(&mut duo.host, "paused", 1111).await;
    for socket in [&mut duo.host, &mut duo.mate] {
        wait_for_authority(socket, false).await;
    }
    for node in &nodes {
        answers(node).await;
    }
    sleep_until(goes_on).await;
    scene.redis.resume().unwrap();
    for socket in [&mut duo.host, &mut duo.mate] {
        wait_for_authority(socket, true).await;
    }
    // It may have been carried out late, but only once.
    let first = insist(&mut duo.host, "paused", 1111).await;
    assert_eq!(first.version, before.version + 1);
    let again = insist(&mut duo.host, "paused", 1111).await;
    assert_eq!((again.version, again.duplicate), (first.version, true));
    insist(&mut duo.mate, "then", 2222).await;
    let state = duo.agree().await;
    assert_eq!((state.epoch, state.version), (before.epoch, before.version + 2), "no rebuild");
    scene.record_store(&duo.recorder, &duo.room_id).await;
    duo.judge(true);
}
