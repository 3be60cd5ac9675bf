//! People who are let in at one node, and come to another.

use contracts::{
    CreateRoom, Entry, GrantRequest, InviteRequest, JoinRequest, MadeGrants, PatchRoom, Role,
};
use harness::http::Method;
use harness::{DEADLINE, Upgrade, until};
use serde_json::json;

use super::site::{Across, Site, site};
use crate::party::new_room;
use crate::{problem, products};

#[tokio::test]
async fn an_invite_used_at_one_node_opens_the_websocket_of_the_other_with_its_role() {
    let site = site().await;
    let Across { party, .. } = site.meet(&new_room(), &[]).await;
    let shut = PatchRoom { entry: Some(Entry::Invite), ..PatchRoom::default() };
    party.host_api.patch_room(&party.room_id, &shut).await.unwrap();
    for (joins_at, connects_at) in [(0, 1), (1, 0)] {
        let asked = InviteRequest { role: Some(Role::CoHost), ..InviteRequest::default() };
        let made = party.host_api.invite(&party.room_id, &asked).await.unwrap();
        let guest = site.api(joins_at).as_guest("Grace").await.unwrap();
        let brought = JoinRequest { invite: Some(made.invite), password: None };
        let mut ticket = guest.join_with(&party.room_id, &brought).await.unwrap().ws;
        let [here, there] = [joins_at, connects_at].map(|node| site.nodes[node].page());
        ticket.url =
            ticket.url.replace(&here.replacen("http", "ws", 1), &there.replacen("http", "ws", 1));
        let welcome = Upgrade::with(&ticket).connect().await.unwrap().hello(&[]).await.unwrap();
        assert_eq!(welcome.role, Role::CoHost);
    }
}

#[tokio::test]
async fn a_knock_at_one_node_is_shown_and_answered_at_the_other() {
    let site = site().await;
    let Across { mut party, .. } = site.meet(&new_room(), &[]).await;
    let shut = PatchRoom { entry: Some(Entry::Knock), ..PatchRoom::default() };
    party.host_api.patch_room(&party.room_id, &shut).await.unwrap();
    let guest = site.api(1).as_guest("Grace").await.unwrap();
    let join = format!("rooms/{}/join", party.room_id);
    let knocked = async || {
        let refused = guest.request(Method::POST, &join, None).await.unwrap();
        let knows = refused.text.contains("approval_pending");
        knows.then_some(())
    };
    until("the other node knows that one has to knock", DEADLINE, knocked).await;
    let shown = party.host.wait_for("knocks_changed").await.unwrap();
    assert_eq!(shown["data"]["knocks"][0]["display_name"], "Grace", "{shown}");
    let id = shown["data"]["knocks"][0]["participant_id"].as_str().unwrap().to_owned();
    party.host_api.answer_knock(&party.room_id, &id, true).await.unwrap();
    let comes_in = async || guest.join(&party.room_id).await.ok();
    let joined = until("the other node lets them in", DEADLINE, comes_in).await;
    assert_eq!(joined.participant_id, id);
}

#[tokio::test]
async fn a_grant_that_is_revoked_at_one_node_closes_the_connection_to_the_other_for_good() {
    let site = site().await;
    let Across { mut party, guest: [here, elsewhere], .. } = site.meet(&new_room(), &[]).await;
    let shut = PatchRoom { entry: Some(Entry::Invite), ..PatchRoom::default() };
    party.host_api.patch_room(&party.room_id, &shut).await.unwrap();
    let user_id = elsewhere.me().await.unwrap().user_id;
    let grant = GrantRequest { user_id, role: None, expires_at_ms: None };
    let made = party.host_api.grant(&party.room_id, &grant).await.unwrap();
    party.host_api.revoke_grant(&party.room_id, &made.grant_id).await.unwrap();
    assert_eq!(party.guest.closed().await.unwrap().close_code, Some(4414));
    let path = format!("rooms/{}/join", party.room_id);
    for api in [&here, &elsewhere] {
        let refused = api.request(Method::POST, &path, Some(&json!({}))).await.unwrap();
        problem::check(&refused, "invite_required", "who was a member before");
    }
}

#[tokio::test]
async fn somebody_whose_grant_ended_while_redis_was_away_stays_out_if_their_knock_is_refused() {
    let mut site = Site::of(0).await;
    let keys = format!("shop:{}", products::SECRET);
    let node = site.options().env("PLAYHEAD_API_KEYS", keys).start().await.unwrap();
    let host = node.api().as_guest("Ada").await.unwrap();
    let room = CreateRoom { entry: Some(Entry::Knock), ..new_room() };
    let room_id = host.create_room_with(&room).await.unwrap().room_id;
    let pass = json!({ "user_id": "42", "rooms": [room_id] });
    let made = products::with_key(&node, "grants", &pass).await;
    let MadeGrants { grants } = made.parse().unwrap();
    let grace = products::member(&node, "42", "Grace").await;
    grace.join(&room_id).await.unwrap();

    site.redis.kill_9().await.unwrap();
    let pass = format!("grants/{}", grants[0].grant_id);
    let unheard = products::delete_with_key(&node, &pass).await;
    problem::check(&unheard, "store_unavailable", "nobody hears that she is no member any more");
    site.redis.restart().await.unwrap();
    let join = format!("rooms/{room_id}/join");
    let knocks = async || {
        let refused = grace.request(Method::POST, &join, None).await.unwrap();
        refused.text.contains("approval_pending").then_some(())
    };
    until("she has to knock", DEADLINE, knocks).await;
    host.answer_knock(&room_id, &grants[0].participant_id, false).await.unwrap();
    let refused = grace.request(Method::POST, &join, None).await.unwrap();
    problem::check(&refused, "approval_declined", "her knock was refused");
}
