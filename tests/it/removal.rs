//! Removing people from a room, and banning them: who may, and what it closes.

use std::sync::Arc;

use contracts::{BanRequest, Role};
use harness::http::Method;
use harness::{Api, Closed, DEADLINE, Upgrade, WsClient, until};
use serde_json::{Value, json};
use server::clock::WallTime;

use crate::party::{Party, new_room, options, server, text};
use crate::problem;

#[tokio::test]
async fn somebody_who_is_removed_is_disconnected_everywhere_and_may_join_again() {
    let mut party = Party::idle().await;
    let mut second = party.guest_api.enter(&party.room_id).await.unwrap();
    party.host_api.remove(&party.room_id, &party.guest_id).await.unwrap();
    for socket in [&mut party.guest, &mut second] {
        assert_eq!(closing(socket).await, ("removed".to_owned(), "never".to_owned()));
        assert_eq!(socket.closed().await.unwrap(), closed(4411, "removed"));
    }
    assert_eq!(connected(&party.host_api, &party.room_id).await, [party.host_id.as_str()]);
    let path = format!("rooms/{}/state", party.room_id);
    let refused = party.guest_api.request(Method::GET, &path, None).await.unwrap();
    problem::check(&refused, "not_member", "a state after the removal");
    let again = party.guest_api.join(&party.room_id).await.unwrap();
    assert_eq!(again.participant_id, party.guest_id);
    Upgrade::with(&again.ws).connect().await.unwrap().hello(&[]).await.unwrap();
}

#[tokio::test]
async fn somebody_who_is_banned_is_disconnected_and_stays_out_until_the_ban_is_lifted() {
    let mut party = Party::idle().await;
    let ticket = party.guest_api.join(&party.room_id).await.unwrap().ws;
    let asked = BanRequest { reason: Some("spoilers".to_owned()), ..ban_of(&party.guest_id) };
    let ban = party.host_api.ban(&party.room_id, &asked).await.unwrap();
    assert_eq!((&ban.participant_id, &ban.by), (&party.guest_id, &party.host_id));
    assert_eq!(
        (ban.display_name.as_deref(), ban.reason.as_deref()),
        (Some("Ben"), Some("spoilers"))
    );
    assert_eq!(ban.until_ms, None, "it lasts as long as the room");
    assert_eq!(closing(&mut party.guest).await, ("banned".to_owned(), "never".to_owned()));
    assert_eq!(party.guest.closed().await.unwrap(), closed(4412, "banned"));

    let join = format!("rooms/{}/join", party.room_id);
    let refused = party.guest_api.request(Method::POST, &join, None).await.unwrap();
    problem::check(&refused, "banned", "to join again");
    let refused = Upgrade::with(&ticket).refusal().await.unwrap();
    problem::check(&refused, "banned", "a ticket from before the ban");
    assert_eq!(party.host_api.bans(&party.room_id).await.unwrap().items, [ban]);

    party.host_api.lift_ban(&party.room_id, &party.guest_id).await.unwrap();
    assert_eq!(party.host_api.bans(&party.room_id).await.unwrap().items, []);
    party.guest_api.enter(&party.room_id).await.unwrap();
    let path = format!("rooms/{}/bans/{}", party.room_id, party.guest_id);
    let refused = party.host_api.request(Method::DELETE, &path, None).await.unwrap();
    problem::check(&refused, "ban_not_found", "a ban that was lifted");
}

#[tokio::test]
async fn people_who_are_not_there_any_more_can_be_banned_and_a_ban_can_be_replaced() {
    let party = Party::idle().await;
    party.host_api.remove(&party.room_id, &party.guest_id).await.unwrap();
    party.host_api.ban(&party.room_id, &ban_of(&party.guest_id)).await.unwrap();
    party.host_api.lift_ban(&party.room_id, &party.guest_id).await.unwrap();
    let mut troll = party.guest_api.enter(&party.room_id).await.unwrap();
    troll.ack("leave", json!({})).await.unwrap();
    let first = party.host_api.ban(&party.room_id, &ban_of(&party.guest_id)).await.unwrap();
    let asked = BanRequest { reason: Some("again".to_owned()), ..ban_of(&party.guest_id) };
    let second = party.host_api.ban(&party.room_id, &asked).await.unwrap();
    assert_eq!((first.reason, second.reason.as_deref()), (None, Some("again")));
    assert_eq!(party.host_api.bans(&party.room_id).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn somebody_who_is_banned_loses_their_role_and_gets_none() {
    let mut party = Party::idle().await;
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::CoHost).await.unwrap();
    party.committed().await;
    party.host_api.ban(&party.room_id, &ban_of(&party.guest_id)).await.unwrap();
    let role = party.host.wait_for("role_changed").await.unwrap();
    assert_eq!(role["data"]["role"], "guest", "{role}");
    party.host_api.lift_ban(&party.room_id, &party.guest_id).await.unwrap();
    let viewer = Role::Viewer;
    party.guest_api.join(&party.room_id).await.unwrap();
    // A viewer is named by the room, and so joined for ever.
    party.host_api.give_role(&party.room_id, &party.guest_id, viewer).await.unwrap();
    party.host_api.ban(&party.room_id, &ban_of(&party.guest_id)).await.unwrap();
    let path = format!("rooms/{}/participants/{}", party.room_id, party.guest_id);
    let role = json!({ "role": "co_host" });
    let refused = party.host_api.request(Method::PATCH, &path, Some(&role)).await.unwrap();
    problem::check(&refused, "participant_not_found", "a role for somebody who is banned");
    let to = json!({ "participant_id": party.guest_id });
    let refused = party.host.reject("host_transfer", to).await.unwrap();
    assert_eq!(refused.code, "participant_not_found");
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::Guest).await.unwrap();
}

