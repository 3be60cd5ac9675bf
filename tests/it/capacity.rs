//! How many people a room takes.

use std::sync::Arc;

use contracts::{CreateRoom, Joined, Role};
use harness::http::Method;
use harness::{DEADLINE, ServerProcess, Upgrade, WsClient, until};
use serde_json::json;
use tokio::task::JoinSet;

use crate::party::{Party, new_room, server};
use crate::problem;

#[tokio::test]
async fn of_a_hundred_who_join_at_once_a_room_with_one_place_takes_one() {
    let server = server().await;
    let host = server.api().as_guest("Ada").await.unwrap();
    let room = CreateRoom { capacity: Some(2), ..new_room() };
    let room_id = host.create_room_with(&room).await.unwrap().room_id;
    let _host = host.enter(&room_id).await.unwrap();
    let mut tries = JoinSet::new();
    for number in 0..100 {
        tries.spawn(come_in(server.clone(), room_id.clone(), format!("Guest {number}")));
    }
    let inside: Vec<WsClient> = tries.join_all().await.into_iter().flatten().collect();
    assert_eq!(inside.len(), 1, "they are in");
    assert_eq!(host.participants(&room_id).await.unwrap().total, 2);
}

#[tokio::test]
async fn who_moderates_finds_a_place_in_a_full_room_and_others_do_once_somebody_has_gone() {
    let mut party = Party::idle().await;
    let path = format!("rooms/{}", party.room_id);
    let full = json!({ "capacity": 2 });
    let host = &party.host_api;
    host.request(Method::PATCH, &path, Some(&full)).await.unwrap().expect_success().unwrap();
    let late = party.server.api().as_guest("Late").await.unwrap();
    let join = format!("{path}/join");
    let refused = late.request(Method::POST, &join, Some(&json!({}))).await.unwrap();
    problem::check(&refused, "room_full", "a third");
    let lifted = json!({ "capacity": null });
    host.request(Method::PATCH, &path, Some(&lifted)).await.unwrap().expect_success().unwrap();
    let id = late.join(&party.room_id).await.unwrap().participant_id;
    host.give_role(&party.room_id, &id, Role::Moderator).await.unwrap();
    host.request(Method::PATCH, &path, Some(&full)).await.unwrap().expect_success().unwrap();
    late.enter(&party.room_id).await.unwrap();

    party.guest.ack("leave", json!({})).await.unwrap();
    let next = party.server.api().as_guest("Next").await.unwrap();
    let comes_in = async || next.enter(&party.room_id).await.ok();
    until("there is a place", DEADLINE, comes_in).await;
    for capacity in [json!(0), json!(1_000_001), json!("two")] {
        let body = json!({ "capacity": capacity });
        let refused = host.request(Method::PATCH, &path, Some(&body)).await.unwrap();
        problem::check(&refused, "invalid_request", &body.to_string());
    }
}

/// Joins and connects, unless the room is full.
async fn come_in(server: Arc<ServerProcess>, room_id: String, name: String) -> Option<WsClient> {
    let guest = server.api().as_guest(&name).await.unwrap();
    let path = format!("rooms/{room_id}/join");
    let joined = guest.request(Method::POST, &path, Some(&json!({}))).await.unwrap();
    if joined.status == 409 {
        problem::check(&joined, "room_full", "a join");
        return None;
    }
    let joined: Joined = joined.parse().unwrap();
    let mut socket = Upgrade::with(&joined.ws).connect().await.unwrap();
    let welcome = socket.hello(&[]).await;
    welcome.ok().map(|_| socket)
}
