//! F31: somebody else has changed what Redis holds of a room. It comes back, and the log says so once.

use harness::ServerProcess;
use serde_json::Value;

use super::scene::{Duo, Scene, insist};

#[tokio::test]
async fn f31_a_room_that_was_changed_in_redis_comes_back_and_the_log_says_so_once() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = Duo::meet(&nodes).await;
    insist(&mut duo.host, "before", 4321).await;
    duo.agree().await;
    let state = scene.key(&duo.room_id, "state").await;
    for (number, damage) in
        [vec!["HSET", &state, "version", "abc"], vec!["SET", &state, "text"]].iter().enumerate()
    {
        scene.redis.command(damage).await.unwrap();
        let position = 1234 + number as u64;
        let acked = insist(&mut duo.mate, &format!("after {number}"), position).await;
        assert!(!acked.duplicate, "{damage:?}");
        for socket in [&mut duo.host, &mut duo.mate] {
            let rebased = socket.wait_for("rebased").await.unwrap();
            assert_eq!(rebased["data"]["lost"], true, "{damage:?}: {rebased}");
        }
        let state = duo.agree().await;
        assert_eq!(state.room.playback.position_ms, position, "{damage:?}");
        assert!(insist(&mut duo.host, "before", 4321).await.duplicate, "its id is remembered");
    }
    for field in ["version", "type"] {
        let told = nodes.iter().map(|node| count(node, &duo.room_id, "is damaged in Redis", field));
        let told: Vec<usize> = told.collect();
        assert!(told.iter().sum::<usize>() >= 1 && told.iter().all(|told| *told <= 1), "{told:?}");
    }
    scene.record_store(&duo.recorder, &duo.room_id).await;
    duo.judge(false);
}

#[tokio::test]
async fn f31_keys_of_another_type_are_replaced_while_people_are_connected() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = Duo::meet(&nodes).await;
    insist(&mut duo.host, "before", 4321).await;
    let epoch = duo.agree().await.epoch;
    for field in ["members", "joined", "present", "log"] {
        let key = scene.key(&duo.room_id, field).await;
        scene.redis.command(&["SET", &key, "text"]).await.unwrap();
    }
    let code = duo.host_api.find_room(&duo.room_id).await.unwrap().code;
    let keys = scene.redis.command(&["KEYS", "ph:code:*"]).await.unwrap().texts();
    assert_eq!(keys.len(), 1, "{keys:?}");
    scene.redis.command(&["SET", &keys[0], "r_of_nobody"]).await.unwrap();

    let guest = nodes[1].api().as_guest("Cleo").await.unwrap();
    assert_eq!(guest.find_room(&code).await.unwrap().room_id, duo.room_id, "SQL knows it");
    let mut seat = guest.enter(&duo.room_id).await.unwrap();
    for api in [&duo.host_api, &duo.mate_api] {
        let everybody = async || {
            let total = api.participants(&duo.room_id).await.ok()?.total;
            (total == 3).then_some(())
        };
        crate::nodes::site::until("all three", harness::DEADLINE, everybody).await;
    }
    insist(&mut duo.host, "after", 1234).await;
    let is_sought = |frame: &Value| frame["data"]["playback"]["position_ms"] == 1234;
    seat.take("the seek", is_sought).await.unwrap();
    assert_eq!(duo.agree().await.epoch, epoch, "nothing was rebuilt");
    for field in ["members", "present", "log"] {
        let told = nodes.iter().map(|node| count(node, &duo.room_id, "is replaced", field));
        assert_eq!(told.sum::<usize>(), 1, "{field}: the replacement is logged once");
    }
}

/// How many lines of a node's log say this of a room's field.
fn count(node: &ServerProcess, room_id: &str, what: &str, field: &str) -> usize {
    let (log, field) = (node.log(), format!("\"field\":\"{field}\""));
    let says = |line: &&str| {
        line.contains("WARN")
            && line.contains(what)
            && line.contains(room_id)
            && line.contains(&field)
    };
    log.lines().filter(says).count()
}
