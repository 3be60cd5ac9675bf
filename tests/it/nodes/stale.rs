//! A node that hears late, or not at all, of what was committed elsewhere decides on what is so.

use std::sync::Arc;

use contracts::Role;
use harness::fake_redis::PushFault;
use harness::{FakeRedis, WsClient};
use serde_json::json;

use super::site::{Across, Site};
use crate::party::{new_room, number, versioned};

#[tokio::test]
async fn a_guest_who_was_made_co_host_elsewhere_is_not_refused() {
    let mut scene = Scene::of(&[]).await;
    let Across { party, .. } = &mut scene.across;
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::CoHost).await.unwrap();
    let acked = party.guest.ack("play", json!({})).await.unwrap();
    assert_eq!(acked.version, party.version + 2);
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::Guest).await.unwrap();
    assert_eq!(party.guest.reject("pause", json!({})).await.unwrap().code, "not_host");
    scene.stays_deaf();
}

#[tokio::test]
async fn a_host_who_gave_the_room_away_elsewhere_commands_it_no_more() {
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
    scene.stays_deaf();
}

#[tokio::test]
async fn what_was_so_and_is_no_more_is_not_answered_as_already_so() {
    let mut scene = Scene::of(&["play"]).await;
    let Across { party, .. } = &mut scene.across;
    let paused = party.host.ack("pause", json!({})).await.unwrap();
    // Here the room still plays, as far as is heard of.
    let again = scene.host_there.ack("play", json!({})).await.unwrap();
    assert_eq!(again.version, paused.version + 1, "a commit of its own");
    let paused = party.host.ack("pause", json!({})).await.unwrap();
    let already = scene.host_there.ack("pause", json!({})).await.unwrap();
    assert_eq!(already.version, paused.version, "it is so, and no commit");
    scene.stays_deaf();
}

#[tokio::test]
async fn messages_that_come_late_are_shown_in_their_order_and_none_twice() {
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
        // A whole state may stand for what went before.
        let is_state = frame["type"] == "room_state";
        assert!(version == seen + 1 || is_state && version > seen, "{frame} after {seen}");
        seen = version;
    }
}

/// A party across two nodes, of which the second hears of nothing that is committed.
struct Scene {
    across: Across,
    /// The host at the second node.
    host_there: WsClient,
    fake: FakeRedis,
    // Last, so that the nodes end before their Redis.
    _site: Site,
}

impl Scene {
    /// After these commands, which both heard of.
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

    /// There was something to hear.
    fn stays_deaf(&self) {
        assert!(self.fake.push_faults() > 0, "nothing was lost on its way");
    }
}
