//! How many commands that may change a room a user and an address may send, in whatever rooms.

use std::sync::Arc;

use contracts::PatchRoom;
use serde_json::json;
use tokio::task::JoinSet;

use crate::party::{Party, new_room, number, options, server};
use crate::sync::report;

#[tokio::test]
async fn a_users_commands_are_limited_in_all_rooms_together_and_only_those_that_may_commit() {
    let server = options().env("PLAYHEAD_LIMIT_COMMANDS_PER_USER_AND_SECOND", "1");
    let server = Arc::new(server.start().await.unwrap());
    let mut party = Party::watching_in(server.clone(), &new_room(), &[]).await;
    let second_room = party.host_api.create_room("Sunday").await.unwrap().room_id;
    let mut elsewhere = party.host_api.enter(&second_room).await.unwrap();
    for _ in 0..10 {
        party.host.send_json(&json!({ "type": "ping", "data": { "t0": 1 } })).await.unwrap();
        party.host.wait_for("pong").await.unwrap();
        party.host.ack("ready", json!({ "version": party.version })).await.unwrap();
        party.host.ack("buffering", json!({ "on": false })).await.unwrap();
        report(&mut party.host, 0.0, 1.0).await;
    }
    // Six at once, of which choosing the media was one.
    let mut committed = 0;
    let error = loop {
        let seek = json!({ "position_ms": 1_000 + committed });
        let answer = party.host.command("seek", seek).await.unwrap();
        if answer["type"] == "reject" {
            break answer["error"].clone();
        }
        party.committed().await;
        committed += 1;
    };
    assert!(committed >= 5, "{committed}");
    assert_eq!(error["code"], "rate_limited");
    assert!((1..=1_001).contains(&number(&error["retry_after_ms"])), "{error}");

    // Over another connection, in another room: what has come back since then, and no more.
    let mut decided = 0;
    while elsewhere.reject("play", json!({})).await.unwrap().code == "no_media" {
        decided += 1;
        assert!(decided < 5, "it is the same limit");
    }
    let mut others = Party::watching_in(server, &new_room(), &[]).await;
    others.command("play", json!({})).await;
}

#[tokio::test]
async fn the_commands_of_an_address_are_limited_together_and_leave_a_person_there_their_own_few() {
    for (per_address, is_limited) in [("1", true), ("0", false)] {
        let server = options()
            .env("PLAYHEAD_LIMIT_PER_ADDRESS", per_address)
            .env("PLAYHEAD_LIMIT_COMMANDS_PER_ADDRESS_AND_SECOND", "3");
        let server = server.start().await.unwrap();
        let mut hosts = Vec::new();
        for name in ["Ada", "Ben", "Cleo"] {
            let api = server.api().as_guest(name).await.unwrap();
            let room_id = api.create_room("Friday").await.unwrap().room_id;
            hosts.push(api.enter(&room_id).await.unwrap());
        }
        let mut codes = Vec::new();
        for turn in 0..200 {
            let error = hosts[turn % 2].reject("play", json!({})).await.unwrap();
            assert_eq!(error.code == "rate_limited", error.retry_after_ms.is_some());
            codes.push(error.code);
        }
        // Ten at once of each user, and thirty of the address.
        assert!(codes[..50].iter().all(|code| code == "no_media"), "{codes:?}");
        assert_eq!(codes.iter().any(|code| code == "rate_limited"), is_limited, "{codes:?}");
        let of_another = hosts[2].reject("play", json!({})).await.unwrap();
        assert_eq!(of_another.code, "no_media", "somebody else behind the address");
    }
}

#[tokio::test]
async fn commands_that_the_rooms_version_refuses_are_limited_and_others_go_on() {
    let server = options().env("PLAYHEAD_LIMIT_REFUSED_PER_SECOND", "1").start().await.unwrap();
    let mut party = Party::watching_in(Arc::new(server), &new_room(), &[]).await;
    let mut codes = Vec::new();
    while codes.last().is_none_or(|code| code != "rate_limited") {
        assert!(codes.len() < 100, "they aren't limited: {codes:?}");
        let stale = json!({ "expected_version": party.version - 1 });
        codes.push(party.host.reject("play", stale).await.unwrap().code);
    }
    // Five seconds' worth came at once.
    assert!(codes.len() > 5, "{codes:?}");
    assert!(codes[..5].iter().all(|code| code == "version_conflict"), "{codes:?}");
    party.command("play", json!({})).await;
}

#[tokio::test]
async fn changes_of_a_room_without_connections_that_come_at_once_all_take_effect() {
    let host = server().await.api().as_guest("Ada").await.unwrap();
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    let mut changing = JoinSet::new();
    for number in 0..12 {
        let (host, room_id) = (host.clone(), room_id.clone());
        changing.spawn(async move {
            let name = Some(format!("Party {number}"));
            host.patch_room(&room_id, &PatchRoom { name, ..PatchRoom::default() }).await
        });
    }
    for changed in changing.join_all().await {
        changed.unwrap();
    }
}
