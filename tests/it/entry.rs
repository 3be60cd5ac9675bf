//! Who gets into a room: by its entry, an invite, a password, a knock or a grant, and how that ends.

use std::sync::Arc;

use contracts::{
    CreateRoom, Entry, GrantRequest, GrantVia, InviteRequest, JoinRequest, MadeGrants, PatchRoom,
    Role,
};
use harness::http::Method;
use harness::{Api, Closed, DEADLINE, Response, Upgrade, until};
use serde_json::{Value, json};
use server::clock::WallTime;

use crate::party::{Party, new_room, options, server};
use crate::{problem, products};

#[tokio::test]
async fn a_room_for_invited_people_lets_in_who_was_there_who_has_a_role_and_who_brings_an_invite() {
    let mut party = Party::idle().await;
    close(&mut party, Entry::Invite).await;
    // Nobody has to leave, and who was there may come back.
    party.guest_api.join(&party.room_id).await.unwrap();
    party.host_api.join(&party.room_id).await.unwrap();

    let stranger = party.server.api().as_guest("Grace").await.unwrap();
    let refused = join(&stranger, &party.room_id, json!({})).await;
    problem::check(&refused, "invite_required", "a stranger");
    let asked = InviteRequest { role: Some(Role::Moderator), uses: Some(1), expires_at_ms: None };
    let made = party.host_api.invite(&party.room_id, &asked).await.unwrap();
    let code = party.host_api.find_room(&party.room_id).await.unwrap().code;
    let url = format!("{}r/{code}#invite={}", party.server.page(), made.invite);
    assert_eq!(made.url, url);
    let brought = JoinRequest { invite: Some(made.invite.clone()), password: None };
    let joined = stranger.join_with(&party.room_id, &brought).await.unwrap();
    assert_eq!(joined.role, Role::Moderator);
    let welcome = Upgrade::with(&joined.ws).connect().await.unwrap().hello(&[]).await.unwrap();
    assert_eq!(welcome.role, Role::Moderator);

    let late = party.server.api().as_guest("Linus").await.unwrap();
    let refused = join(&late, &party.room_id, json!({ "invite": made.invite })).await;
    problem::check(&refused, "invite_invalid", "an invite that is used up");
    // Who has used it comes back with it and without it.
    stranger.join_with(&party.room_id, &brought).await.unwrap();
    assert_eq!(stranger.join(&party.room_id).await.unwrap().role, Role::Moderator);
    assert_eq!(party.host_api.invites(&party.room_id).await.unwrap().items, []);
    let grants = party.host_api.grants(&party.room_id).await.unwrap().items;
    assert_eq!(grants.len(), 1);
    let found: Vec<_> = grants
        .iter()
        .map(|grant| (grant.display_name.as_deref(), grant.role, grant.via, &*grant.by))
        .collect();
    let role = Some(Role::Moderator);
    assert_eq!(found, [(Some("Grace"), role, GrantVia::Invite, &*party.host_id)]);
}

