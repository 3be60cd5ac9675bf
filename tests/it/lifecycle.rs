//! The lifecycle of rooms whose host leaves, by each policy.

use std::time::Duration;

use contracts::{CreateRoom, HostLoss, LifecycleState, Role, Status};
use harness::http::Method;
use harness::{Closed, WsClient};
use serde_json::{Value, json};

use crate::party::{Party, new_room, number, playback, sample, server, versioned};
use crate::problem;

/// Short, so that the loss of a host is noticed soon.
const LEASE_MS: u64 = 2000;
const GRACE_MS: u64 = 500;
/// Longer than any test takes until its host returns.
const LONG_GRACE_MS: u64 = 60_000;

#[tokio::test]
async fn a_host_who_returns_within_the_grace_period_ends_it() {
    let party = party(HostLoss::Expire, LONG_GRACE_MS).await;
    let (api, room_id, host_id) = (party.host_api, party.room_id, party.host_id);
    drop(party.host);
    let mut guest = party.guest;
    let grace = next_state(&mut guest, "grace", "host_lost").await;
    assert_eq!(grace["data"]["host_id"], host_id);
    assert_eq!(number(&grace["data"]["deadline_ms"]), number(&grace["at_ms"]) + LONG_GRACE_MS);
    assert_eq!(guest.reject("play", json!({})).await.unwrap().code, "not_host");

    let mut host = api.connect(&room_id).await.unwrap();
    let welcome = host.hello(&[]).await.unwrap();
    assert_eq!((welcome.role, welcome.room.state), (Role::Host, LifecycleState::Live));
    let live = next_state(&mut guest, "live", "host_connected").await;
    assert_eq!(live["data"].get("deadline_ms"), None);
    assert_eq!(live["data"]["fence"], grace["data"]["fence"]);
}

#[tokio::test]
async fn a_host_who_stays_away_ends_the_party_by_default() {
    let mut party = party(HostLoss::Expire, GRACE_MS).await;
    party.host.close().await.unwrap();
    let grace = next_state(&mut party.guest, "grace", "host_lost").await;
    let expired = next_state(&mut party.guest, "expired", "grace_ended").await;
    assert!(number(&expired["at_ms"]) >= number(&grace["data"]["deadline_ms"]));
    assert!(number(&expired["data"]["fence"]) > number(&grace["data"]["fence"]));
    let closed = Closed { close_code: Some(4410), reason: "room_closed".to_owned() };
    assert_eq!(party.guest.closed().await.unwrap(), closed);
    let join = format!("rooms/{}/join", party.room_id);
    for api in [&party.host_api, &party.guest_api] {
        let response = api.request(Method::POST, &join, Some(&json!({}))).await.unwrap();
        problem::check(&response, "room_closed", "a join after the end");
    }
}

#[tokio::test]
async fn a_held_room_continues_without_a_host_until_the_former_one_returns() {
    let party = party(HostLoss::Hold, GRACE_MS).await;
    let (api, room_id, host_id) = (party.host_api, party.room_id, party.host_id);
    drop(party.host);
    let mut guest = party.guest;
    let grace = next_state(&mut guest, "grace", "host_lost").await;
    let held = next_state(&mut guest, "live", "grace_ended").await;
    assert_eq!(held["data"]["host_id"], Value::Null);
    assert_eq!(number(&held["data"]["fence"]), number(&grace["data"]["fence"]) + 1);
    assert_eq!(playback(&held).status, Status::Playing, "the party goes on");
    assert_eq!(guest.reject("pause", json!({})).await.unwrap().code, "not_host");

    let mut host = api.enter(&room_id).await.unwrap();
    let back = versioned(&mut guest).await;
    assert_eq!((&back["type"], &back["data"]["cause"]), (&json!("host_changed"), &json!("return")));
    assert_eq!(back["data"]["host_id"], host_id);
    assert_eq!(number(&back["data"]["fence"]), number(&held["data"]["fence"]) + 1);
    host.ack("pause", json!({})).await.unwrap();
    assert_eq!(versioned(&mut guest).await["data"]["by"], host_id);
}

#[tokio::test]
async fn only_the_creator_can_end_a_room_without_a_host() {
    let party = party(HostLoss::Hold, GRACE_MS).await;
    drop(party.host);
    let mut guest = party.guest;
    next_state(&mut guest, "grace", "host_lost").await;
    next_state(&mut guest, "live", "grace_ended").await;
    let path = format!("rooms/{}", party.room_id);
    let response = party.guest_api.request(Method::DELETE, &path, None).await.unwrap();
    problem::check(&response, "forbidden", "a guest's delete");
    party.host_api.delete_room(&party.room_id).await.unwrap();
    next_state(&mut guest, "expired", "deleted").await;
}

#[tokio::test]
async fn a_room_can_be_set_to_pause_when_its_host_stays_away() {
    let party = party(HostLoss::Pause, GRACE_MS).await;
    drop(party.host);
    let mut guest = party.guest;
    let grace = next_state(&mut guest, "grace", "host_lost").await;
    assert_eq!(playback(&grace).status, Status::Playing, "not before the grace ends");
    let paused = next_state(&mut guest, "live", "grace_ended").await;
    let (before, now) = (playback(&grace), playback(&paused));
    assert_eq!((&paused["data"]["host_id"], now.status), (&Value::Null, Status::Paused));
    let moved_ms = number(&paused["at_ms"]) - before.anchor_at_ms;
    assert_eq!(now.position_ms, before.position_ms + moved_ms, "it stands where it was");
}

