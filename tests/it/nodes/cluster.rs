//! Nodes over a cluster of three masters.

use std::sync::Arc;

use harness::{RedisCluster, RedisOptions};
use serde_json::json;

use super::site::{Across, Site};
use super::story;
use crate::party::{Party, new_room};

#[tokio::test]
async fn nodes_over_a_cluster_tell_the_same_story() {
    let cluster = RedisCluster::start().await.unwrap();
    let site = over(&cluster).await;
    let mut party = site.watch(&story::room(), &[]).await.party;
    story::tell(&mut party).await;
}

#[tokio::test]
async fn a_master_that_is_killed_takes_its_own_rooms_away_alone_and_brings_them_back() {
    // Each master serves its own slots, whatever becomes of the others.
    let options = RedisOptions::new().arg("cluster-require-full-coverage", "no");
    let mut cluster = RedisCluster::start_with(options).await.unwrap();
    let site = over(&cluster).await;
    let mut parties: Vec<Party> = Vec::new();
    let mut masters = Vec::new();
    // The one that knows the nodes stays.
    let central = holds(&cluster, "ph:{nodes}:alive").await;
    while !(masters.iter().any(|master| *master == central)
        && masters.iter().any(|master| *master != central))
    {
        let Across { party, .. } = site.watch(&new_room(), &[]).await;
        masters.push(holds(&cluster, &format!("*{}:state", party.room_id)).await);
        parties.push(party);
    }
    let victim = *masters.iter().find(|master| **master != central).expect("there is one");
    let mut acked = Vec::new();
    for party in &mut parties {
        acked.push(party.host.ack("seek", json!({ "position_ms": 2000 })).await.unwrap());
        party.committed().await;
    }
    cluster.node_mut(victim).kill_9().await.unwrap();

    for (party, master) in parties.iter_mut().zip(&masters) {
        if *master == victim {
            let refused = party.host.reject("play", json!({})).await.unwrap();
            assert_eq!(refused.code, "store_unavailable");
        } else {
            party.command("play", json!({})).await;
            party.command("pause", json!({})).await;
        }
    }
    cluster.node_mut(victim).restart().await.unwrap();
    cluster.wait_ok().await.unwrap();
    for ((party, master), acked) in parties.iter_mut().zip(&masters).zip(&acked) {
        if *master != victim {
            party.command("play", json!({})).await;
            continue;
        }
        for socket in [&mut party.host, &mut party.guest] {
            let rebased = |frame: &serde_json::Value| frame["type"] == "rebased";
            let rebased = socket.take("the rebuild", rebased).await.unwrap();
            assert_eq!(
                (&rebased["epoch"], &rebased["data"]["lost"]),
                (&json!(acked.epoch + 1), &json!(false)),
                "{rebased}"
            );
        }
        let state = party.state().await;
        assert_eq!(state.room.playback.position_ms, 2000);
        party.host.ack("play", json!({})).await.unwrap();
        let playing = |frame: &serde_json::Value| {
            frame["type"] == "playback_changed" && frame["epoch"] == acked.epoch + 1
        };
        party.guest.take("a command after it", playing).await.unwrap();
    }
}

/// Two nodes over the cluster, which leaves the site's own Redis alone.
async fn over(cluster: &RedisCluster) -> Site {
    let mut site = Site::of(0).await;
    for _ in 0..2 {
        let node = site.options().env("PLAYHEAD_REDIS_URL", cluster.url()).start().await.unwrap();
        site.nodes.push(Arc::new(node));
    }
    site
}

/// Which master holds keys of this pattern.
async fn holds(cluster: &RedisCluster, pattern: &str) -> usize {
    let answers = cluster.command(&["KEYS", pattern]).await.unwrap();
    answers.iter().position(|keys| !keys.items().is_empty()).expect("one of them holds it")
}
