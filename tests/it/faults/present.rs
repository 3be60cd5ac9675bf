//! F33: after a fault, readiness, lists and counts are right again by themselves, without anybody's write. How soon is
//! measured by `make bench-healed`.

use contracts::PatchRoom;
use harness::http::Method;
use harness::{Api, DEADLINE, ServerProcess};

use super::scene::{Duo, Scene};
use crate::nodes::site::until;

#[tokio::test]
async fn f33_readiness_lists_and_counts_are_right_by_themselves_after_redis_hung() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let duo = Duo::meet(&nodes).await;
    let listed = PatchRoom { is_public: Some(true), ..PatchRoom::default() };
    duo.host_api.patch_room(&duo.room_id, &listed).await.unwrap();
    let guest = nodes[1].api().as_guest("Cleo").await.unwrap();
    let seat = guest.enter(&duo.room_id).await.unwrap();
    for api in [&duo.host_api, &duo.mate_api] {
        shows(api, &duo.room_id, 3).await;
    }
    scene.redis.pause().await.unwrap();
    for node in &nodes {
        is_ready(node, 503).await;
    }
    // Nobody can be told that somebody left.
    seat.close().await.unwrap();
    scene.redis.resume().unwrap();
    for (node, api) in nodes.iter().zip([&duo.host_api, &duo.mate_api]) {
        is_ready(node, 200).await;
        shows(api, &duo.room_id, 2).await;
    }
}

/// Waits until everything that counts who is connected says so many.
async fn shows(api: &Api, room_id: &str, count: u64) {
    until(&format!("{count} everywhere"), DEADLINE, async || {
        let page = api.public_rooms().await.ok()?;
        let listed = page.items.iter().find(|room| room.room_id == room_id)?;
        let found = [
            api.participants(room_id).await.ok()?.total,
            api.find_room(room_id).await.ok()?.viewer_count,
            api.state(room_id).await.ok()?.room.viewer_count,
            listed.viewer_count,
        ];
        (found == [count; 4]).then_some(())
    })
    .await;
}

async fn is_ready(node: &ServerProcess, status: u16) {
    until(&format!("readyz says {status}"), DEADLINE, async || {
        let response = node.admin_api().raw(Method::GET, "readyz", &[], "").await.ok()?;
        (response.status == status).then_some(())
    })
    .await;
}
