//! Taking another name: people who do so stay who they are.

use contracts::{BanRequest, Role};
use harness::http::Method;
use harness::{DEADLINE, WsClient, until};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::party::{Party, options, server};
use crate::problem;

#[tokio::test]
async fn a_host_who_takes_another_name_is_host_and_the_same_participant_under_it() {
    let mut party = Party::idle().await;
    let before = party.host_api.me().await.unwrap();
    assert_eq!((before.display_name.as_str(), before.is_guest), ("Ada", true));
    let after = party.host_api.rename("  Ada\u{200B}  Lovelace ").await.unwrap();
    assert_eq!((&after.user_id, after.display_name.as_str()), (&before.user_id, "Ada Lovelace"));

    let api = party.server.api().with_token(&after.access_token);
    assert_eq!(api.me().await.unwrap().display_name, "Ada Lovelace");
    let joined = api.join(&party.room_id).await.unwrap();
    assert_eq!((joined.participant_id, joined.role), (party.host_id.clone(), Role::Host));
    let mut second = api.enter(&party.room_id).await.unwrap();
    for socket in [&mut party.guest, &mut second] {
        sees(socket, &party.host_id, "Ada Lovelace").await;
    }
    party.nothing_happened().await;
}

#[tokio::test]
async fn an_open_connection_takes_over_the_name_of_the_token_that_extends_it() {
    let mut party = Party::idle().await;
    let older =
        party.server.api().with_token(&party.guest_api.rename("Benny").await.unwrap().access_token);
    let newest = older.rename("Benedict").await.unwrap();
    let token = json!({ "access_token": newest.access_token });
    party.guest.ack("auth_refresh", token).await.unwrap();
    sees(&mut party.host, &party.guest_id, "Benedict").await;
    // Another tab comes with an older token.
    let _second = older.enter(&party.room_id).await.unwrap();
    let listed = party.host_api.participants(&party.room_id).await.unwrap().items;
    let names: Vec<_> = listed.iter().map(|one| one.display_name.as_str()).collect();
    assert_eq!(names, ["Ada", "Benedict"]);
    let ban = BanRequest { participant_id: party.guest_id, reason: None, until_ms: None };
    let ban = party.host_api.ban(&party.room_id, &ban).await.unwrap();
    assert_eq!(ban.display_name.as_deref(), Some("Benedict"), "as people saw them");
}

#[tokio::test]
async fn a_request_that_takes_its_time_prolongs_no_token() {
    let server = options().env("PLAYHEAD_ACCESS_TOKEN_MS", "3000").start().await.unwrap();
    let token = server.api().guest("Ada").await.unwrap().access_token;
    let body = r#"{"display_name":"Grace"}"#;
    let head = format!(
        "PATCH /api/v1/me HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut slow = TcpStream::connect(server.address()).await.unwrap();
    slow.write_all(head.as_bytes()).await.unwrap();
    let api = server.api().with_token(&token);
    until("the token to end", DEADLINE, async || api.me().await.err().map(drop)).await;
    slow.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("token_expired"), "{answer}");
}

#[tokio::test]
async fn somebody_who_is_banned_stays_out_under_another_name() {
    let party = Party::idle().await;
    let id = party.guest_id.clone();
    let ban = BanRequest { participant_id: id, reason: None, until_ms: None };
    party.host_api.ban(&party.room_id, &ban).await.unwrap();
    let renamed = party.guest_api.rename("Somebody else").await.unwrap();
    let api = party.server.api().with_token(&renamed.access_token);
    let path = format!("rooms/{}/join", party.room_id);
    let refused = api.request(Method::POST, &path, None).await.unwrap();
    problem::check(&refused, "banned", "a banned person under another name");
}

