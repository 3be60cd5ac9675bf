//! An identity is not its token: a client that refreshes stays the same user, participant and host.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use contracts::{GuestToken, Resume, Role};
use harness::http::Method;
use harness::{Api, Closed, DEADLINE, ServerProcess};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;
use server::sql::Sql;

use crate::nodes::site::until;
use crate::party::{Party, new_room, number, options, server};
use crate::problem;

/// A private key for tests only.
pub const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEII37kpQLEKy4ZlXzbNhUsQANedP5BCdPRoAn5oo7X7dB\n\
    -----END PRIVATE KEY-----\n";
/// Another one.
const OTHER_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIAAVKLMQi+BnVbC4ZlXzbNhUsQANedP5BCdPRoAn5oo7\n\
    -----END PRIVATE KEY-----\n";
const HOUR: u64 = 3600;

#[tokio::test]
async fn a_client_that_refreshes_is_the_same_user_and_the_host_of_the_same_party() {
    let server = server().await;
    let api = server.api();
    let first = api.guest("Ada").await.unwrap();
    assert_eq!(first.expires_in_ms, 12 * HOUR * 1000);
    let room = api.with_token(&first.access_token).create_room("Friday").await.unwrap();

    let second = api.refresh(&first.refresh_token).await.unwrap();
    assert_eq!(second.user_id, first.user_id);
    assert_ne!(second.refresh_token, first.refresh_token);
    let mut host = api.with_token(&second.access_token).connect(&room.room_id).await.unwrap();
    let welcome = host.hello(&[]).await.unwrap();
    assert_eq!((welcome.role, Some(welcome.participant_id)), (Role::Host, room.host_id));
    let names = api.with_token(&second.access_token).participants(&room.room_id).await.unwrap();
    assert_eq!(names.items[0].display_name, "Ada");

    // Another tab, or a repeated request whose answer got lost.
    let late = api.refresh(&first.refresh_token).await.unwrap();
    assert_eq!((late.user_id, late.refresh_token), (second.user_id, second.refresh_token.clone()));
    let third = api.refresh(&second.refresh_token).await.unwrap();
    assert_ne!(third.refresh_token, second.refresh_token);
}

#[tokio::test]
async fn who_knows_a_family_but_none_of_its_tokens_can_log_nobody_out() {
    let server = server().await;
    let guest = server.api().guest("Ada").await.unwrap();
    let refreshed = server.api().refresh(&guest.refresh_token).await.unwrap();
    let (family, secret) = guest.refresh_token.split_once('.').unwrap();
    let other = server.api().guest("Ben").await.unwrap().refresh_token;
    let other_secret = other.split_once('.').unwrap().1;
    let changed = if secret.starts_with('A') { "B" } else { "A" };
    for invented in [
        format!("{family}.{}", "A".repeat(43)),
        format!("{family}.{}", "A".repeat(64)),
        format!("{family}.{other_secret}"),
        format!("{family}.{changed}{}", &secret[1..]),
    ] {
        let body = json!({ "refresh_token": invented });
        let response = server.api().request(Method::POST, "auth/refresh", Some(&body)).await;
        problem::check(&response.unwrap(), "token_invalid", &invented);
    }
    let again = server.api().refresh(&refreshed.refresh_token).await.unwrap();
    assert_eq!(again.user_id, guest.user_id);
}

#[tokio::test]
async fn a_token_that_is_repeated_without_end_is_refused_while_its_successor_and_others_renew() {
    let server = server().await;
    let api = server.api();
    let (ada, ben) = (api.guest("Ada").await.unwrap(), api.guest("Ben").await.unwrap());
    let successor = api.refresh(&ada.refresh_token).await.unwrap().refresh_token;
    let body = json!({ "refresh_token": ada.refresh_token });
    let mut looked_up = 1;
    let refused = loop {
        let response = api.request(Method::POST, "auth/refresh", Some(&body)).await.unwrap();
        if response.status == 429 {
            break response;
        }
        looked_up += 1;
        assert!(looked_up < 1000, "it is refused at last");
    };
    assert!(looked_up >= 30, "{looked_up} times");
    problem::check(&refused, "rate_limited", "one token too often");
    let wait_ms = number(&refused.json["retry_after_ms"]);
    assert!((1..=2_001).contains(&wait_ms), "{wait_ms}");
    for token in [&successor, &ben.refresh_token] {
        api.refresh(token).await.expect("others renew");
    }
}

