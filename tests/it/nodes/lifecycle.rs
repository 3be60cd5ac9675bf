//! How rooms continue and end when nodes are killed.

use std::time::Duration;

use contracts::{CreateRoom, HostLoss, LifecycleState, Role};
use engine::{EXPIRED_MS, RoomId};
use harness::Closed;
use harness::http::Method;
use serde_json::json;

use super::site::{Across, Site, site, until};
use crate::party::{new_room, number, versioned};
use crate::problem;

/// Short, so that the loss of a host is noticed soon.
const LEASE_MS: u64 = 2000;
/// The time within which the loss of a host is noticed, even by nodes that have just started.
const LOST: Duration = Duration::from_secs(25);
/// The time within which an ended room has been swept.
const SWEPT: Duration = Duration::from_millis(EXPIRED_MS + 10_000);

#[tokio::test]
async fn a_host_of_a_killed_node_remains_host_at_the_other_within_the_lease() {
    let mut site = Site::of(2).await;
    let Across { mut party, host: [_, elsewhere], .. } = site.watch(&new_room(), &[]).await;
    party.command("play", json!({})).await;
    let (room_id, host_id, version) = (party.room_id, party.host_id, party.version);
    drop(party.server);
    site.kill_9(0).await;
    party.host.closed().await.unwrap();

    let mut host = elsewhere.connect(&room_id).await.unwrap();
    let welcome = host.hello(&[]).await.unwrap();
    assert_eq!((welcome.role, &welcome.participant_id), (Role::Host, &host_id));
    assert_eq!(welcome.room.state, LifecycleState::Live);
    let acked = host.ack("pause", json!({})).await.unwrap();
    assert_eq!(acked.version, version + 1, "nothing was committed meanwhile");
    let paused = versioned(&mut party.guest).await;
    assert_eq!((&paused["data"]["by"], number(&paused["version"])), (&json!(host_id), version + 1));
}

#[tokio::test]
async fn a_host_of_a_killed_node_ends_the_grace_period_at_the_other() {
    let mut site = Site::of(3).await;
    let room = CreateRoom { host_lease_ms: Some(LEASE_MS), ..new_room() };
    let Across { party, host: [_, elsewhere], guest } = site.watch(&room, &[]).await;
    let (room_id, mut guest_there) = (party.room_id, party.guest);
    let mut guest_too = site.api(2).as_guest("Cleo").await.unwrap().enter(&room_id).await.unwrap();
    drop((party.server, party.host, guest));
    site.kill_9(0).await;
    for socket in [&mut guest_there, &mut guest_too] {
        let grace = versioned(socket).await;
        assert_eq!(
            (&grace["data"]["state"], &grace["data"]["cause"]),
            (&json!("grace"), &json!("host_lost")),
            "{grace}"
        );
        assert_eq!(grace["data"]["host_id"], party.host_id);
    }
    let mut host = elsewhere.connect(&room_id).await.unwrap();
    let welcome = host.hello(&[]).await.unwrap();
    assert_eq!((welcome.role, welcome.room.state), (Role::Host, LifecycleState::Live));
    for socket in [&mut guest_there, &mut guest_too] {
        let live = versioned(socket).await;
        assert_eq!(
            (&live["data"]["state"], &live["data"]["cause"]),
            (&json!("live"), &json!("host_connected")),
            "{live}"
        );
    }
    host.ack("play", json!({})).await.unwrap();
    for socket in [&mut guest_there, &mut guest_too] {
        assert_eq!(versioned(socket).await["type"], "playback_changed");
    }
}

#[tokio::test]
async fn a_connection_to_either_node_renews_the_hosts_lease() {
    let site = site().await;
    let room = CreateRoom { host_lease_ms: Some(LEASE_MS), ..new_room() };
    let Across { party, host: [_, elsewhere], guest: [guest, _] } = site.watch(&room, &[]).await;
    let mut second = elsewhere.enter(&party.room_id).await.unwrap();
    party.host.close().await.unwrap();
    second.read_for(Duration::from_millis(2 * LEASE_MS)).await.unwrap();
    let state = guest.state(&party.room_id).await.unwrap();
    assert_eq!(state.version, party.version, "nothing was committed");
    second.ack("play", json!({})).await.unwrap();
}

#[tokio::test]
async fn the_grace_period_of_a_room_without_connections_ends_too() {
    let mut site = Site::of(2).await;
    let room = CreateRoom {
        host_loss: Some(HostLoss::Hold),
        host_lease_ms: Some(LEASE_MS),
        host_grace_ms: Some(200),
        ..new_room()
    };
    let Across { party, host, guest } = site.meet(&room, &[]).await;
    let (room_id, [_, elsewhere]) = (party.room_id.clone(), guest);
    // No node follows the room any more.
    party.guest.close().await.unwrap();
    drop((party.server, party.host, host));
    site.kill_9(0).await;
    until("another node to carry the deadline out", LOST, async || {
        let room = elsewhere.state(&room_id).await.unwrap().room;
        (room.state == LifecycleState::Live && room.host_id.is_none()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_ended_room_closes_at_the_other_node_and_leaves_nothing_after_the_retention() {
    let site = site().await;
    let Across { mut party, guest: [guest_here, guest_there], .. } =
        site.watch(&new_room(), &[]).await;
    let path = format!("rooms/{}", party.room_id);
    for guest in [&guest_here, &guest_there] {
        let response = guest.request(Method::DELETE, &path, None).await.unwrap();
        problem::check(&response, "forbidden", "a guest's delete");
    }
    party.nothing_happened().await;
    let code = party.state().await.room.code;
    let room_keys = format!("*{}*", party.room_id);
    assert!(!site.keys(&room_keys).await.is_empty());

    party.host_api.delete_room(&party.room_id).await.unwrap();
    let closed = Closed { close_code: Some(4410), reason: "room_closed".to_owned() };
    for socket in [&mut party.guest, &mut party.host] {
        let ended = |frame: &serde_json::Value| frame["type"] == "lifecycle_changed";
        let ended = socket.take("the end", ended).await.unwrap();
        assert_eq!(
            (&ended["data"]["state"], &ended["data"]["cause"]),
            (&json!("expired"), &json!("deleted"))
        );
        assert_eq!(socket.closed().await.unwrap(), closed);
    }
    for guest in [&guest_here, &guest_there] {
        let response = guest.request(Method::POST, &format!("{path}/join"), Some(&json!({}))).await;
        problem::check(&response.unwrap(), "room_closed", "a join after the end");
    }

    let sql = site.sql().await;
    let room_id = RoomId::new(&*party.room_id);
    assert!(sql.has_room(&room_id).await.unwrap());
    until("the room to be gone", SWEPT, async || {
        let left = site.keys(&room_keys).await.len() + site.keys(&format!("*{code}*")).await.len();
        let known = sql.has_room(&room_id).await.unwrap();
        (left == 0 && !known).then_some(())
    })
    .await;
    assert!(sql.load_snapshot(&room_id).await.unwrap().is_none());
    sql.close().await;
    for guest in [&guest_here, &guest_there] {
        let response = guest.request(Method::GET, &path, None).await.unwrap();
        problem::check(&response, "room_not_found", "a room that is gone");
    }
}