#[tokio::test]
async fn a_ban_that_comes_before_hello_closes_the_connection_with_its_reason() {
    let party = Party::idle().await;
    let mut early = party.guest_api.connect(&party.room_id).await.unwrap();
    party.host_api.ban(&party.room_id, &ban_of(&party.guest_id)).await.unwrap();
    let refused = early.hello(&[]).await.unwrap_err().to_string();
    assert!(refused.contains("banned"), "{refused}");
    assert_eq!(early.closed().await.unwrap(), closed(4412, "banned"));
}

#[tokio::test]
async fn a_ban_survives_a_restart() {
    let mut server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let guest = server.api().as_guest("Ben").await.unwrap();
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    let mut socket = host.enter(&room_id).await.unwrap();
    let id = guest.join(&room_id).await.unwrap().participant_id;
    host.ban(&room_id, &ban_of(&id)).await.unwrap();
    server.kill_9().await.unwrap();
    socket.closed().await.unwrap();
    server.restart().await.unwrap();
    let join = format!("rooms/{room_id}/join");
    let refused = guest.request(Method::POST, &join, None).await.unwrap();
    problem::check(&refused, "banned", "to join after the restart");
}

#[tokio::test]
async fn a_ban_that_is_refused_changes_nothing() {
    let server = options().env("PLAYHEAD_LIMIT_BANS_PER_ROOM", "1").start().await.unwrap();
    let mut party = Party::meet(Arc::new(server), &new_room(), &[]).await;
    let other = party.server.api().as_guest("Cleo").await.unwrap();
    let other = other.join(&party.room_id).await.unwrap().participant_id;
    party.host_api.ban(&party.room_id, &ban_of(&other)).await.unwrap();
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::CoHost).await.unwrap();
    party.committed().await;
    let refused = ban(&party.host_api, &party.room_id, &party.guest_id).await;
    problem::check(&refused, "limit_reached", "a second ban");
    party.nothing_happened().await;
    party.guest.ack("leave", json!({})).await.unwrap();
    let joined = party.guest_api.join(&party.room_id).await.unwrap();
    assert_eq!(joined.role, contracts::Role::CoHost, "it is what it was");
}

#[tokio::test]
async fn a_ban_ends_at_its_time() {
    let party = Party::idle().await;
    party.host_api.ban(&party.room_id, &ban_of(&party.guest_id)).await.unwrap();
    let room = format!("rooms/{}", party.room_id);
    let refused = party.guest_api.request(Method::GET, &room, None).await.unwrap();
    problem::check(&refused, "banned", "to find the room before the end");
    // Only now does it get an end, so that nothing has to happen before that comes.
    let until_ms = Some(WallTime::now().plus_millis(2_000).as_millis());
    let asked = BanRequest { until_ms, ..ban_of(&party.guest_id) };
    assert_eq!(party.host_api.ban(&party.room_id, &asked).await.unwrap().until_ms, until_ms);
    let ended = async || party.guest_api.find_room(&party.room_id).await.ok();
    until("the ban ends", DEADLINE, ended).await;
    assert_eq!(party.host_api.bans(&party.room_id).await.unwrap().items, []);
    let past = Some(json!({ "participant_id": party.guest_id, "until_ms": 1_000 }));
    let path = format!("rooms/{}/bans", party.room_id);
    let response = party.host_api.request(Method::POST, &path, past.as_ref()).await.unwrap();
    problem::check(&response, "invalid_request", "a ban that has ended");
}