#[tokio::test]
async fn an_invite_lets_nobody_in_once_it_is_revoked_or_over_or_at_another_room() {
    let server = server().await;
    let host = server.api().as_guest("Ada").await.unwrap();
    let [room, other] = [(); 2].map(|()| closed_room(Entry::Invite));
    let room_id = host.create_room_with(&room).await.unwrap().room_id;
    let other_id = host.create_room_with(&other).await.unwrap().room_id;
    let revoked = host.invite(&room_id, &InviteRequest::default()).await.unwrap();
    host.revoke_invite(&room_id, &revoked.invite_id).await.unwrap();
    let elsewhere = host.invite(&other_id, &InviteRequest::default()).await.unwrap();
    let ends = WallTime::now().plus_millis(300).as_millis();
    let ending = InviteRequest { expires_at_ms: Some(ends), ..InviteRequest::default() };
    let ending = host.invite(&room_id, &ending).await.unwrap();
    let ended = async || (WallTime::now().as_millis() > ends).then_some(());
    until("the invite is over", DEADLINE, ended).await;
    let guest = server.api().as_guest("Grace").await.unwrap();
    for invite in [&*revoked.invite, &elsewhere.invite, &ending.invite, "", "x", &"é".repeat(20)] {
        let refused = join(&guest, &room_id, json!({ "invite": invite })).await;
        problem::check(&refused, "invite_invalid", invite);
    }
    let path = format!("rooms/{room_id}/invites/{}", revoked.invite_id);
    let refused = host.request(Method::DELETE, &path, None).await.unwrap();
    problem::check(&refused, "invite_not_found", "an invite that was revoked");

    // It keeps nobody out who may enter without it.
    let open = PatchRoom { entry: Some(Entry::Open), ..PatchRoom::default() };
    host.patch_room(&room_id, &open).await.unwrap();
    let brought = JoinRequest { invite: Some(revoked.invite), password: None };
    guest.join_with(&room_id, &brought).await.unwrap();
}

#[tokio::test]
async fn nobody_invites_or_grants_above_their_own_role() {
    let party = Party::idle().await;
    let room_id = &party.room_id;
    party.host_api.give_role(room_id, &party.guest_id, Role::Moderator).await.unwrap();
    let host = party.host_api.me().await.unwrap().user_id;
    for (api, path, body, code) in [
        (&party.host_api, "invites", json!({ "role": "host" }), "forbidden"),
        (&party.guest_api, "invites", json!({ "role": "moderator" }), "forbidden"),
        (&party.guest_api, "invites", json!({ "role": "co_host" }), "forbidden"),
        (&party.guest_api, "grants", json!({ "user_id": "u_x", "role": "co_host" }), "forbidden"),
        (&party.guest_api, "grants", json!({ "user_id": host }), "forbidden"),
        (&party.host_api, "grants", json!({ "user_id": "" }), "invalid_request"),
        (&party.host_api, "grants", json!({ "user_id": "u x" }), "invalid_request"),
        (&party.host_api, "invites", json!({ "uses": 0 }), "invalid_request"),
        (&party.host_api, "invites", json!({ "uses": 10_001 }), "invalid_request"),
        (&party.host_api, "invites", json!({ "expires_at_ms": 1 }), "invalid_request"),
        (
            &party.host_api,
            "grants",
            json!({ "user_id": "u", "expires_at_ms": 1 }),
            "invalid_request",
        ),
    ] {
        let path = format!("rooms/{room_id}/{path}");
        let refused = api.request(Method::POST, &path, Some(&body)).await.unwrap();
        problem::check(&refused, code, &body.to_string());
    }
    let lower = InviteRequest { role: Some(Role::Member), ..InviteRequest::default() };
    party.guest_api.invite(room_id, &lower).await.unwrap();
}

#[tokio::test]
async fn a_password_lets_in_who_knows_it_and_those_stay_when_it_changes() {
    let server = server().await;
    let host = server.api().as_guest("Ada").await.unwrap();
    let room =
        CreateRoom { password: Some("caf\u{E9} 42".to_owned()), ..closed_room(Entry::Password) };
    let room_id = host.create_room_with(&room).await.unwrap().room_id;
    let guest = server.api().as_guest("Grace").await.unwrap();
    let refused = join(&guest, &room_id, json!({})).await;
    problem::check(&refused, "password_required", "no password");
    let refused = join(&guest, &room_id, json!({ "password": "cafe 42" })).await;
    problem::check(&refused, "password_wrong", "another one");
    let known = |password: &str| JoinRequest { invite: None, password: Some(password.to_owned()) };
    // A keyboard that composes otherwise.
    guest.join_with(&room_id, &known("cafe\u{301} 42")).await.unwrap();

    let other = PatchRoom { password: Some("another".to_owned()), ..PatchRoom::default() };
    host.patch_room(&room_id, &other).await.unwrap();
    guest.join(&room_id).await.unwrap();
    let late = server.api().as_guest("Linus").await.unwrap();
    let refused = join(&late, &room_id, json!({ "password": "caf\u{E9} 42" })).await;
    problem::check(&refused, "password_wrong", "the one before");
    late.join_with(&room_id, &known("another")).await.unwrap();
    let grants = host.grants(&room_id).await.unwrap().items;
    assert!(grants.iter().all(|grant| grant.via == GrantVia::Password), "{grants:?}");
    assert_eq!(grants.len(), 2);
}

