//! Nodes over a Redis cluster of three masters.

use std::collections::HashMap;
use std::sync::Arc;

use contracts::{CreateRoom, Outcome};
use harness::http::Method;
use harness::{AppendFsync, RedisCluster, RedisOptions, ServerProcess, WsClient};
use serde_json::{Value, json};

use super::site::{NOTICED, Site, until};
use super::story;
use crate::party::{Party, new_room, sample, versioned};

/// The master that dies: the one that the nodes' heartbeats and the room clock are at while it lives.
const VICTIM: usize = 1;
/// How many rooms are made, at most, to have one of each kind.
const ROOMS_MAX: usize = 200;

#[tokio::test]
async fn a_redis_cluster_behaves_like_a_single_redis() {
    let cluster = RedisCluster::start_with(options()).await.unwrap();
    let site = over(&cluster).await;
    let mut party = site.watch(&story::room(), &[]).await.party;
    story::tell(&mut party).await;
}

#[tokio::test]
async fn with_one_master_dead_the_rooms_of_the_others_go_on_and_its_own_are_refused() {
    let mut cluster = RedisCluster::start_with(options()).await.unwrap();
    let mut site = over(&cluster).await;
    let mut parties = at_every_master(&site, &cluster).await;
    let mut victim = parties.remove(&VICTIM).expect("a party there");

    cluster.node_mut(VICTIM).kill_9().await.unwrap();
    let refused = victim.host.reject("play", json!({})).await.unwrap();
    assert_eq!((&*refused.code, refused.outcome), ("store_unavailable", Outcome::Unknown));
    for party in parties.values_mut() {
        party.command("play", json!({})).await;
    }
    for socket in [&mut victim.host, &mut victim.guest] {
        wait_reachable(socket, false).await;
    }
    given_up(&cluster).await;
    // One that starts now serves them like the others.
    let late = start(&site, &cluster).await;
    site.nodes.push(Arc::new(late));
    for party in parties.values_mut() {
        party.command("pause", json!({})).await;
        let code = party.state().await.room.code;
        for node in 0..site.nodes.len() {
            let api = site.api(node).as_guest("Cy").await.unwrap();
            let mut late = api.enter(&code).await.unwrap();
            party.command("seek", json!({ "position_ms": 1000 + 100 * node })).await;
            let seeked = versioned(&mut late).await;
            assert_eq!(seeked["version"], party.version, "{seeked}");
            let listed = api.public_rooms().await.unwrap().items;
            assert!(listed.iter().any(|room| room.room_id == party.room_id), "{listed:?}");
        }
    }
    for node in 0..site.nodes.len() {
        let ready = site.nodes[node].admin_api().raw(Method::GET, "readyz", &[], "").await.unwrap();
        assert_eq!(ready.status, 200, "{node}: {}", ready.text);
        let api = site.api(node).as_guest("Di").await.unwrap();
        for _ in 0..8 {
            api.create_room_with(&new_room()).await.expect("made at a master that answers");
        }
    }

    cluster.node_mut(VICTIM).restart().await.unwrap();
    for socket in [&mut victim.host, &mut victim.guest] {
        wait_reachable(socket, true).await;
    }
    rebuilt(&mut victim).await;
    for party in parties.values_mut() {
        untouched(party).await;
    }
}

