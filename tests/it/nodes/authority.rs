//! One room has one authority, whichever node is asked.

use contracts::Role;
use serde_json::{Value, json};

use super::site::{Across, site};
use crate::party::{new_room, number, playback, versioned};

#[tokio::test]
async fn every_command_of_the_host_reaches_the_other_node_in_the_same_frame() {
    let site = site().await;
    let mut party = site.watch(&new_room(), &[]).await.party;
    let commands = [
        ("play", json!({})),
        ("seek", json!({ "position_ms": 3000 })),
        ("set_rate", json!({ "rate": 1.5 })),
        ("change_quality", json!({ "rendition": "auto" })),
        ("pause", json!({})),
    ];
    for (type_, data) in commands {
        if type_ != "change_quality" {
            party.command(type_, data).await;
        } else {
            // It changes nothing.
            party.host.ack(type_, data).await.unwrap();
        }
    }
    let here = party.host_api.state(&party.room_id).await.unwrap();
    let there = party.guest_api.state(&party.room_id).await.unwrap();
    assert_eq!((here.epoch, here.version), (there.epoch, there.version));
    assert_eq!((here.room.playback, here.room.media), (there.room.playback, there.room.media));
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_forged_command_at_the_other_node_is_refused_and_changes_nothing() {
    let site = site().await;
    let mut party = site.watch(&new_room(), &[]).await.party;
    let itself = json!({ "participant_id": party.guest_id });
    let forged = [
        ("play", json!({}), "not_host"),
        ("seek", json!({ "position_ms": 1 }), "not_host"),
        ("host_transfer", itself, "forbidden"),
    ];
    for (type_, data, code) in forged {
        assert_eq!(party.guest.reject(type_, data).await.unwrap().code, code, "{type_}");
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn a_new_host_at_the_other_node_takes_over_at_once() {
    let site = site().await;
    let mut party = site.watch(&new_room(), &[]).await.party;
    let to_guest = json!({ "participant_id": party.guest_id });
    let moved = party.command("host_transfer", to_guest).await;
    assert_eq!(moved["data"]["host_id"], party.guest_id);
    let acked = party.guest.ack("play", json!({})).await.unwrap();
    assert_eq!(acked.version, party.version + 1);
    assert_eq!(party.committed().await["data"]["by"], party.guest_id);
    assert_eq!(party.host.reject("pause", json!({})).await.unwrap().code, "not_host");
    party.guest.ack("pause", json!({})).await.unwrap();
    party.committed().await;

    // And back again, by the new host at the other node.
    let back = json!({ "participant_id": party.host_id });
    party.guest.ack("host_transfer", back).await.unwrap();
    party.committed().await;
    assert_eq!(party.guest.reject("play", json!({})).await.unwrap().code, "not_host");
    party.command("play", json!({})).await;
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_command_of_the_old_host_is_refused_at_either_node() {
    let site = site().await;
    let Across { mut party, host: [_, elsewhere], .. } = site.watch(&new_room(), &[]).await;
    let mut second = elsewhere.enter(&party.room_id).await.unwrap();
    // Both are sent before the other node receives the change of host.
    let transfer = json!({ "type": "host_transfer", "id": "move",
        "data": { "participant_id": party.guest_id } });
    party.host.send_json(&transfer).await.unwrap();
    let late = json!({ "type": "play", "id": "late", "data": {} });
    second.send_json(&late).await.unwrap();
    assert_eq!(party.host.answer("move").await.unwrap()["type"], "ack");
    let answer = second.answer("late").await.unwrap();
    let moved = versioned(&mut party.guest).await;
    if answer["type"] == "ack" {
        // It was first.
        assert_eq!(number(&answer["version"]), party.version + 1, "{answer}");
        assert_eq!(moved["type"], "playback_changed");
        assert_eq!(versioned(&mut party.guest).await["type"], "host_changed");
    } else {
        let code = answer["error"]["code"].as_str().unwrap_or_default();
        assert!(["not_host", "stale_fence"].contains(&code), "{answer}");
        assert_eq!(moved["type"], "host_changed");
    }
}

#[tokio::test]
async fn one_of_two_commands_for_the_same_version_at_two_nodes_is_committed() {
    let site = site().await;
    let Across { mut party, host: [_, elsewhere], .. } = site.watch(&new_room(), &[]).await;
    let mut second = elsewhere.enter(&party.room_id).await.unwrap();
    for round in 1..=20_u64 {
        let seek = |id: &str, position_ms: u64| {
            let data = json!({ "position_ms": position_ms, "expected_version": party.version });
            json!({ "type": "seek", "id": format!("{id}{round}"), "data": data })
        };
        let (one, other) = (seek("a", round * 10), seek("b", round * 10 + 1));
        party.host.send_json(&one).await.unwrap();
        second.send_json(&other).await.unwrap();
        let answers = [
            party.host.answer(&format!("a{round}")).await.unwrap(),
            second.answer(&format!("b{round}")).await.unwrap(),
        ];
        let made: Vec<&Value> = answers.iter().filter(|answer| answer["type"] == "ack").collect();
        assert_eq!(made.len(), 1, "{answers:?}");
        let refused = answers.iter().find(|answer| answer["type"] == "reject");
        assert_eq!(refused.expect("the other")["error"]["code"], "version_conflict");
        let frame = party.committed().await;
        let kept = if made[0]["id"] == one["id"] { &one } else { &other };
        assert_eq!(playback(&frame).position_ms, number(&kept["data"]["position_ms"]));
    }
    let stale = json!({ "position_ms": 1, "expected_version": party.version - 1 });
    assert_eq!(second.reject("seek", stale).await.unwrap().code, "version_conflict");
}

#[tokio::test]
async fn the_same_id_at_both_nodes_has_one_effect() {
    let site = site().await;
    let Across { mut party, host: [_, elsewhere], .. } = site.watch(&new_room(), &[]).await;
    let mut second = elsewhere.enter(&party.room_id).await.unwrap();
    let seek = json!({ "position_ms": 1234 });
    let first = party.host.ack_with_id("same", "seek", seek.clone()).await.unwrap();
    let again = second.ack_with_id("same", "seek", seek).await.unwrap();
    assert!(!first.duplicate && again.duplicate);
    assert_eq!((again.epoch, again.version), (first.epoch, first.version));
    party.committed().await;
    let other = second.command_with_id("same", "seek", json!({ "position_ms": 1 })).await.unwrap();
    assert_eq!(other["error"]["code"], "id_reused");

    for round in 1..=20 {
        let id = format!("at-once-{round}");
        let data = json!({ "position_ms": 2000 + round });
        let frame = json!({ "type": "seek", "id": id, "data": data });
        party.host.send_json(&frame).await.unwrap();
        second.send_json(&frame).await.unwrap();
        let answers = [party.host.answer(&id).await.unwrap(), second.answer(&id).await.unwrap()];
        let versions = answers.each_ref().map(|answer| number(&answer["version"]));
        assert_eq!(versions, [party.version + 1; 2], "{answers:?}");
        let duplicates = answers.iter().filter(|answer| answer["data"]["duplicate"] == true);
        assert_eq!(duplicates.count(), 1, "{answers:?}");
        party.committed().await;
    }
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_role_assigned_at_one_node_applies_at_the_other_at_once() {
    let site = site().await;
    let mut party = site.watch(&new_room(), &[]).await.party;
    for _ in 0..10 {
        party.host_api.give_role(&party.room_id, &party.guest_id, Role::CoHost).await.unwrap();
        // The other node may not have received it yet.
        let frame = if party.version % 2 == 0 { "play" } else { "pause" };
        party.guest.ack(frame, json!({})).await.unwrap();
        party.host_api.give_role(&party.room_id, &party.guest_id, Role::Guest).await.unwrap();
        assert_eq!(
            party.guest.reject("seek", json!({ "position_ms": 1 })).await.unwrap().code,
            "not_host"
        );
    }
}