#[tokio::test]
async fn a_password_is_refused_where_it_has_no_use_and_missing_where_it_has() {
    let mut party = Party::idle().await;
    let path = format!("rooms/{}", party.room_id);
    for body in [
        json!({ "entry": "open", "password": "secret" }),
        json!({ "entry": "password" }),
        json!({ "entry": "knock", "password": "secret" }),
        json!({ "entry": "password", "password": "abc" }),
        json!({ "entry": "password", "password": "x".repeat(257) }),
    ] {
        let refused = party.host_api.request(Method::PATCH, &path, Some(&body)).await.unwrap();
        problem::check(&refused, "invalid_request", &body.to_string());
        let mut room = serde_json::to_value(new_room()).unwrap();
        room.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let refused = party.host_api.request(Method::POST, "rooms", Some(&room)).await.unwrap();
        problem::check(&refused, "invalid_request", &room.to_string());
    }
    // Given alone, it says what lets people in.
    let body = json!({ "password": "secret" });
    let refused = party.guest_api.request(Method::PATCH, &path, Some(&body)).await.unwrap();
    problem::check(&refused, "forbidden", "a guest's password");
    party
        .host_api
        .request(Method::PATCH, &path, Some(&body))
        .await
        .unwrap()
        .expect_success()
        .unwrap();
    let changed = party.guest.wait_for("room_changed").await.unwrap();
    assert_eq!(changed["data"]["settings"]["entry"], "password");
    assert!(!changed.to_string().contains("secret"), "{changed}");
    // It is kept while the room is open.
    for entry in [Entry::Open, Entry::Password] {
        let patch = PatchRoom { entry: Some(entry), ..PatchRoom::default() };
        party.host_api.patch_room(&party.room_id, &patch).await.unwrap();
    }
    let stranger = party.server.api().as_guest("Grace").await.unwrap();
    let known = JoinRequest { invite: None, password: Some("secret".to_owned()) };
    stranger.join_with(&party.room_id, &known).await.unwrap();
}

#[tokio::test]
async fn wrong_passwords_use_up_the_guesses_of_an_address_and_right_ones_do_not() {
    let options = options()
        .env("PLAYHEAD_LIMIT_PER_ADDRESS", "1")
        .env("PLAYHEAD_LIMIT_CODES_PER_MINUTE", "3");
    let server = options.start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room = CreateRoom { password: Some("secret".to_owned()), ..closed_room(Entry::Password) };
    let room_id = host.create_room_with(&room).await.unwrap().room_id;
    let known = JoinRequest { invite: None, password: Some("secret".to_owned()) };
    for _ in 0..5 {
        let guest = server.api().as_guest("Grace").await.unwrap();
        guest.join_with(&room_id, &known).await.unwrap();
    }
    let guesser = server.api().as_guest("Mallory").await.unwrap();
    for _ in 0..3 {
        let refused = join(&guesser, &room_id, json!({ "password": "wrong" })).await;
        problem::check(&refused, "password_wrong", "a guess");
    }
    for password in ["wrong", "secret"] {
        let refused = join(&guesser, &room_id, json!({ "password": password })).await;
        problem::check(&refused, "rate_limited", "no guess is left, right or wrong");
    }
}

