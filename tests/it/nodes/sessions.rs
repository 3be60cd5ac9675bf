//! Tickets and sessions from one node, used at the other.

use contracts::{Resume, Welcome};
use harness::http::Method;
use harness::{Api, Closed, Upgrade, WsClient};
use serde_json::json;
use server::sql::{RefreshFamily, Sql};

use super::site::{Across, Site, site};
use crate::party::{new_room, number, versioned};
use crate::problem;

#[tokio::test]
async fn a_ticket_from_one_node_opens_one_socket_at_the_other() {
    let site = site().await;
    let [here, _] = site.guest("Ada").await;
    let room_id = here.create_room("Friday").await.unwrap().room_id;
    let joined = here.join(&room_id).await.unwrap();
    let [there, back] = [1, 0].map(|node| at_node(&site, node, &joined.ws.url));
    let mut socket = Upgrade::new(&there).ticket(&joined.ws.ticket).connect().await.unwrap();
    for url in [&there, &back] {
        let again = Upgrade::new(url).ticket(&joined.ws.ticket).refusal().await.unwrap();
        problem::check(&again, "ticket_invalid", "a ticket that is in use");
    }
    let welcome = socket.hello(&[]).await.unwrap();
    assert_eq!(welcome.participant_id, joined.participant_id);
    socket.close().await.unwrap();
    let used = Upgrade::new(&back).ticket(&joined.ws.ticket).refusal().await.unwrap();
    problem::check(&used, "ticket_invalid", "a ticket that was used");
}

#[tokio::test]
async fn a_session_resumes_at_the_other_node_without_gap_or_repetition() {
    let site = site().await;
    let Across { mut party, guest: [elsewhere, here], .. } = site.watch(&new_room(), &[]).await;
    party.guest.close().await.unwrap();
    let mut socket = here.connect(&party.room_id).await.unwrap();
    let first = socket.welcome(&[], None).await.unwrap();
    party.host.ack("play", json!({})).await.unwrap();
    let seen = versioned(&mut socket).await;
    assert_eq!(number(&seen["version"]), number(&first["version"]) + 1);
    socket.close().await.unwrap();
    party.host.ack("seek", json!({ "position_ms": 2000 })).await.unwrap();
    let last = party.host.ack("pause", json!({})).await.unwrap();

    let mut socket = elsewhere.connect(&party.room_id).await.unwrap();
    let resume = Resume {
        session_id: first["data"]["session_id"].as_str().unwrap_or_default().to_owned(),
        epoch: last.epoch,
        version: number(&seen["version"]),
    };
    let session_id = resume.session_id.clone();
    let welcome = socket.welcome(&[], Some(resume)).await.unwrap();
    assert_eq!(number(&welcome["version"]), last.version, "the newest state");
    let data: Welcome = serde_json::from_value(welcome["data"].clone()).unwrap();
    assert!(data.resumed && data.session_id == session_id);
    assert_eq!(data.room, party.host_api.state(&party.room_id).await.unwrap().room);
    for position_ms in [1, 2, 3] {
        party.host.ack("seek", json!({ "position_ms": position_ms })).await.unwrap();
        let next = versioned(&mut socket).await;
        assert_eq!(next["type"], "playback_changed", "no rebuild, no second state");
        assert_eq!(number(&next["version"]), last.version + position_ms);
    }
}

#[tokio::test]
async fn the_old_socket_of_a_session_closes_when_it_resumes_at_the_other_node() {
    let site = site().await;
    let Across { mut party, guest: [elsewhere, here], .. } = site.watch(&new_room(), &[]).await;
    let mut old = here.connect(&party.room_id).await.unwrap();
    let welcome = old.hello(&[]).await.unwrap();
    let mut new = resume(&elsewhere, &party.room_id, &welcome, party.version).await;
    let replaced = Closed { close_code: Some(4409), reason: "session_replaced".to_owned() };
    assert_eq!(old.closed().await.unwrap(), replaced);
    party.command("play", json!({})).await;
    assert_eq!(number(&versioned(&mut new).await["version"]), party.version);
    // The other sockets of the participant are separate sessions.
    party.nothing_happened().await;
}

#[tokio::test]
async fn who_leaves_at_one_node_is_gone_at_the_other_too_and_a_host_stays_lost() {
    let site = site().await;
    let ada = site.guest("Ada").await;
    let [ben, _] = site.guest("Ben").await;
    let room_id = ada[0].create_room("Friday").await.unwrap().room_id;
    let mut sockets = Vec::new();
    for api in [&ada[0], &ada[1], &ben] {
        let mut socket = api.connect(&room_id).await.unwrap();
        socket.hello(&[]).await.unwrap();
        sockets.push(socket);
    }
    sockets[0].ack("leave", json!({})).await.unwrap();
    let left = Closed { close_code: Some(1000), reason: "left".to_owned() };
    assert_eq!(sockets[1].closed().await.unwrap(), left);
    let lost = versioned(&mut sockets[2]).await;
    assert_eq!(lost["type"], "lifecycle_changed", "{lost}");
    assert_eq!(lost["data"]["state"], "grace", "{lost}");
    let state = ben.state(&room_id).await.unwrap();
    assert_eq!(state.version, number(&lost["version"]), "nothing has brought the host back");
}

