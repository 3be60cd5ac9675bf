//! F12: a half-open connection, whose other end has disappeared without closing it.

use std::time::Duration;

use contracts::{CreateRoom, HostLoss, LifecycleState};
use harness::{Api, FaultProxy};
use tokio::time::{Instant, sleep};

use super::scene::Scene;
use crate::party::new_room;

const LEASE_MS: u64 = 2_000;
/// Longer than the test.
const GRACE_MS: u64 = 60_000;
/// The time within which the loss of the host must be noticed: the lease, and some time to look.
const MISSED: Duration = Duration::from_millis(3 * LEASE_MS);

#[tokio::test]
async fn f12_a_host_with_a_half_open_connection_is_lost_at_every_node_when_the_lease_ends() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let line = FaultProxy::start(nodes[0].address().parse().expect("an address")).await.unwrap();
    let token = nodes[0].api().guest("Ada").await.unwrap().access_token;
    let host_api = Api::new(&format!("http://{}/", line.address())).with_token(&token);
    let room = CreateRoom {
        host_loss: Some(HostLoss::Hold),
        host_lease_ms: Some(LEASE_MS),
        host_grace_ms: Some(GRACE_MS),
        ..new_room()
    };
    let room_id = host_api.create_room_with(&room).await.unwrap().room_id;
    let mut host = host_api.enter(&room_id).await.unwrap();
    let guest_api = nodes[1].api().as_guest("Ben").await.unwrap();
    let mut guest = guest_api.enter(&room_id).await.unwrap();

    // A working connection keeps the host, however short the lease is.
    host.read_for(2 * Duration::from_millis(LEASE_MS)).await.unwrap();
    let state = guest_api.state(&room_id).await.unwrap();
    assert_eq!(state.room.state, LifecycleState::Live);

    line.black_hole(true);
    let began = Instant::now();
    while guest_api.state(&room_id).await.unwrap().room.state != LifecycleState::Grace {
        assert!(began.elapsed() < 2 * MISSED, "the host isn't missed");
        sleep(Duration::from_millis(50)).await;
    }
    let grace = guest.wait_for("lifecycle_changed").await.unwrap();
    assert_eq!(
        (&grace["data"]["state"], &grace["data"]["cause"]),
        (&"grace".into(), &"host_lost".into())
    );

    // Over another connection, the host returns.
    let back_api = nodes[1].api().with_token(&token);
    let mut back = back_api.connect(&room_id).await.unwrap();
    let welcome = back.hello(&[]).await.unwrap();
    assert_eq!(welcome.room.state, LifecycleState::Live);
}