#[tokio::test]
async fn a_grant_that_is_revoked_or_ends_closes_the_connection_and_the_room() {
    let mut party = Party::idle().await;
    close(&mut party, Entry::Invite).await;
    for is_revoked in [true, false] {
        let user = party.server.api().as_guest("Grace").await.unwrap();
        let user_id = user.me().await.unwrap().user_id;
        let expires_at_ms = (!is_revoked).then(|| WallTime::now().plus_millis(1_500).as_millis());
        let role = Some(Role::CoHost);
        let granted = GrantRequest { user_id, role, expires_at_ms };
        let granted = party.host_api.grant(&party.room_id, &granted).await.unwrap();
        let ticket = user.join(&party.room_id).await.unwrap();
        assert_eq!(ticket.role, Role::CoHost);
        let mut socket = user.enter(&party.room_id).await.unwrap();
        if is_revoked {
            party.host_api.revoke_grant(&party.room_id, &granted.grant_id).await.unwrap();
        }
        assert_eq!(socket.closed().await.unwrap(), closed(4414, "grant_ended"));
        let refused = join(&user, &party.room_id, json!({})).await;
        problem::check(&refused, "invite_required", "to come back");
        let refused = Upgrade::with(&ticket.ws).refusal().await.unwrap();
        problem::check(&refused, "grant_ended", "a ticket from before");
        let path = format!("rooms/{}/state", party.room_id);
        let refused = user.request(Method::GET, &path, None).await.unwrap();
        problem::check(&refused, "grant_ended", "the state of the room");
        let path = format!("rooms/{}/grants/{}", party.room_id, granted.grant_id);
        let refused = party.host_api.request(Method::DELETE, &path, None).await.unwrap();
        problem::check(&refused, "grant_not_found", "a grant that has ended");
        // An open room takes them as everybody.
        let open = PatchRoom { entry: Some(Entry::Open), ..PatchRoom::default() };
        party.host_api.patch_room(&party.room_id, &open).await.unwrap();
        assert_eq!(user.join(&party.room_id).await.unwrap().role, Role::Guest);
        let shut = PatchRoom { entry: Some(Entry::Invite), ..PatchRoom::default() };
        party.host_api.patch_room(&party.room_id, &shut).await.unwrap();
    }
}

#[tokio::test]
async fn a_grant_of_another_role_takes_effect_at_once() {
    let party = Party::idle().await;
    let user_id = party.guest_api.me().await.unwrap().user_id;
    let grant = |role| GrantRequest { user_id: user_id.clone(), role, expires_at_ms: None };
    party.host_api.grant(&party.room_id, &grant(Some(Role::CoHost))).await.unwrap();
    let mut socket = party.guest_api.enter(&party.room_id).await.unwrap();
    socket.ack("pause", json!({})).await.ok();
    party.host_api.grant(&party.room_id, &grant(Some(Role::Viewer))).await.unwrap();
    assert_eq!(socket.closed().await.unwrap(), closed(4414, "grant_ended"));
    assert_eq!(party.guest_api.join(&party.room_id).await.unwrap().role, Role::Viewer);
}