#[tokio::test]
async fn a_refresh_token_that_is_used_at_both_nodes_at_once_has_one_successor() {
    let site = site().await;
    let mut tokens = site.api(0).guest("Ada").await.unwrap();
    for _ in 0..10 {
        let [here, there] = [site.api(0), site.api(1)];
        let text = &tokens.refresh_token;
        let (one, other) = tokio::join!(here.refresh(text), there.refresh(text));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.refresh_token, other.refresh_token);
        assert_eq!((&one.user_id, &other.user_id), (&tokens.user_id, &tokens.user_id));
        // The access token of each node is valid at the other.
        here.with_token(&other.access_token).create_room("Friday").await.unwrap();
        there.with_token(&one.access_token).create_room("Friday").await.unwrap();
        tokens = one;
    }
}

#[tokio::test]
async fn a_spent_refresh_token_ends_the_access_tokens_and_the_sockets_of_its_family_at_every_node()
{
    let site = site().await;
    let first = site.api(0).guest("Ada").await.unwrap();
    let second = site.api(1).refresh(&first.refresh_token).await.unwrap();
    let newest = site.api(0).refresh(&second.refresh_token).await.unwrap();
    let [here, there] = [0, 1].map(|node| site.api(node).with_token(&newest.access_token));
    let room_id = here.create_room("Friday").await.unwrap().room_id;
    let [ben, _] = site.guest("Ben").await;
    let mut of_ben = ben.connect(&room_id).await.unwrap();
    of_ben.hello(&[]).await.unwrap();
    let mut sockets = Vec::new();
    for api in [&here, &there] {
        let mut socket = api.connect(&room_id).await.unwrap();
        socket.hello(&[]).await.unwrap();
        sockets.push(socket);
    }
    let unused = there.join(&room_id).await.unwrap().ws;

    age(&site.sql().await, &newest.refresh_token).await;
    let spent = json!({ "refresh_token": first.refresh_token });
    let refused = site.api(0).request(Method::POST, "auth/refresh", Some(&spent)).await.unwrap();
    problem::check(&refused, "token_invalid", "a spent refresh token");
    for tokens in [&first, &second, &newest] {
        check_revoked(&site.api(0).with_token(&tokens.access_token), &room_id).await;
    }
    for mut socket in sockets {
        let ended = Closed { close_code: Some(4401), reason: "token_expired".to_owned() };
        assert_eq!(socket.closed().await.unwrap(), ended);
    }
    // The other node knows it by now, since it has closed the second socket.
    check_revoked(&there, &room_id).await;
    let refused = Upgrade::with(&unused).refusal().await.unwrap();
    problem::check(&refused, "token_invalid", "a ticket from before");
    ben.join(&room_id).await.unwrap();
    of_ben.ack("leave", json!({})).await.unwrap();
}

/// Checks that a revoked access token is refused.
async fn check_revoked(api: &Api, room_id: &str) {
    let join = format!("rooms/{room_id}/join");
    for (method, path) in [(Method::POST, join.as_str()), (Method::POST, "rooms")] {
        let body = json!({ "name": "Friday" });
        let refused = api.request(method, path, Some(&body)).await.unwrap();
        problem::check(&refused, "token_invalid", path);
    }
}

/// Makes the newest refresh token of a family a minute older, so that those before it are spent.
async fn age(sql: &Sql, refresh_token: &str) {
    let (family_id, _) = refresh_token.split_once('.').unwrap();
    let family_id = family_id.trim_start_matches("rt_");
    let family = sql.find_refresh_family(family_id).await.unwrap().unwrap();
    let rotated_at = family.rotated_at.minus_millis(60_000);
    let older = RefreshFamily { rotated_at, ..family.clone() };
    assert!(sql.rotate_refresh_family(&family.token_hash, &older).await.unwrap().is_some());
}

async fn resume(api: &harness::Api, room_id: &str, welcome: &Welcome, version: u64) -> WsClient {
    let mut socket = api.connect(room_id).await.unwrap();
    let session_id = welcome.session_id.clone();
    let again = socket.hello_with(&[], Some(Resume { session_id, epoch: 1, version })).await;
    let again = again.unwrap();
    assert!(again.resumed && again.session_id == welcome.session_id);
    socket
}

/// The same URL at another node.
fn at_node(site: &Site, node: usize, url: &str) -> String {
    let host = |url: &str| url.split('/').nth(2).unwrap_or_default().to_owned();
    url.replacen(&host(url), &host(site.nodes[node].page()), 1)
}