#[tokio::test]
async fn a_replica_that_is_promoted_takes_over_the_rooms_of_its_dead_master() {
    let mut cluster = RedisCluster::start_with(options()).await.unwrap();
    let replica = cluster.replicate(VICTIM).await.unwrap();
    let site = over(&cluster).await;
    let mut parties = at_every_master(&site, &cluster).await;
    let mut victim = parties.remove(&VICTIM).expect("a party there");
    cluster.node_mut(VICTIM).kill_9().await.unwrap();
    for reachable in [false, true] {
        for socket in [&mut victim.host, &mut victim.guest] {
            wait_reachable(socket, reachable).await;
        }
    }
    let role = replica.command(&["ROLE"]).await.unwrap().items()[0].text();
    assert_eq!(role, "master", "it was promoted");
    rebuilt(&mut victim).await;
    for party in parties.values_mut() {
        untouched(party).await;
    }
    // The dead one comes back as a replica.
    cluster.node_mut(VICTIM).restart().await.unwrap();
    until("the old master to be a replica", NOTICED, async || {
        let role = cluster.nodes()[VICTIM].command(&["ROLE"]).await.ok()?.items()[0].text();
        (role == "slave").then_some(())
    })
    .await;
    victim.host.ack("seek", json!({ "position_ms": 4000 })).await.unwrap();
    let seeked = |frame: &Value| frame["data"]["playback"]["position_ms"] == 4000;
    victim.guest.take("a command after it", seeked).await.unwrap();
}

/// Makes parties at two nodes until each master has one. That of a master other than the victim has a code
/// that is kept at the victim.
async fn at_every_master(site: &Site, cluster: &RedisCluster) -> HashMap<usize, Party> {
    let listed = CreateRoom { is_public: true, ..new_room() };
    let mut parties = HashMap::new();
    for _ in 0..ROOMS_MAX {
        let host = site.api(0).as_guest("Ada").await.unwrap();
        let made = host.create_room_with(&listed).await.unwrap();
        let master = master_of(cluster, &format!("*{}:state", made.room_id)).await;
        let code = master_of(cluster, &format!("ph:code:{}", made.code)).await;
        if parties.contains_key(&master) || code != VICTIM {
            host.delete_room(&made.room_id).await.unwrap();
            continue;
        }
        let guest = site.api(1).as_guest("Ben").await.unwrap();
        let server = site.nodes[0].clone();
        let mut party = Party::into(server, host, guest, made.room_id, &[]).await;
        let link = sample(&party.server);
        party.command("set_media", json!({ "link": link })).await;
        party.command("seek", json!({ "position_ms": 2000 })).await;
        parties.insert(master, party);
        if parties.len() == cluster.nodes().len() {
            return parties;
        }
    }
    panic!("{ROOMS_MAX} rooms, and only {} masters have one", parties.len());
}

/// Waits until the masters that live have found the victim dead.
async fn given_up(cluster: &RedisCluster) {
    for (_, node) in cluster.nodes().iter().enumerate().filter(|(index, _)| *index != VICTIM) {
        until("the masters to give up the dead one", NOTICED, async || {
            let nodes = node.command(&["CLUSTER", "NODES"]).await.unwrap().text();
            nodes.lines().any(|line| line.contains("master,fail ")).then_some(())
        })
        .await;
    }
}

/// Asserts that a party was told nothing of what happened to others, and goes on.
async fn untouched(party: &mut Party) {
    party.command("seek", json!({ "position_ms": 5000 })).await;
    assert_eq!(party.state().await.epoch, 1, "nothing was lost there");
    for socket in [&mut party.host, &mut party.guest] {
        let told = socket.take_unread();
        let told = told.iter().find(|frame| frame["type"] == "authority_changed");
        assert_eq!(told, None, "its master was always there");
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
        let node = start(&site, cluster).await;
        site.nodes.push(Arc::new(node));
    }
    site
}

/// Starts a node over the cluster.
async fn start(site: &Site, cluster: &RedisCluster) -> ServerProcess {
    let options = site.options().env("PLAYHEAD_REDIS_URL", cluster.url());
    options.env("PLAYHEAD_REDIS_APPENDFSYNC", "everysec").start().await.unwrap()
}

/// The master that holds keys of this pattern.
async fn master_of(cluster: &RedisCluster, pattern: &str) -> usize {
    let answers = cluster.command(&["KEYS", pattern]).await.unwrap();
    answers.iter().position(|keys| !keys.items().is_empty()).expect("one of them holds it")
}