#[tokio::test]
async fn a_product_sells_passes_to_its_users_for_rooms_and_times() {
    let server = Arc::new(products::keyed().start().await.unwrap());
    let host = server.api().as_guest("Ada").await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(host.create_room_with(&closed_room(Entry::Invite)).await.unwrap().room_id);
    }
    let other = host.create_room_with(&closed_room(Entry::Invite)).await.unwrap().room_id;
    let user = products::member(&server, "42", "Grace").await;
    let refused = join(&user, &ids[0], json!({})).await;
    problem::check(&refused, "invite_required", "without a pass");
    let pass = json!({ "user_id": "42", "role": "viewer", "rooms": ids });
    let made = products::with_key(&server, "grants", &pass).await;
    assert_eq!(made.status, 201, "{}", made.text);
    for room_id in &ids {
        let joined = user.join(room_id).await.unwrap();
        assert_eq!(joined.role, Role::Viewer);
    }
    let refused = join(&user, &other, json!({})).await;
    problem::check(&refused, "invite_required", "a room that the pass isn't for");
    let nobody = products::member(&server, "43", "Eve").await;
    let refused = join(&nobody, &ids[0], json!({})).await;
    problem::check(&refused, "invite_required", "another user");
    let made: MadeGrants = made.parse().unwrap();
    let pass = format!("grants/{}", made.grants[0].grant_id);
    let refused = host.request(Method::DELETE, &pass, None).await.unwrap();
    problem::check(&refused, "api_key_invalid", "no product revokes");
    let mut socket = user.enter(&ids[0]).await.unwrap();
    assert_eq!(products::delete_with_key(&server, &pass).await.status, 204);
    assert_eq!(socket.closed().await.unwrap(), closed(4414, "grant_ended"));
    let refused = products::delete_with_key(&server, &pass).await;
    problem::check(&refused, "grant_not_found", "a pass that was revoked");
    user.join(&ids[1]).await.unwrap();
    for (body, code) in [
        (json!({ "user_id": "42", "role": "host", "rooms": ids }), "forbidden"),
        (json!({ "user_id": "42", "rooms": [] }), "invalid_request"),
        (json!({ "user_id": "4 2", "rooms": ids }), "invalid_request"),
        (json!({ "user_id": "42", "rooms": ["r_00000000000000000000"] }), "room_not_found"),
        (json!({ "user_id": "42", "rooms": ids, "expires_at_ms": 1 }), "invalid_request"),
    ] {
        let refused = products::with_key(&server, "grants", &body).await;
        problem::check(&refused, code, &body.to_string());
    }
    let body = json!({ "user_id": "42", "rooms": ids });
    let refused = host.request(Method::POST, "grants", Some(&body)).await.unwrap();
    problem::check(&refused, "api_key_invalid", "no product");
}

#[tokio::test]
async fn what_lets_people_in_survives_a_restart() {
    let mut server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room = CreateRoom { password: Some("secret".to_owned()), ..closed_room(Entry::Password) };
    let room_id = host.create_room_with(&room).await.unwrap().room_id;
    let mut socket = host.enter(&room_id).await.unwrap();
    let grace = server.api().as_guest("Grace").await.unwrap();
    let linus = server.api().as_guest("Linus").await.unwrap();
    let known = JoinRequest { invite: None, password: Some("secret".to_owned()) };
    grace.join_with(&room_id, &known).await.unwrap();
    let made = host.invite(&room_id, &InviteRequest::default()).await.unwrap();
    server.kill_9().await.unwrap();
    socket.closed().await.unwrap();
    server.restart().await.unwrap();
    grace.join(&room_id).await.unwrap();
    let brought = JoinRequest { invite: Some(made.invite), password: None };
    linus.join_with(&room_id, &brought).await.unwrap();
    let mary = server.api().as_guest("Mary").await.unwrap();
    let refused = join(&mary, &room_id, json!({ "password": "wrong" })).await;
    problem::check(&refused, "password_wrong", "after the restart");
    mary.join_with(&room_id, &known).await.unwrap();
}

fn closed_room(entry: Entry) -> CreateRoom {
    CreateRoom { entry: Some(entry), ..new_room() }
}

/// Changes who may enter, and waits until both have heard of it.
pub async fn close(party: &mut Party, entry: Entry) {
    let patch = PatchRoom { entry: Some(entry), ..PatchRoom::default() };
    let room = party.host_api.patch_room(&party.room_id, &patch).await.unwrap();
    assert_eq!(room.settings.entry, entry);
    party.committed().await;
}

/// Joins with what somebody brings along.
pub async fn join(api: &Api, room_id: &str, body: Value) -> Response {
    let path = format!("rooms/{room_id}/join");
    api.request(Method::POST, &path, Some(&body)).await.unwrap()
}

fn closed(close_code: u16, code: &str) -> Closed {
    Closed { close_code: Some(close_code), reason: code.to_owned() }
}