#[tokio::test]
async fn a_co_host_is_promoted_when_the_host_stays_away() {
    let mut party = party(HostLoss::Promote, GRACE_MS).await;
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::CoHost).await.unwrap();
    party.committed().await;
    let (former_api, new_host) = (party.host_api, party.guest_id);
    drop(party.host);
    let mut guest = party.guest;
    let grace = next_state(&mut guest, "grace", "host_lost").await;
    let live = next_state(&mut guest, "live", "grace_ended").await;
    assert_eq!(live["data"]["host_id"], new_host);
    assert_eq!(number(&live["data"]["fence"]), number(&grace["data"]["fence"]) + 1);
    guest.ack("pause", json!({})).await.unwrap();
    assert_eq!(versioned(&mut guest).await["data"]["by"], new_host);

    let joined = former_api.join(&party.room_id).await.unwrap();
    assert_ne!(joined.role, Role::Host, "the former host comes back as somebody else");
    party.guest_api.give_role(&party.room_id, &joined.participant_id, Role::CoHost).await.unwrap();
}

#[tokio::test]
async fn a_room_set_to_promote_is_held_without_a_co_host() {
    let party = party(HostLoss::Promote, GRACE_MS).await;
    drop(party.host);
    let mut guest = party.guest;
    next_state(&mut guest, "grace", "host_lost").await;
    let held = next_state(&mut guest, "live", "grace_ended").await;
    assert_eq!(held["data"]["host_id"], Value::Null);
}

#[tokio::test]
async fn a_host_who_was_silent_for_too_long_gets_the_role_back_on_the_same_connection() {
    let mut party = party(HostLoss::Hold, GRACE_MS).await;
    let mut guest = party.guest;
    // The host's pings aren't answered while nobody reads them.
    next_state(&mut guest, "grace", "host_lost").await;
    let held = next_state(&mut guest, "live", "grace_ended").await;
    assert_eq!(held["data"]["host_id"], Value::Null);
    let reading = party.host.read_for(Duration::from_millis(2 * LEASE_MS));
    let (read, back) = tokio::join!(reading, versioned(&mut guest));
    read.unwrap();
    assert_eq!(
        (&back["type"], &back["data"]["host_id"]),
        (&json!("host_changed"), &json!(party.host_id))
    );
    party.host.ack("pause", json!({})).await.unwrap();
}

#[tokio::test]
async fn a_host_who_leaves_and_closes_the_socket_without_waiting_has_left() {
    // The lease is longer than any wait here.
    let room = CreateRoom { host_lease_ms: Some(600_000), ..new_room() };
    let mut party = Party::meet(server().await, &room, &[]).await;
    let mut other_tab = party.host_api.connect(&party.room_id).await.unwrap();
    other_tab.hello(&[]).await.unwrap();
    let frames = [
        json!({ "type": "set_media", "id": "c_slow", "data": { "link": "http://127.0.0.1:9/a.mp4" } }),
        json!({ "type": "leave", "id": "c_bye", "data": {} }),
    ];
    for frame in frames {
        party.host.send_json(&frame).await.unwrap();
    }
    party.host.close().await.unwrap();
    next_state(&mut party.guest, "grace", "host_lost").await;
    assert_eq!(other_tab.closed().await.unwrap().reason, "left");
}

#[tokio::test]
async fn a_host_who_leaves_is_lost_at_once() {
    // The lease is longer than any wait here.
    let room = CreateRoom { host_lease_ms: Some(600_000), ..new_room() };
    let mut party = Party::meet(server().await, &room, &[]).await;
    party.host.ack("leave", json!({})).await.unwrap();
    next_state(&mut party.guest, "grace", "host_lost").await;
}

#[tokio::test]
async fn a_connection_alone_renews_the_hosts_lease() {
    let mut party = party(HostLoss::Expire, GRACE_MS).await;
    party.host.read_for(Duration::from_millis(2 * LEASE_MS)).await.unwrap();
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_connection_alone_renews_the_lease_of_a_new_host() {
    let mut party = party(HostLoss::Expire, GRACE_MS).await;
    let to_guest = json!({ "participant_id": party.guest_id });
    party.command("host_transfer", to_guest).await;
    drop(party.host);
    let mut new_host = party.guest;
    new_host.read_for(Duration::from_millis(2 * LEASE_MS)).await.unwrap();
    let came = new_host.take_unread();
    assert!(came.iter().all(|frame| frame["type"] != "lifecycle_changed"), "{came:?}");
    new_host.ack("pause", json!({})).await.unwrap();
}

/// A playing party with a short lease.
async fn party(host_loss: HostLoss, host_grace_ms: u64) -> Party {
    let room = CreateRoom {
        host_loss: Some(host_loss),
        host_grace_ms: Some(host_grace_ms),
        host_lease_ms: Some(LEASE_MS),
        ..new_room()
    };
    let mut party = Party::meet(server().await, &room, &[]).await;
    let link = sample(&party.server);
    party.command("set_media", json!({ "link": link })).await;
    party.command("play", json!({})).await;
    party
}

/// Waits for the next commit, which must be this edge of the lifecycle.
async fn next_state(client: &mut WsClient, state: &str, cause: &str) -> Value {
    let frame = versioned(client).await;
    assert_eq!(frame["type"], "lifecycle_changed", "{frame}");
    assert_eq!((&frame["data"]["state"], &frame["data"]["cause"]), (&json!(state), &json!(cause)));
    frame
}
