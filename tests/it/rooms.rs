//! Rooms over HTTP: created, found, joined, listed, changed and ended.

use contracts::{LifecycleState, PatchRoom, Role};
use harness::http::Method;
use harness::{Api, Closed, Upgrade};
use serde_json::json;
use tokio::task::JoinSet;

use crate::party::{Party, options, server, versioned};
use crate::problem;

#[tokio::test]
async fn the_creator_is_host_before_and_after_connecting() {
    let server = server().await;
    let host = server.api().as_guest("Ada").await.unwrap();
    let room = host.create_room("Friday").await.unwrap();
    assert_eq!(room.state, LifecycleState::Created);
    let joined = host.join(&room.room_id).await.unwrap();
    assert_eq!((joined.role, Some(joined.participant_id)), (Role::Host, room.host_id));

    let renamed = PatchRoom { name: Some("Saturday".to_owned()), ..Default::default() };
    assert_eq!(host.patch_room(&room.room_id, &renamed).await.unwrap().name, "Saturday");
    let mut socket = host.connect(&room.room_id).await.unwrap();
    let welcome = socket.hello(&[]).await.unwrap();
    assert_eq!((welcome.role, welcome.room.state), (Role::Host, LifecycleState::Live));
    let state = host.state(&room.room_id).await.unwrap();
    assert_eq!(state.room, welcome.room);
}

