//! Starts that wait for players at several nodes.

use contracts::Status;
use serde_json::json;

use super::site::{Site, sees, site};
use crate::party::{Party, new_room, number, playback};

#[tokio::test]
async fn a_start_waits_until_the_last_player_at_both_nodes_is_ready() {
    let site = site().await;
    for last_at_hosts_node in [true, false] {
        let mut party = ready_party(&site).await;
        let frame = party.command("play", json!({})).await;
        let now = playback(&frame);
        let wait = now.waiting.expect("it waits");
        let mut awaited = wait.waiting_for.participant_ids;
        awaited.sort_unstable();
        let mut both = vec![party.host_id.clone(), party.guest_id.clone()];
        both.sort_unstable();
        assert_eq!((now.status, awaited), (Status::Waiting, both));
        let ready = json!({ "version": party.version });
        let mut sockets = [&mut party.guest, &mut party.host];
        if !last_at_hosts_node {
            sockets.reverse();
        }
        for socket in sockets {
            let acked = socket.ack("ready", ready.clone()).await.unwrap();
            assert!(acked.version <= party.version + 1, "readiness is no commit of its own");
        }
        let started = party.committed().await;
        assert_eq!(started["data"]["cause"], "ready", "not by the deadline: {started}");
        assert!(number(&started["at_ms"]) < wait.deadline_ms);
        assert_eq!(playback(&started).status, Status::Playing);
    }
}

#[tokio::test]
async fn a_start_waits_for_a_player_at_the_other_node_until_the_deadline() {
    let site = site().await;
    let mut party = ready_party(&site).await;
    party.command("play", json!({})).await;
    let ready = json!({ "version": party.version });
    party.host.ack("ready", ready).await.unwrap();
    let started = party.committed().await;
    assert_eq!(started["data"]["cause"], "deadline", "{started}");
}

#[tokio::test]
async fn a_start_does_not_wait_for_a_player_that_leaves_the_other_node() {
    let site = site().await;
    let mut party = ready_party(&site).await;
    party.command("play", json!({})).await;
    party.host.ack("ready", json!({ "version": party.version })).await.unwrap();
    party.guest.close().await.unwrap();
    let start = |frame: &serde_json::Value| frame["version"] == party.version + 1;
    let started = party.host.take("the start", start).await.unwrap();
    assert_eq!(started["data"]["cause"], "ready", "{started}");
}

#[tokio::test]
async fn players_of_a_killed_node_delay_a_start_until_its_deadline_at_most() {
    let mut site = Site::of(2).await;
    let mut party = ready_party(&site).await;
    site.kill_9(1).await;
    let waiting = party.host.ack("play", json!({})).await.unwrap();
    let wait = party.host.take("the wait", |frame| {
        frame["version"] == waiting.version && frame["type"] == "playback_changed"
    });
    let deadline_ms = playback(&wait.await.unwrap()).waiting.expect("it waits").deadline_ms;
    party.host.ack("ready", json!({ "version": waiting.version })).await.unwrap();
    let next = |frame: &serde_json::Value| frame["version"] == waiting.version + 1;
    let started = party.host.take("the start", next).await.unwrap();
    assert_eq!(playback(&started).status, Status::Playing);
    assert!(number(&started["at_ms"]) >= deadline_ms, "not before it: {started}");
    assert_eq!(started["data"]["cause"], "deadline");
}

/// A party with players at both nodes, known to both nodes.
async fn ready_party(site: &Site) -> Party {
    let mut party = site.watch(&new_room(), &["ready"]).await.party;
    let both = [party.host_id.clone(), party.guest_id.clone()];
    for socket in [&mut party.host, &mut party.guest] {
        sees(socket, &[&both[0], &both[1]]).await;
    }
    party
}
