//! Nodes over a Redis cluster of three masters.

use std::sync::Arc;

use contracts::Outcome;
use harness::{AppendFsync, RedisCluster, RedisOptions, WsClient};
use serde_json::{Value, json};

use super::site::Site;
use super::story;
use crate::party::{Party, new_room, versioned};

#[tokio::test]
async fn a_redis_cluster_behaves_like_a_single_redis() {
    let cluster = RedisCluster::start_with(options()).await.unwrap();
    let site = over(&cluster).await;
    let mut party = site.watch(&story::room(), &[]).await.party;
    story::tell(&mut party).await;
}

#[tokio::test]
async fn only_the_rooms_of_a_restarted_master_are_rebuilt() {
    let mut cluster = RedisCluster::start_with(options()).await.unwrap();
    let site = over(&cluster).await;
    let (mut parties, mut masters) = (Vec::new(), Vec::new());
    while masters.iter().all(|master| *master == masters[0]) {
        let party = site.watch(&new_room(), &[]).await.party;
        masters.push(master_of(&cluster, &format!("*{}:state", party.room_id)).await);
        parties.push(party);
    }
    let victim = masters[0];
    for party in &mut parties {
        party.command("seek", json!({ "position_ms": 2000 })).await;
    }
    cluster.node_mut(victim).kill_9().await.unwrap();
    let refused = parties[0].host.reject("play", json!({})).await.unwrap();
    assert_eq!((&*refused.code, refused.outcome), ("store_unavailable", Outcome::Unknown));
    let first = &mut parties[0];
    for socket in [&mut first.host, &mut first.guest] {
        wait_reachable(socket, false).await;
    }
    cluster.node_mut(victim).restart().await.unwrap();
    cluster.wait_ok().await.unwrap();

    for (party, master) in parties.iter_mut().zip(&masters) {
        for socket in [&mut party.host, &mut party.guest] {
            wait_reachable(socket, true).await;
        }
        if *master == victim {
            rebuilt(party).await;
            let log: String = site.nodes.iter().map(|node| node.log()).collect();
            let once = |line: &&str| line.contains("room rebuilt") && line.contains(&party.room_id);
            assert_eq!(log.lines().filter(once).count(), 1, "by one node, once: {log}");
        } else {
            party.command("play", json!({})).await;
            assert_eq!(party.state().await.epoch, 1, "nothing was lost there");
        }
    }
}

/// Asserts that both hear of the new epoch and that the room continues where it was.
async fn rebuilt(party: &mut Party) {
    let mut epochs = Vec::new();
    for socket in [&mut party.host, &mut party.guest] {
        let rebased = versioned(socket).await;
        assert_eq!(rebased["type"], "rebased", "{rebased}");
        // By what its operator declares, a loss can't be excluded.
        assert_eq!(rebased["data"]["lost"], true);
        epochs.push(rebased["epoch"].as_u64().unwrap());
        let previous = json!({ "epoch": 1, "version": party.version });
        assert_eq!(rebased["data"]["previous"], previous);
    }
    // Each node takes an epoch before it writes, and the first to write rebuilds the room.
    assert!(epochs[0] > 1 && epochs[0] == epochs[1], "{epochs:?}");
    party.version += 1;
    assert_eq!(party.state().await.room.playback.position_ms, 2000);
    party.host.ack("seek", json!({ "position_ms": 3000 })).await.unwrap();
    let seeked = |frame: &Value| frame["data"]["playback"]["position_ms"] == 3000;
    let seeked = party.guest.take("a command after it", seeked).await.unwrap();
    assert_eq!(seeked["epoch"], epochs[0]);
}

async fn wait_reachable(socket: &mut WsClient, reachable: bool) {
    let wanted = |frame: &Value| {
        frame["type"] == "authority_changed" && frame["data"]["reachable"] == reachable
    };
    socket.take(format!("authority_changed, reachable: {reachable}"), wanted).await.unwrap();
}

/// Options for masters that don't sync to disk, since no power cut is tested here.
fn options() -> RedisOptions {
    RedisOptions::new().append_fsync(AppendFsync::Everysec)
}

/// Two nodes over the cluster, which don't use the site's own Redis.
async fn over(cluster: &RedisCluster) -> Site {
    let mut site = Site::of(0).await;
    for _ in 0..2 {
        let options = site.options().env("PLAYHEAD_REDIS_URL", cluster.url());
        let options = options.env("PLAYHEAD_REDIS_APPENDFSYNC", "everysec");
        site.nodes.push(Arc::new(options.start().await.unwrap()));
    }
    site
}

/// The master that holds keys of this pattern.
async fn master_of(cluster: &RedisCluster, pattern: &str) -> usize {
    let answers = cluster.command(&["KEYS", pattern]).await.unwrap();
    answers.iter().position(|keys| !keys.items().is_empty()).expect("one of them holds it")
}