#[tokio::test]
async fn only_a_refresh_token_renews_anything() {
    let server = server().await;
    let guest = server.api().guest("Ada").await.unwrap();
    let stranger = format!("rt_{}.{}", "A".repeat(26), "A".repeat(43));
    let cut = &guest.refresh_token[..guest.refresh_token.len() - 1];
    for (text, code) in [
        (guest.access_token.as_str(), "token_invalid"),
        ("", "token_invalid"),
        (cut, "token_invalid"),
        (&stranger, "token_invalid"),
    ] {
        let body = json!({ "refresh_token": text });
        // A server whose database is slow asks to try again until it has stored its new guests.
        let answer = async || {
            let response = server.api().request(Method::POST, "auth/refresh", Some(&body)).await;
            response.ok().filter(|response| response.status != 503)
        };
        problem::check(&until("an answer", DEADLINE, answer).await, code, text);
    }
    for body in [json!({}), json!({ "refresh_token": 7 }), json!({ "refresh_token": null })] {
        let response = server.api().request(Method::POST, "auth/refresh", Some(&body)).await;
        problem::check(&response.unwrap(), "invalid_request", &body.to_string());
    }
    let refresh = async || server.api().refresh(&guest.refresh_token).await.ok();
    until("the right one to renew", DEADLINE, refresh).await;
}

#[tokio::test]
async fn a_party_goes_on_if_its_host_brings_a_new_token_and_a_guest_who_brings_none_is_told_and_closed()
 {
    let directory = tempfile::tempdir().unwrap();
    let server = Arc::new(server_with(KEY, directory.path()).await);
    let host_api = server.api().with_token(&token(KEY, "u_ada", 6));
    let guest_api = server.api().with_token(&token(KEY, "u_ben", 6));
    let mut party = Party::of(server.clone(), host_api, guest_api, &new_room(), &[]).await;

    let expiring = party.host.wait_for("token_expiring").await.unwrap();
    assert!(number(&expiring["data"]["expires_in_ms"]) <= 3_000, "{expiring}");
    let longer = token(KEY, "u_ada", HOUR);
    let acked = party.host.ack("auth_refresh", json!({ "access_token": longer })).await.unwrap();
    assert_eq!(acked.version, party.version, "it is no commit");

    party.guest.wait_for("token_expiring").await.unwrap();
    let expired = Closed { close_code: Some(4401), reason: "token_expired".to_owned() };
    assert_eq!(party.guest.closed().await.unwrap(), expired);
    assert_eq!(party.guest.wait_for("closing").await.unwrap()["data"]["retry"], "reauth");

    party.guest_api = server.api().with_token(&token(KEY, "u_ben", HOUR));
    party.guest = party.guest_api.enter(&party.room_id).await.unwrap();
    let link = crate::party::sample(&server);
    let frame = party.command("set_media", json!({ "link": link })).await;
    assert_eq!(frame["data"]["by"], party.host_id, "the host is the same");
    assert_eq!(party.state().await.room.host_id, Some(party.host_id.clone()));
}

#[tokio::test]
async fn a_token_that_does_not_fit_the_connection_is_refused_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let server = Arc::new(server_with(KEY, directory.path()).await);
    let host_api = server.api().with_token(&token(KEY, "u_ada", HOUR));
    let guest_api = server.api().with_token(&token(KEY, "u_ben", HOUR));
    let mut party = Party::of(server.clone(), host_api, guest_api, &new_room(), &[]).await;
    let expired = sign(KEY, "u_ben", 1_000_000_000);
    for (access_token, code) in [
        (json!(token(KEY, "u_ada", HOUR)), "token_invalid"),
        (json!(token(OTHER_KEY, "u_ben", HOUR)), "token_invalid"),
        (json!(""), "token_invalid"),
        (json!(expired), "token_expired"),
        (json!(7), "invalid_request"),
        (json!(null), "invalid_request"),
    ] {
        let data = json!({ "access_token": access_token });
        let error = party.guest.reject("auth_refresh", data).await.unwrap();
        assert_eq!(error.code, code, "{access_token}");
    }
    let own = json!({ "access_token": token(KEY, "u_ben", HOUR) });
    party.guest.ack("auth_refresh", own).await.unwrap();
    party.nothing_happened().await;
}