#[tokio::test]
async fn a_name_outlives_its_token_and_a_restart_and_prolongs_nothing() {
    let mut server = options().start().await.unwrap();
    let guest = server.api().guest("Ada").await.unwrap();
    let renamed = server.api().with_token(&guest.access_token).rename("Grace").await.unwrap();
    // Tokens end at whole seconds.
    assert!(renamed.expires_in_ms <= guest.expires_in_ms + 1_000, "{renamed:?}");
    assert!(renamed.expires_at_ms <= guest.expires_at_ms + 1_000, "{renamed:?}");
    server.kill_9().await.unwrap();
    server.restart().await.unwrap();
    let refreshed = server.api().refresh(&guest.refresh_token).await.unwrap();
    assert_eq!(refreshed.user_id, guest.user_id);
    assert_eq!(refreshed.display_name, "Grace");
    let me = server.api().with_token(&refreshed.access_token).me().await.unwrap();
    assert_eq!((me.user_id, me.display_name.as_str()), (guest.user_id, "Grace"));
}

#[tokio::test]
async fn somebody_whom_the_database_has_forgotten_takes_another_name_as_long_as_their_token() {
    let mut server = options().start().await.unwrap();
    let guest = server.api().guest("Ada").await.unwrap();
    assert_eq!(server.terminate().await.unwrap(), Some(0));
    let database = server.data_dir().join("playhead.db");
    let url = format!("sqlite://{}", database.display());
    server::sql::laws::inflict(&url, "DELETE FROM refresh_families").await;
    server.restart().await.unwrap();
    let api = server.api().with_token(&guest.access_token);
    let renamed = api.rename("Grace").await.unwrap();
    let me = server.api().with_token(&renamed.access_token).me().await.unwrap();
    assert_eq!((me.user_id, me.display_name.as_str()), (guest.user_id, "Grace"));
}

#[tokio::test]
async fn names_that_nobody_could_read_are_refused_and_change_nothing() {
    let server = server().await;
    let guest = server.api().guest("Ada").await.unwrap();
    let api = server.api().with_token(&guest.access_token);
    for (body, name) in [
        (json!({ "display_name": "" }), "empty"),
        (json!({ "display_name": "\u{200B}\u{2800}" }), "invisible"),
        (json!({ "display_name": "a".repeat(41) }), "too long"),
        (json!({ "display_name": 7 }), "a number"),
        (json!({ "display_name": null }), "null"),
        (json!({ "user_id": "u_other", "is_guest": false }), "none"),
        (json!([]), "a list"),
    ] {
        let response = api.request(Method::PATCH, "me", Some(&body)).await.unwrap();
        assert_eq!(response.status, 400, "{name}");
    }
    let refreshed = server.api().refresh(&guest.refresh_token).await.unwrap();
    assert_eq!((refreshed.user_id, refreshed.display_name), (guest.user_id, "Ada".to_owned()));
    for method in [Method::GET, Method::PATCH] {
        let body = (method == Method::PATCH).then(|| json!({ "display_name": "Eve" }));
        let refused = server.api().request(method, "me", body.as_ref()).await.unwrap();
        problem::check(&refused, "unauthenticated", "nobody");
    }
}

#[tokio::test]
async fn somebody_who_keeps_changing_their_name_is_asked_to_wait() {
    let server = options().env("PLAYHEAD_LIMIT_WRITES_PER_MINUTE", "5").start().await.unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    for number in 0..5 {
        api.rename(&format!("Ada {number}")).await.unwrap();
    }
    let body = json!({ "display_name": "Ada 5" });
    let refused = api.request(Method::PATCH, "me", Some(&body)).await.unwrap();
    problem::check(&refused, "rate_limited", "the sixth name");
    server.api().as_guest("Ben").await.unwrap().rename("Benny").await.expect("others may");
}

/// Waits until a connection was sent that a participant has a name.
async fn sees(socket: &mut WsClient, participant_id: &str, name: &str) {
    until("the name", DEADLINE, async || {
        let frame = socket.wait_for("presence_changed").await.ok()?;
        let listed = frame["data"]["participants"].as_array()?.clone();
        let is_meant = |one: &&Value| one["participant_id"] == participant_id;
        let found = listed.iter().find(is_meant)?;
        (found["display_name"] == name).then_some(())
    })
    .await;
}
