//! F9: a node drains under load.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use harness::AppendFsync;
use harness::dice::Dice;
use harness::prove::{Crowd, Order, Outcome, Size};
use serde_json::json;
use tokio::time::{Instant, sleep, timeout};

use super::scene::{Scene, ground};
use crate::nodes::site::sees;
use crate::party::{Party, new_room, playback, sample};

/// The time within which the process must have ended.
const ENDED_WITHIN: Duration = Duration::from_secs(25);

#[tokio::test]
async fn f9_a_draining_node_spreads_its_members_and_loses_nothing() {
    let mut site = ground().on_redis(AppendFsync::Always, 2).await.unwrap();
    let size = Size { rooms: 3, commanders: 2, viewers: 6 };
    let mut dice = Dice::new(9);
    let mut crowd = Crowd::gather(&site, size, &mut dice).await.unwrap();
    crowd.order(Order::Command);
    sleep(Duration::from_millis(400)).await;
    let there = |member: &&harness::prove::Member| member.progress().node == Some(0);
    let moving = crowd.members.iter().filter(there).count();
    let began = Instant::now();
    site.nodes[0].ask_to_end().unwrap();
    let ended = timeout(ENDED_WITHIN, site.nodes[0].wait_exit()).await;
    assert_eq!(ended.expect("it ends in time").unwrap(), Some(0));
    let ended_after = began.elapsed();
    assert!(ended_after < ENDED_WITHIN, "ended after {ended_after:?}");

    let is_moved = |progress: &harness::prove::Progress| progress.node == Some(1);
    for member in &crowd.members {
        member.wait_for("a connection to the other node", is_moved).await.unwrap();
    }
    let back_off_ms: Vec<u64> =
        crowd.members.iter().flat_map(|member| member.progress().back_off_ms).collect();
    assert_eq!(back_off_ms.len(), moving, "each hears when to reconnect: {back_off_ms:?}");
    let different = back_off_ms.iter().collect::<BTreeSet<_>>().len();
    assert!(different > moving / 2, "they don't reconnect all at once: {back_off_ms:?}");
    let resumed = crowd.members.iter().filter(|member| member.progress().resumed > 0).count();
    assert_eq!(resumed, moving, "each resumes its session");

    crowd.settle_without(Some(0)).await.unwrap();
    site.nodes[0].restart().await.unwrap();
    let outcome = crowd.finish(Outcome::new("drain", true, &[]), 1).await.unwrap();
    assert_eq!(outcome.problems(), Vec::<String>::new(), "{outcome}");
    assert!(outcome.acked > 0);
}

#[tokio::test]
async fn f9_nobody_waits_for_those_who_were_connected_to_a_node_that_has_ended() {
    let scene = Scene::new().await;
    let (stays, mut ends) = (Arc::new(scene.node().await), scene.node().await);
    let host_api = stays.api().as_guest("Ada").await.unwrap();
    let guest_api = ends.api().as_guest("Ben").await.unwrap();
    let mut party = Party::of(stays, host_api, guest_api, &new_room(), &["ready"]).await;
    let link = sample(&party.server);
    party.command("set_media", json!({ "link": link })).await;
    sees(&mut party.host, &[&party.host_id, &party.guest_id]).await;
    ends.ask_to_end().unwrap();
    let ended = timeout(ENDED_WITHIN, ends.wait_exit()).await;
    assert_eq!(ended.expect("it ends in time").unwrap(), Some(0));

    // Sooner than a node counts as dead whose heartbeats have stopped.
    sees(&mut party.host, &[&party.host_id]).await;
    party.host.ack("play", json!({})).await.unwrap();
    let frame = party.host.wait_for("playback_changed").await.unwrap();
    let wait = playback(&frame).waiting.expect("it waits");
    assert_eq!(wait.waiting_for.participant_ids, [party.host_id]);
}