#[tokio::test]
async fn who_moderates_removes_only_people_of_lower_roles() {
    let party = Party::idle().await;
    let room_id = party.room_id.as_str();
    let (mut apis, mut ids) = (Vec::new(), Vec::new());
    for role in [Role::CoHost, Role::Moderator, Role::Viewer] {
        let api = server().await.api().as_guest("Cleo").await.unwrap();
        let id = api.join(room_id).await.unwrap().participant_id;
        party.host_api.give_role(room_id, &id, role).await.unwrap();
        apis.push(api);
        ids.push(id);
    }
    let [co_host, moderator, viewer] = &ids[..] else { panic!() };
    let (by_co_host, by_moderator, by_viewer) = (&apis[0], &apis[1], &apis[2]);
    let guest = &party.guest_id;
    for (api, whom, code) in [
        (&party.guest_api, viewer, "forbidden"),
        (by_viewer, guest, "forbidden"),
        (by_viewer, &"p_unknown".to_owned(), "forbidden"),
        (by_moderator, co_host, "forbidden"),
        (by_moderator, moderator, "forbidden"),
        (by_moderator, &party.host_id, "forbidden"),
        (by_co_host, &party.host_id, "forbidden"),
        (&party.host_api, &party.host_id, "forbidden"),
        (by_moderator, &"p_unknown".to_owned(), "participant_not_found"),
    ] {
        for response in [remove(api, room_id, whom).await, ban(api, room_id, whom).await] {
            problem::check(&response, code, whom);
        }
    }
    for path in [format!("rooms/{room_id}/bans"), format!("rooms/{room_id}/bans/{guest}")] {
        let method = if path.ends_with("bans") { Method::GET } else { Method::DELETE };
        let response = by_viewer.request(method, &path, None).await.unwrap();
        problem::check(&response, "forbidden", &path);
    }
    assert_eq!(ban(by_moderator, room_id, viewer).await.status, 201);
    // The role goes, too: it isn't there when they return.
    assert_eq!(remove(by_co_host, room_id, moderator).await.status, 204);
    assert_eq!(by_moderator.join(room_id).await.unwrap().role, contracts::Role::Guest);
    assert_eq!(remove(&party.host_api, room_id, co_host).await.status, 204);
    assert_eq!(by_co_host.join(room_id).await.unwrap().role, contracts::Role::Guest);
}

#[tokio::test]
async fn bad_requests_for_bans_are_refused_and_change_nothing() {
    let party = Party::meet(server().await, &new_room(), &[]).await;
    let path = format!("rooms/{}/bans", party.room_id);
    let long = "a".repeat(201);
    for body in [
        json!({}),
        json!({ "participant_id": 7 }),
        json!({ "participant_id": party.guest_id, "reason": long }),
        json!({ "participant_id": party.guest_id, "reason": ["a"] }),
        json!({ "participant_id": party.guest_id, "until_ms": "soon" }),
        json!({ "participant_id": party.guest_id, "until_ms": -1 }),
        json!({ "participant_id": party.guest_id, "until_ms": 9_007_199_254_740_992_u64 }),
    ] {
        let response = party.host_api.request(Method::POST, &path, Some(&body)).await.unwrap();
        problem::check(&response, "invalid_request", &body.to_string());
    }
    for page in ["page_token=%00", "page_token=e30"] {
        let path = format!("{path}?{page}");
        let response = party.host_api.request(Method::GET, &path, None).await.unwrap();
        problem::check(&response, "page_token_invalid", page);
    }
    assert_eq!(party.host_api.bans(&party.room_id).await.unwrap().items, []);
    assert_eq!(connected(&party.host_api, &party.room_id).await.len(), 2);
}

#[tokio::test]
async fn the_list_of_bans_has_pages() {
    let party = Party::idle().await;
    let mut banned = Vec::new();
    for _ in 0..3 {
        let api = server().await.api().as_guest("Dora").await.unwrap();
        let id = api.join(&party.room_id).await.unwrap().participant_id;
        party.host_api.ban(&party.room_id, &ban_of(&id)).await.unwrap();
        banned.insert(0, id);
    }
    let mut found: Vec<String> = Vec::new();
    let mut query = "page_size=2".to_owned();
    loop {
        let path = format!("rooms/{}/bans?{query}", party.room_id);
        let page = party.host_api.request(Method::GET, &path, None).await.unwrap();
        let page: Value = serde_json::from_str(&page.text).unwrap();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        found.extend(items.iter().map(|ban| text(&ban["participant_id"])));
        let Some(next) = page["next_page_token"].as_str() else { break };
        query = format!("page_size=2&page_token={next}");
    }
    assert_eq!(found, banned, "the newest first");
}

fn ban_of(participant_id: &str) -> BanRequest {
    BanRequest { participant_id: participant_id.to_owned(), reason: None, until_ms: None }
}

async fn remove(api: &Api, room: &str, whom: &str) -> harness::Response {
    let path = format!("rooms/{room}/participants/{whom}");
    api.request(Method::DELETE, &path, None).await.unwrap()
}

async fn ban(api: &Api, room: &str, whom: &str) -> harness::Response {
    let body = json!({ "participant_id": whom });
    api.request(Method::POST, &format!("rooms/{room}/bans"), Some(&body)).await.unwrap()
}

/// The code and the retry of the frame that announces a close.
async fn closing(socket: &mut WsClient) -> (String, String) {
    let frame = socket.wait_for("closing").await.unwrap();
    (text(&frame["data"]["code"]), text(&frame["data"]["retry"]))
}

fn closed(close_code: u16, reason: &str) -> Closed {
    Closed { close_code: Some(close_code), reason: reason.to_owned() }
}

/// Who is connected, by id.
async fn connected(api: &Api, room: &str) -> Vec<String> {
    let page = api.participants(room).await.unwrap();
    page.items.into_iter().map(|one| one.participant_id).collect()
}
