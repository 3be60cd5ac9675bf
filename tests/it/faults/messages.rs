//! F14: messages of Redis and frames of clients that are duplicated, reordered, delayed or lost.

use std::time::Duration;

use harness::dice::Dice;
use harness::fake_redis::PushFault;
use harness::prove::{Crowd, Order, Outcome, Site, Size};
use harness::{Api, FakeRedis, FaultProxy};
use serde_json::json;
use tokio::time::sleep;

use super::scene::{Duo, Scene};

const LOAD: Duration = Duration::from_millis(1_500);
const SIZE: Size = Size { rooms: 2, commanders: 2, viewers: 2 };

#[tokio::test]
async fn f14_duplicated_messages_are_shown_once() {
    load_with_fault(PushFault::Duplicate).await;
}

#[tokio::test]
async fn f14_reordered_messages_are_shown_in_order() {
    load_with_fault(PushFault::ReorderPairs).await;
}

#[tokio::test]
async fn f14_delayed_messages_leave_no_gap() {
    load_with_fault(PushFault::DelayBy(3)).await;
}

#[tokio::test]
async fn f14_lost_messages_leave_no_gap() {
    load_with_fault(PushFault::DropEvery(3)).await;
}

#[tokio::test]
async fn f14_frames_sent_twice_have_one_effect_and_two_answers() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = Duo::meet(&nodes).await;
    let before = duo.agree().await.version;
    for number in 1..=20 {
        let frame = json!({
            "type": "seek", "id": format!("twice {number}"), "data": { "position_ms": 100 * number }
        });
        duo.host.send_json(&frame).await.unwrap();
        duo.host.send_json(&frame).await.unwrap();
    }
    for number in 1..=20 {
        let id = format!("twice {number}");
        for duplicate in [false, true] {
            let ack = duo.host.answer(&id).await.unwrap();
            assert_eq!(
                (&ack["type"], &ack["data"]["duplicate"]),
                (&json!("ack"), &json!(duplicate))
            );
            assert_eq!(ack["version"], before + number);
        }
    }
    assert_eq!(duo.agree().await.version, before + 20);
    duo.judge(true);
}

#[tokio::test]
async fn f14_delayed_frames_are_answered_in_order() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = Duo::meet(&nodes).await;
    let address = nodes[0].address();
    let line = FaultProxy::start(address.parse().expect("a server's address")).await.unwrap();
    let token = nodes[0].api().guest("Cleo").await.unwrap().access_token;
    let far_api = Api::new(&format!("http://{}/", line.address())).with_token(&token);
    let (mut far, _) = super::scene::enter(&far_api, &duo.room_id, &duo.recorder).await;
    line.delay(Duration::from_millis(150), Duration::from_millis(150));
    let before = duo.agree().await.version;
    for number in 1..=20 {
        duo.host.ack("seek", json!({ "position_ms": 100 * number })).await.unwrap();
    }
    let last = before + 20;
    far.take("the last seek", |frame| frame["version"] == last).await.unwrap();
    let refused = far.reject("pause", json!({})).await.unwrap();
    assert_eq!(refused.code, "not_host");
    assert_eq!(duo.agree().await.version, last);
    duo.judge(true);
}

/// Runs a load over two nodes, one of which receives messages with a fault.
async fn load_with_fault(fault: PushFault) {
    let scene = Scene::new().await;
    let fake = FakeRedis::start(scene.redis.address()).await.unwrap();
    let nodes = vec![scene.node_at(&fake.url()).await, scene.node().await];
    let site = Site::of(nodes);
    let crowd = Crowd::gather(&site, SIZE, &mut Dice::new(14)).await.unwrap();
    fake.push_fault(Some(fault));
    crowd.order(Order::Command);
    sleep(LOAD).await;
    assert!(fake.push_faults() > 0, "messages were mistreated");
    fake.push_fault(None);
    crowd.wait_served().await.unwrap();
    let outcome = crowd.finish(Outcome::new("messages", true, &[]), 1).await.unwrap();
    assert_eq!(outcome.problems(), Vec::<String>::new(), "{outcome}");
    assert!(outcome.acked > 20, "{outcome}");
}
