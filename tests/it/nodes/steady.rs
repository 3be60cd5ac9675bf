//! The clock of Redis is set, by NTP or by hand, while a party plays: the room clock goes on.

use std::time::{Duration, Instant};

use contracts::LifecycleState;
use harness::{RedisOptions, ServerProcess};
use serde_json::json;

use super::site::{NOTICED, Site, until};
use crate::party::{new_room, sample};
use crate::wall::Wall;

/// How far the room clock may seem to move while a loaded machine does something else, in milliseconds. Redis is
/// set by much more.
const MEANWHILE_MS: u64 = 20_000;

#[tokio::test]
async fn a_party_at_two_nodes_goes_on_when_the_clock_of_redis_is_set() {
    let wall = Wall::at("+0");
    let mut site = Site::over(2, wall.shown_to_redis(RedisOptions::new())).await;
    let across = site.watch(&new_room(), &[]).await;
    let mut party = across.party;
    party.command("play", json!({})).await;
    let (began, began_ms) = (Instant::now(), room_ms(&site.nodes[0]).await);
    for (times, offset) in [(1, "+2d"), (2, "-2m"), (3, "+0")] {
        wall.set(offset);
        until("the room clock to be steered", NOTICED, async || {
            let log: String = site.nodes.iter().map(|node| node.log()).collect();
            (log.matches("the clock of Redis was set").count() >= times).then_some(())
        })
        .await;
        goes_on(&site, began, began_ms).await;
        // Each is committed at one node and seen at the other; nothing was rebuilt or given back between.
        let kind = if times % 2 == 1 { "pause" } else { "play" };
        until("a command to be accepted", NOTICED, async || {
            party.host.ack(kind, json!({})).await.ok()
        })
        .await;
        let state = across.guest[1].state(&party.room_id).await.unwrap();
        assert_eq!((state.epoch, state.room.state), (1, LifecycleState::Live), "{offset}");
    }
    let late = site.options().start().await.unwrap();
    site.nodes.push(late.into());
    goes_on(&site, began, began_ms).await;
    let state = across.guest[1].state(&party.room_id).await.unwrap();
    assert_eq!((state.epoch, state.room.state), (1, LifecycleState::Live));
    assert!(state.room.playback.position_ms < MEANWHILE_MS * 2, "{:?}", state.room.playback);
}

#[tokio::test]
async fn the_first_command_of_a_node_alone_is_carried_out_when_the_clock_of_redis_was_set() {
    let wall = Wall::at("-1d");
    let site = Site::over(1, wall.shown_to_redis(RedisOptions::new())).await;
    let (began, began_ms) = (Instant::now(), room_ms(&site.nodes[0]).await);
    let api = site.api(0).as_guest("Ada").await.unwrap();
    let room_id = api.create_room_with(&new_room()).await.unwrap().room_id;
    let mut host = api.enter(&room_id).await.unwrap();
    host.ack("set_media", json!({ "link": sample(&site.nodes[0]) })).await.unwrap();
    wall.set("+0");
    host.ack("play", json!({})).await.unwrap();
    goes_on(&site, began, began_ms).await;
    assert_eq!(api.state(&room_id).await.unwrap().epoch, 1);
}

/// Asserts that the room clock of every node has moved as time has.
async fn goes_on(site: &Site, began: Instant, began_ms: u64) {
    for (number, node) in site.nodes.iter().enumerate() {
        let now_ms = room_ms(node).await;
        let passed = Duration::from_millis(now_ms.saturating_sub(began_ms));
        let off = passed.abs_diff(began.elapsed());
        assert!(off.as_millis() < u128::from(MEANWHILE_MS), "node {number} is {off:?} off");
    }
}

async fn room_ms(node: &ServerProcess) -> u64 {
    node.api().time().await.unwrap().now_ms
}
