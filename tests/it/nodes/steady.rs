//! The clock of Redis is set, by NTP or by hand, while a party plays: the room clock goes on.

use std::time::{Duration, Instant};

use contracts::LifecycleState;
use harness::{RedisOptions, ServerProcess};
use serde_json::json;

use super::site::{NOTICED, Site, until};
use crate::party::{new_room, sample};
use crate::wall::Wall;

/// How far the room clock may seem to move while a loaded machine does something else. Redis is set by much
/// more.
const MEANWHILE: Duration = Duration::from_secs(20);

/// After this time nodes trust what they know of the room clock, and more.
const KNOWN_MS: u64 = 6_000;

#[tokio::test]
async fn a_party_at_two_nodes_goes_on_when_the_clock_of_redis_is_set() {
    let wall = Wall::at("+0");
    let mut site = Site::over(2, wall.shown_to_redis(RedisOptions::new())).await;
    let across = site.watch(&new_room(), &[]).await;
    let mut party = across.party;
    party.command("play", json!({})).await;
    let (began, began_ms) = (Instant::now(), room_ms(&site.nodes[0]).await);
    until("the nodes to know the clock well", NOTICED, async || {
        (room_ms(&site.nodes[1]).await >= began_ms + KNOWN_MS).then_some(())
    })
    .await;
    for (times, offset) in [(1, "+2d"), (2, "-2m"), (3, "+0")] {
        wall.set(offset);
        if times == 1 {
            // This one knows of no other time, and must not vouch for it.
            let new = site.options().start().await.unwrap();
            site.nodes.push(new.into());
        }
        until("the room clock to be steered", NOTICED, async || {
            (steered(&site) >= times).then_some(())
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
    wall.set("-2m");
    until("the room clock to be steered", NOTICED, async || (steered(&site) >= 4).then_some(()))
        .await;
    // Redis forgets how far it is off.
    site.redis.command(&["FLUSHALL"]).await.unwrap();
    until("the room clock to be steered again", NOTICED, async || {
        (steered(&site) >= 5).then_some(())
    })
    .await;
    let late = site.options().start().await.unwrap();
    site.nodes.push(late.into());
    goes_on(&site, began, began_ms).await;
    let state = across.guest[1].state(&party.room_id).await.unwrap();
    assert_eq!(state.room.state, LifecycleState::Live);
    let position = Duration::from_millis(state.room.playback.position_ms);
    assert!(position < began.elapsed() + MEANWHILE, "{:?}", state.room.playback);
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

/// How often nodes have let the room clock go on.
fn steered(site: &Site) -> usize {
    let log: String = site.nodes.iter().map(|node| node.log()).collect();
    log.matches("the clock of Redis was set").count()
}

/// Asserts that the room clock of every node has moved as time has.
async fn goes_on(site: &Site, began: Instant, began_ms: u64) {
    let off = async |node: &ServerProcess| {
        let passed = Duration::from_millis(room_ms(node).await.saturating_sub(began_ms));
        passed.abs_diff(began.elapsed())
    };
    let (old, new) = site.nodes.split_at(site.nodes.len().min(2));
    for node in old {
        let off = off(node).await;
        assert!(off < MEANWHILE, "a node is {off:?} off");
    }
    // One that came while the clock was wrong is soon put right by the others.
    for node in new {
        let is_right = async || (off(node).await < MEANWHILE).then_some(());
        until("a new node to follow", NOTICED, is_right).await;
    }
}

async fn room_ms(node: &ServerProcess) -> u64 {
    node.api().time().await.unwrap().now_ms
}