#[tokio::test]
async fn a_join_returns_the_same_state_as_the_welcome() {
    let mut party = Party::watching().await;
    let joined = party.guest_api.join(&party.room_id).await.unwrap();
    assert_eq!((joined.role, &joined.participant_id), (Role::Guest, &party.guest_id));
    assert_eq!(joined.ws.protocol, contracts::SUBPROTOCOL);
    assert!(!joined.ws.url.contains(&joined.ws.ticket), "{}", joined.ws.url);

    let state = party.state().await;
    let found = (joined.state.epoch, joined.state.version, &joined.state.room);
    assert_eq!(found, (state.epoch, state.version, &state.room));
    let mut again = party.guest_api.connect(&party.room_id).await.unwrap();
    let welcome = again.welcome(&[], None).await.unwrap();
    assert_eq!(welcome["epoch"], state.epoch);
    assert_eq!(welcome["version"], state.version);
    assert_eq!(welcome["data"]["room"], json!(state.room));
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_room_is_found_by_its_id_and_by_any_spelling_of_its_code() {
    let server = server().await;
    let host = server.api().as_guest("Ada").await.unwrap();
    let guest = server.api().as_guest("Ben").await.unwrap();
    let room = host.create_room("Friday").await.unwrap();
    let id = guest.join(&room.room_id).await.unwrap().participant_id;
    let plain = room.code.replace('-', "");
    let spoken = room.code.replace('0', "O").replace('1', "l").replace('-', "%20%E2%80%93%20");
    for named in [&room.code, &room.code.to_lowercase(), &plain, &plain.to_lowercase(), &spoken] {
        assert_eq!(guest.find_room(named).await.unwrap().room_id, room.room_id, "{named}");
        assert_eq!(guest.state(named).await.unwrap().room.code, room.code, "{named}");
        assert_eq!(guest.join(named).await.unwrap().participant_id, id, "{named}");
        guest.enter(named).await.unwrap();
    }
    for named in ["r_00000000000000000000", "AAAAA-AAAAA", "nonsense", "%20", "..%2f..%2fmeta"] {
        let response = guest.request(Method::GET, &format!("rooms/{named}"), None).await.unwrap();
        problem::check(&response, "room_not_found", named);
    }
}

#[tokio::test]
async fn a_change_under_one_idempotency_key_is_made_once_and_reaches_everyone() {
    let mut party = Party::idle().await;
    let path = format!("api/v1/rooms/{}", party.room_id);
    let headers = [("content-type", "application/json"), ("idempotency-key", "k1")];
    let body = r#"{"name":"Sunday","is_public":true}"#;
    for _ in 0..2 {
        let response = party.host_api.raw(Method::PATCH, &path, &headers, body).await.unwrap();
        assert_eq!(response.expect_success().unwrap().json["name"], "Sunday");
    }
    let frame = party.committed().await;
    assert_eq!(
        (&frame["type"], &frame["data"]["name"]),
        (&json!("room_changed"), &json!("Sunday"))
    );
    assert_eq!(frame["data"]["is_public"], true);
    let other = party.host_api.raw(Method::PATCH, &path, &headers, r#"{"name":"Monday"}"#);
    problem::check(&other.await.unwrap(), "id_reused", "another change under the same key");
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_room_created_again_under_its_idempotency_key_is_the_first_one_until_it_is_gone() {
    let mut server = options().start().await.unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let api = api.clone();
        requests.spawn(async move { create_under(&api, "k1", "Friday").await });
    }
    let rooms = requests.join_all().await;
    let room_id = rooms[0].1.clone();
    assert!(rooms.iter().all(|room| *room == (201, room_id.clone())), "{rooms:?}");
    let first = api.find_room(&room_id).await.unwrap();
    assert_eq!(api.find_room(&first.code).await.unwrap().room_id, room_id, "by its code too");

    // A change is no reason to refuse the first request, nor is a restart.
    let changes = PatchRoom { name: Some("Sunday".to_owned()), ..PatchRoom::default() };
    api.patch_room(&room_id, &changes).await.unwrap();
    server.kill_9().await.unwrap();
    server.restart().await.unwrap();
    assert_eq!(create_under(&api, "k1", "Friday").await, (201, room_id.clone()));
    assert_eq!(create_under(&api, "k1", "Saturday").await, (422, "id_reused".to_owned()));
    assert_ne!(create_under(&api, "k2", "Friday").await.1, room_id);
    let other = server.api().as_guest("Ben").await.unwrap();
    assert_ne!(create_under(&other, "k1", "Friday").await.1, room_id);
    api.delete_room(&room_id).await.unwrap();
    assert_eq!(create_under(&api, "k1", "Friday").await, (410, "room_closed".to_owned()));
}

#[tokio::test]
async fn a_guest_can_neither_change_nor_end_the_room_nor_assign_roles() {
    let mut party = Party::idle().await;
    let room = format!("rooms/{}", party.room_id);
    let participant = |id: &str| format!("{room}/participants/{id}");
    let (guest, stranger) = (participant(&party.guest_id), participant("p_nobody"));
    for (method, path, body) in [
        (Method::PATCH, &room, Some(json!({ "name": "Mine" }))),
        (Method::PATCH, &guest, Some(json!({ "role": "co_host" }))),
        (Method::PATCH, &stranger, Some(json!({ "role": "co_host" }))),
        (Method::DELETE, &room, None),
    ] {
        let asked = format!("{method} {path}");
        let response = party.guest_api.request(method, path, body.as_ref()).await.unwrap();
        problem::check(&response, "forbidden", &asked);
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn strangers_see_a_summary_but_neither_state_nor_participants() {
    let party = Party::idle().await;
    let stranger = party.server.api().as_guest("Eve").await.unwrap();
    assert_eq!(stranger.find_room(&party.room_id).await.unwrap().viewer_count, 2);
    for path in ["state", "participants"] {
        let path = format!("rooms/{}/{path}", party.room_id);
        let response = stranger.request(Method::GET, &path, None).await.unwrap();
        problem::check(&response, "not_member", &path);
        let response = party.server.api().request(Method::GET, &path, None).await.unwrap();
        problem::check(&response, "unauthenticated", &path);
    }
    stranger.join(&party.room_id).await.unwrap();
    stranger.state(&party.room_id).await.unwrap();
    stranger.participants(&party.room_id).await.unwrap();
}

#[tokio::test]
async fn connected_participants_are_listed_with_the_host_first() {
    let mut party = Party::idle().await;
    let page = party.guest_api.participants(&party.room_id).await.unwrap();
    let listed: Vec<_> =
        page.items.iter().map(|one| (one.display_name.as_str(), one.role)).collect();
    assert_eq!((listed, page.total), (vec![("Ada", Role::Host), ("Ben", Role::Guest)], 2));

    let path = format!("rooms/{}/participants?page_size=1", party.room_id);
    let first = party.host_api.request(Method::GET, &path, None).await.unwrap().json;
    assert_eq!(first["items"][0]["participant_id"], party.host_id);
    let token = first["next_page_token"].as_str().expect("there is a second page");
    let path = format!("{path}&page_token={token}");
    let second = party.host_api.request(Method::GET, &path, None).await.unwrap().json;
    assert_eq!(second["items"][0]["participant_id"], party.guest_id);
    assert_eq!(second.get("next_page_token"), None);

    party.guest.ack("leave", json!({})).await.unwrap();
    let alone = |frame: &serde_json::Value| {
        frame["type"] == "presence_changed" && frame["data"]["total"] == 1
    };
    let presence = party.host.take("presence of one", alone).await.unwrap();
    assert_eq!(presence["data"]["participants"][0]["display_name"], "Ada");
    assert_eq!(party.host_api.participants(&party.room_id).await.unwrap().total, 1);
}

#[tokio::test]
async fn a_co_host_commands_playback_until_the_role_is_revoked() {
    let mut party = Party::watching().await;
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::CoHost).await.unwrap();
    let frame = party.committed().await;
    assert_eq!(frame["type"], "role_changed");
    assert_eq!(frame["data"]["participant_id"], party.guest_id);
    assert_eq!(
        (&frame["data"]["role"], &frame["data"]["by"]),
        (&json!("co_host"), &json!(party.host_id))
    );
    assert_eq!(party.guest_api.join(&party.room_id).await.unwrap().role, Role::CoHost);

    party.guest.ack("play", json!({})).await.unwrap();
    assert_eq!(party.committed().await["data"]["by"], party.guest_id);
    let own = party.guest_api.give_role(&party.room_id, &party.guest_id, Role::Viewer).await;
    assert!(own.unwrap_err().to_string().contains("forbidden"), "only the host gives roles");

    party.host_api.give_role(&party.room_id, &party.guest_id, Role::Guest).await.unwrap();
    assert_eq!(party.committed().await["type"], "role_changed");
    assert_eq!(party.guest.reject("pause", json!({})).await.unwrap().code, "not_host");
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_role_is_the_same_in_the_event_the_list_and_the_join() {
    let mut party = Party::idle().await;
    for held in [Role::CoHost, Role::Guest, Role::Moderator, Role::Viewer, Role::Guest] {
        party.host_api.give_role(&party.room_id, &party.guest_id, held).await.unwrap();
        let frame = party.committed().await;
        assert_eq!(
            (&frame["type"], &frame["data"]["role"]),
            (&json!("role_changed"), &json!(held))
        );
        let page = party.host_api.participants(&party.room_id).await.unwrap();
        let listed = page.items.iter().find(|one| one.participant_id == party.guest_id).unwrap();
        assert_eq!(listed.role, held, "in the list");
        assert_eq!(party.guest_api.join(&party.room_id).await.unwrap().role, held, "at the join");
        let mut again = party.guest_api.connect(&party.room_id).await.unwrap();
        assert_eq!(again.hello(&[]).await.unwrap().role, held, "in the welcome");
    }
    // A guest without a grant is a guest already.
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::Guest).await.unwrap();
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_role_that_cannot_be_assigned_changes_nothing() {
    let mut party = Party::idle().await;
    for (participant, body, code) in [
        ("p_nobody", json!({ "role": "co_host" }), "participant_not_found"),
        (&party.guest_id.clone(), json!({ "role": "host" }), "forbidden"),
        // Without an account nobody is a member, whatever a host would like.
        (&party.guest_id.clone(), json!({ "role": "member" }), "invalid_request"),
        (&party.host_id.clone(), json!({ "role": "viewer" }), "forbidden"),
        (&party.guest_id.clone(), json!({ "role": "king" }), "invalid_request"),
        (&party.guest_id.clone(), json!({}), "invalid_request"),
    ] {
        let path = format!("rooms/{}/participants/{participant}", party.room_id);
        let response = party.host_api.request(Method::PATCH, &path, Some(&body)).await.unwrap();
        problem::check(&response, code, &format!("{participant} {body}"));
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn an_ended_room_announces_it_closes_its_sockets_and_says_so_to_every_request() {
    let mut party = Party::watching().await;
    let mut late = party.guest_api.connect(&party.room_id).await.unwrap();
    let ticket = party.guest_api.join(&party.room_id).await.unwrap().ws;
    let code = party.state().await.room.code;
    party.host_api.delete_room(&party.room_id).await.unwrap();
    let closed = Closed { close_code: Some(4410), reason: "room_closed".to_owned() };
    for socket in [&mut party.host, &mut party.guest] {
        let frame = loop {
            let frame = versioned(socket).await;
            if frame["type"] == "lifecycle_changed" {
                break frame;
            }
        };
        assert_eq!(frame["data"]["state"], "expired");
        assert_eq!(frame["data"]["cause"], "deleted");
        let closing = socket.wait_for("closing").await.unwrap();
        assert_eq!(
            (&closing["data"]["close_code"], &closing["data"]["retry"]),
            (&json!(4410), &json!("never"))
        );
        assert_eq!(socket.closed().await.unwrap(), closed);
    }
    let refused = late.hello(&[]).await.unwrap_err().to_string();
    assert!(refused.contains("room_closed"), "{refused}");
    assert_eq!(late.closed().await.unwrap(), closed);

    // A ticket from before the end opens nothing more.
    let mut ticketed = Upgrade::with(&ticket).connect().await.unwrap();
    let refused = ticketed.hello(&[]).await.unwrap_err().to_string();
    assert!(refused.contains("room_closed"), "{refused}");
    let guest = format!("participants/{}", party.guest_id);
    for (method, path, body) in [
        (Method::GET, "", None),
        (Method::GET, "/state", None),
        (Method::GET, "/participants", None),
        (Method::POST, "/join", Some(json!({}))),
        (Method::PATCH, "", Some(json!({ "name": "Again" }))),
        (Method::PATCH, &*format!("/{guest}"), Some(json!({ "role": "co_host" }))),
        (Method::DELETE, "", None),
    ] {
        for room in [&party.room_id, &code] {
            let path = format!("rooms/{room}{path}");
            let asked = format!("{method} {path}");
            let sent = party.host_api.request(method.clone(), &path, body.as_ref()).await;
            problem::check(&sent.unwrap(), "room_closed", &asked);
        }
    }
}

#[tokio::test]
async fn only_pages_of_allowed_origins_can_use_the_api() {
    let origin = "https://tv.example";
    let server = options().env("PLAYHEAD_ALLOWED_ORIGINS", origin).start().await.unwrap();
    let preflight = async |from: &'static str| {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}api/v1/auth/guest", server.page());
        let asked = client.request(reqwest::Method::OPTIONS, url).header("origin", from);
        let asked = asked.header("access-control-request-method", "POST");
        asked.header("access-control-request-headers", "content-type").send().await.unwrap()
    };
    let allowed = preflight(origin).await;
    assert!(allowed.status().is_success(), "{}", allowed.status());
    assert_eq!(allowed.headers()["access-control-allow-origin"], origin);
    let other = preflight("https://other.example").await;
    assert!(!other.headers().contains_key("access-control-allow-origin"));
    let nowhere = server.api().raw(Method::GET, "api/v1/nope", &[("origin", origin)], "").await;
    let nowhere = nowhere.unwrap();
    assert_eq!((nowhere.status, nowhere.header("access-control-allow-origin")), (404, origin));
}

/// Creates a room under a key. Returns the status, and the room's id or the error code.
pub async fn create_under(api: &Api, key: &str, name: &str) -> (u16, String) {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    let body = json!({ "name": name, "is_public": false }).to_string();
    let response = api.raw(Method::POST, "api/v1/rooms", &headers, body).await.unwrap();
    let said = &response.json[if response.status == 201 { "room_id" } else { "code" }];
    (response.status, said.as_str().unwrap_or_default().to_owned())
}
