//! A node that receives commits of other nodes late or never still decides by the newest state.

use std::sync::Arc;

use contracts::Role;
use harness::fake_redis::PushFault;
use harness::{FakeRedis, WsClient};
use serde_json::json;

use super::site::{Across, Site};
use crate::party::{new_room, number, versioned};

#[tokio::test]
async fn a_guest_who_became_co_host_at_another_node_is_not_refused() {
    let mut scene = Scene::of(&[]).await;
    let Across { party, .. } = &mut scene.across;
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::CoHost).await.unwrap();
    let acked = party.guest.ack("play", json!({})).await.unwrap();
    assert_eq!(acked.version, party.version + 2);
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::Guest).await.unwrap();
    assert_eq!(party.guest.reject("pause", json!({})).await.unwrap().code, "not_host");
    scene.assert_messages_dropped();
}

#[tokio::test]
async fn a_host_who_transferred_the_room_at_another_node_is_refused() {
    let mut scene = Scene::of(&[]).await;
    let Across { party, .. } = &mut scene.across;
    let to_guest = json!({ "participant_id": party.guest_id });
    let moved = party.host.ack("host_transfer", to_guest).await.unwrap();
    for type_ in ["play", "pause", "play"] {
        let code = scene.host_there.reject(type_, json!({})).await.unwrap().code;
        assert!(["not_host", "stale_fence"].contains(&&*code), "{type_}: {code}");
    }
    let state = party.host_api.state(&party.room_id).await.unwrap();
    assert_eq!(state.version, moved.version, "nothing was committed");
    scene.assert_messages_dropped();
}

#[tokio::test]
async fn a_command_is_a_no_op_only_by_the_newest_state() {
    let mut scene = Scene::of(&["play"]).await;
    let Across { party, .. } = &mut scene.across;
    let paused = party.host.ack("pause", json!({})).await.unwrap();
    // As far as this node knows, the room is still playing.
    let again = scene.host_there.ack("play", json!({})).await.unwrap();
    assert_eq!(again.version, paused.version + 1, "a commit of its own");
    let paused = party.host.ack("pause", json!({})).await.unwrap();
    let already = scene.host_there.ack("pause", json!({})).await.unwrap();
    assert_eq!(already.version, paused.version, "it is so, and no commit");
    scene.assert_messages_dropped();
}

#[tokio::test]
async fn delayed_messages_are_shown_once_and_in_order() {
    let mut scene = Scene::of(&[]).await;
    scene.fake.push_fault(Some(PushFault::DelayBy(5)));
    let Across { party, .. } = &mut scene.across;
    let first = party.version + 1;
    for step in 1..=30_u64 {
        party.host.ack("seek", json!({ "position_ms": step * 100 })).await.unwrap();
    }
    let mut seen = first - 1;
    while seen < first + 29 {
        let frame = versioned(&mut party.guest).await;
        let version = number(&frame["version"]);
        // A whole state may replace the events before it.
        let is_state = frame["type"] == "room_state";
        assert!(version == seen + 1 || is_state && version > seen, "{frame} after {seen}");
        seen = version;
    }
}

/// A party across two nodes, of which the second receives no commits.
struct Scene {
    across: Across,
    /// The host at the second node.
    host_there: WsClient,
    fake: FakeRedis,
    // Last, so that the nodes end before their Redis.
    _site: Site,
}

impl Scene {
    /// Starts the party and sends these commands, which both nodes receive.
    async fn of(commands: &[&str]) -> Self {
        let mut site = Site::of(1).await;
        let fake = FakeRedis::start(site.redis.address()).await.unwrap();
        let deaf = site.options().env("PLAYHEAD_REDIS_URL", fake.url()).start().await.unwrap();
        site.nodes.push(Arc::new(deaf));
        let mut across = site.watch(&new_room(), &[]).await;
        for command in commands {
            across.party.command(command, json!({})).await;
        }
        let host_there = across.host[1].enter(&across.party.room_id).await.unwrap();
        fake.push_fault(Some(PushFault::DropEvery(1)));
        Self { across, host_there, fake, _site: site }
    }

    /// Asserts that messages to the second node were dropped.
    fn assert_messages_dropped(&self) {
        assert!(self.fake.push_faults() > 0, "nothing was lost on its way");
    }
}