#[tokio::test]
async fn a_changed_signing_key_makes_nobody_a_stranger() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = server_with(KEY, directory.path()).await;
    let ada = server.api().guest("Ada").await.unwrap();
    let api = server.api().with_token(&ada.access_token);
    let room = api.create_room("Friday").await.unwrap();
    let mut socket = api.connect(&room.room_id).await.unwrap();
    let before = socket.hello(&[]).await.unwrap();

    write_key(OTHER_KEY, directory.path());
    server.restart().await.unwrap();
    let refused = api.request(Method::POST, &format!("rooms/{}/join", room.room_id), None).await;
    problem::check(&refused.unwrap(), "token_invalid", "a token of the key before");
    let refreshed: GuestToken = server.api().refresh(&ada.refresh_token).await.unwrap();
    assert_eq!(refreshed.user_id, ada.user_id);
    let api: Api = server.api().with_token(&refreshed.access_token);
    let mut socket = api.connect(&room.room_id).await.unwrap();
    let resume = Resume { session_id: before.session_id, epoch: 1, version: 1 };
    let after = socket.hello_with(&[], Some(resume)).await.unwrap();
    assert!(!after.resumed, "a new session, which nobody sees");
    assert_eq!((after.participant_id, after.role), (before.participant_id, Role::Host));
}

#[tokio::test]
async fn a_token_key_that_cannot_be_read_costs_only_the_tokens_that_it_signed() {
    let mut server = options().start().await.unwrap();
    let ada = server.api().guest("Ada").await.unwrap();
    let room = server.api().with_token(&ada.access_token).create_room("Friday").await.unwrap();
    assert_eq!(server.terminate().await.unwrap(), Some(0));
    damage_key(&server.data_dir().join("playhead.db")).await;

    server.restart().await.unwrap();
    assert!(server.log().contains("token_keys can't be read"), "{}", server.log());
    let before = server.api().with_token(&ada.access_token);
    let refused = before.request(Method::POST, &format!("rooms/{}/join", room.room_id), None).await;
    problem::check(&refused.unwrap(), "token_invalid", "signed by a key that is gone");
    let refreshed = server.api().refresh(&ada.refresh_token).await.unwrap();
    assert_eq!(refreshed.user_id, ada.user_id);

    // The new key is kept, beside the one that can't be read.
    server.restart().await.unwrap();
    let api = server.api().with_token(&refreshed.access_token);
    let welcome = api.connect(&room.room_id).await.unwrap().hello(&[]).await.unwrap();
    assert_eq!((welcome.role, Some(welcome.participant_id)), (Role::Host, room.host_id));
}

/// Changes a byte of the only signing key in a database file.
async fn damage_key(file: &Path) {
    // Moves what is in the log beside the file into the file.
    Sql::open_file(file).await.unwrap().close().await;
    // How a private key of Ed25519 begins in PKCS #8.
    let head = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];
    let mut bytes = std::fs::read(file).unwrap();
    let at = bytes.windows(head.len()).position(|window| window == head).expect("a key");
    bytes[at] = 0;
    std::fs::write(file, bytes).unwrap();
}

/// A server that signs with `key`, which is kept in `directory`.
async fn server_with(key: &str, directory: &Path) -> ServerProcess {
    write_key(key, directory);
    let file = directory.join("key.pem");
    let file = file.to_str().expect("a plain path");
    options().env("PLAYHEAD_TOKEN_KEY_FILE", file).start().await.unwrap()
}

fn write_key(key: &str, directory: &Path) {
    std::fs::write(directory.join("key.pem"), key).unwrap();
}

/// An access token that is valid for so many seconds.
fn token(key: &str, user_id: &str, seconds: u64) -> String {
    #[expect(clippy::disallowed_methods, reason = "tokens end by the wall clock")]
    let now = SystemTime::now();
    let now = now.duration_since(UNIX_EPOCH).expect("after 1970");
    sign(key, user_id, now.as_secs() + seconds)
}

fn sign(key: &str, user_id: &str, exp: u64) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some("at+jwt".to_owned());
    let claims = json!({ "iss": "playhead", "sub": user_id, "name": "Ada", "guest": true,
        "iat": 1, "exp": exp });
    encode(&header, &claims, &EncodingKey::from_ed_pem(key.as_bytes()).unwrap()).unwrap()
}
