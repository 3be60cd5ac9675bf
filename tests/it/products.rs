//! Products that the server is embedded in: their backends issue tokens to their own users by an API key.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use contracts::{BanRequest, PatchRoom, Role, RoomPage, TokenRequest, UserToken};
use harness::http::Method;
use harness::{Api, Response, ServerOptions, ServerProcess};
use serde_json::{Value, json};

use crate::locked::Locked;
use crate::party::{new_room, options};
use crate::problem;

pub const SECRET: &str = "0123456789abcdef0123456789abcdef";
const OTHER_SECRET: &str = "fedcba9876543210fedcba9876543210";

#[tokio::test]
async fn a_user_of_a_product_is_one_member_whatever_their_name_and_their_token() {
    let mut server = keyed().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    let token = token_of(&server, "shop", SECRET, &user("42", "Grace")).await;
    assert_eq!((&*token.user_id, &*token.display_name), ("shop:42", "Grace"));
    let grace = server.api().with_token(&token.access_token);
    let me = grace.me().await.unwrap();
    assert_eq!((&*me.user_id, me.is_guest), ("shop:42", false));
    let joined = grace.join(&room_id).await.unwrap();
    assert_eq!(joined.role, Role::Member);
    let mut socket = grace.enter(&room_id).await.unwrap();

    let later = token_of(&server, "shop", SECRET, &user("42", "Hopper")).await;
    let extended = json!({ "access_token": later.access_token });
    socket.ack("auth_refresh", extended).await.unwrap();
    let hopper = server.api().with_token(&later.access_token);
    assert_eq!(hopper.join(&room_id).await.unwrap().participant_id, joined.participant_id);
    let other = token_of(&server, "club", OTHER_SECRET, &user("42", "Grace")).await;
    assert_eq!(other.user_id, "club:42");
    let other = server.api().with_token(&other.access_token);
    assert_ne!(other.join(&room_id).await.unwrap().participant_id, joined.participant_id);

    let renamed = json!({ "display_name": "Somebody" });
    let refused = hopper.request(Method::PATCH, "me", Some(&renamed)).await.unwrap();
    problem::check(&refused, "forbidden", "a name is the product's");

    let ban = BanRequest { participant_id: joined.participant_id, reason: None, until_ms: None };
    host.ban(&room_id, &ban).await.unwrap();
    server.kill_9().await.unwrap();
    server.restart().await.unwrap();
    let fresh = token_of(&server, "shop", SECRET, &user("42", "Fresh")).await;
    let fresh = server.api().with_token(&fresh.access_token);
    let path = format!("rooms/{room_id}/join");
    let refused = fresh.request(Method::POST, &path, None).await.unwrap();
    problem::check(&refused, "banned", "a new token is no new person");
}

#[tokio::test]
async fn a_token_for_certain_rooms_opens_no_other_and_creates_none() {
    let server = keyed().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let mut ids = Vec::new();
    for name in ["Own", "Second", "Foreign"] {
        ids.push(host.create_room(name).await.unwrap().room_id);
    }
    let request = TokenRequest { rooms: Some(ids[..2].to_vec()), ..user("7", "Grace") };
    let limited = token_of(&server, "shop", SECRET, &request).await;
    let api = server.api().with_token(&limited.access_token);
    let mut socket = api.enter(&ids[0]).await.unwrap();
    api.join(&ids[1]).await.unwrap();
    let path = format!("rooms/{}/join", ids[2]);
    problem::check(&api.request(Method::POST, &path, None).await.unwrap(), "forbidden", &path);
    let listed = PatchRoom { is_public: Some(true), ..PatchRoom::default() };
    for id in &ids {
        host.patch_room(id, &listed).await.unwrap();
    }
    let page: RoomPage =
        api.request(Method::GET, "rooms/public?sort=name", None).await.unwrap().parse().unwrap();
    let names: Vec<_> = page.items.into_iter().map(|room| room.name).collect();
    assert_eq!(names, ["Own", "Second"], "it lists what it opens");
    let room = json!(new_room());
    let created = api.request(Method::POST, "rooms", Some(&room)).await.unwrap();
    problem::check(&created, "forbidden", "a new room is another one");

    // A token for another room keeps no connection open.
    let request = TokenRequest { rooms: Some(vec![ids[2].clone()]), ..user("7", "Grace") };
    let elsewhere = token_of(&server, "shop", SECRET, &request).await;
    let extended = json!({ "access_token": elsewhere.access_token });
    assert_eq!(socket.reject("auth_refresh", extended).await.unwrap().code, "forbidden");
}

#[tokio::test]
async fn a_token_lasts_as_long_as_it_was_asked_for_and_closes_the_connection_then() {
    let server = keyed().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    let request = TokenRequest { expires_in_ms: Some(3_000), ..user("42", "Grace") };
    let short = token_of(&server, "shop", SECRET, &request).await;
    assert_eq!(short.expires_in_ms, 3_000);
    let grace = server.api().with_token(&short.access_token);
    let mut socket = grace.enter(&room_id).await.unwrap();
    socket.wait_for("token_expiring").await.unwrap();
    assert_eq!(socket.closed().await.unwrap().close_code, Some(4401));
    let path = format!("rooms/{room_id}/join");
    let refused = grace.request(Method::POST, &path, None).await.unwrap();
    problem::check(&refused, "token_expired", "after its time");
}

#[tokio::test]
async fn tokens_are_issued_and_end_on_time_while_the_database_is_away() {
    let server = keyed().start().await.unwrap();
    let ada = server.api().guest("Ada").await.unwrap();
    let host = server.api().with_token(&ada.access_token);
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    let _locked = Locked::take(&server.data_dir().join("playhead.db"));
    // Guests can't refresh now, and stay connected until they can.
    let refresh = json!({ "refresh_token": ada.refresh_token });
    let refused = server.api().request(Method::POST, "auth/refresh", Some(&refresh)).await.unwrap();
    problem::check(&refused, "store_unavailable", "a refresh without SQL");
    let request = TokenRequest { expires_in_ms: Some(3_000), ..user("42", "Grace") };
    let short = token_of(&server, "shop", SECRET, &request).await;
    let mut socket = server.api().with_token(&short.access_token).enter(&room_id).await.unwrap();
    assert_eq!(socket.closed().await.unwrap().close_code, Some(4401));
}

#[tokio::test]
async fn only_an_api_key_issues_tokens_and_neither_key_nor_token_is_logged() {
    let server = keyed().env("PLAYHEAD_LOG", "trace").start().await.unwrap();
    let guest = server.api().guest("Ada").await.unwrap();
    let body = json!(user("42", "Grace"));
    let bearer = format!("Bearer {}", guest.access_token);
    for (header, code) in [
        (None, "api_key_invalid"),
        (Some(bearer), "api_key_invalid"),
        (Some(basic("shop", OTHER_SECRET)), "api_key_invalid"),
        (Some(basic("club", SECRET)), "api_key_invalid"),
        (Some(basic("nobody", SECRET)), "api_key_invalid"),
        (Some(basic("shop", "")), "api_key_invalid"),
        (Some(basic("", SECRET)), "api_key_invalid"),
        (Some("Basic".to_owned()), "api_key_invalid"),
        (Some("Basic c2hvcA==".to_owned()), "api_key_invalid"),
        (Some("Basic ~~~".to_owned()), "api_key_invalid"),
        (Some("Basic !!!".to_owned()), "api_key_invalid"),
    ] {
        let response = ask(&server, header.as_deref(), &body).await;
        problem::check(&response, code, &format!("{header:?}"));
        assert_eq!(response.header("www-authenticate"), "Basic realm=\"playhead\"");
    }
    let issued = token_of(&server, "shop", SECRET, &user("42", "Grace")).await;
    let replaced = keyed_with(&format!("shop:{OTHER_SECRET},shop:{SECRET}")).start().await.unwrap();
    for secret in [SECRET, OTHER_SECRET] {
        let same = token_of(&replaced, "shop", secret, &user("42", "Grace")).await;
        assert_eq!(same.user_id, issued.user_id, "an id has two secrets while one is replaced");
    }
    let log = server.log();
    for secret in [SECRET, OTHER_SECRET, &issued.access_token, &basic("shop", SECRET)] {
        assert!(!log.contains(secret), "{secret}");
    }
    // An API key isn't a token.
    let key = server.api().with_token(&format!("shop:{SECRET}"));
    let refused = key.request(Method::GET, "me", None).await.unwrap();
    problem::check(&refused, "token_invalid", "a key as a token");
    let without = options().start().await.unwrap();
    let response = ask(&without, Some(&basic("shop", SECRET)), &body).await;
    problem::check(&response, "api_key_invalid", "a server without keys");
}

#[tokio::test]
async fn requests_for_tokens_that_make_no_sense_are_refused() {
    let server = keyed().start().await.unwrap();
    let key = basic("shop", SECRET);
    let good = json!({ "user_id": "42", "display_name": "Grace" });
    for (field, value) in [
        ("user_id", json!("")),
        ("user_id", json!("a b")),
        ("user_id", json!("é")),
        ("user_id", json!("x".repeat(65))),
        ("user_id", json!(42)),
        ("display_name", json!("")),
        ("rooms", json!([])),
        ("rooms", json!(null)),
        ("rooms", json!(["ABCDE-FGHJK"])),
        ("rooms", json!(vec!["r_00000000000000000000"; 17])),
        ("rooms", json!("r_00000000000000000000")),
        ("expires_in_ms", json!(0)),
        ("expires_in_ms", json!(999)),
        ("expires_in_ms", json!(86_400_001)),
    ] {
        let mut body = good.clone();
        body[field] = value;
        problem::check(
            &ask(&server, Some(&key), &body).await,
            "invalid_request",
            &body.to_string(),
        );
    }
    let longest = json!({ "user_id": "~".repeat(64), "display_name": "Grace" });
    assert_eq!(ask(&server, Some(&key), &longest).await.status, 201);
}

/// A server with the keys of two products.
pub fn keyed() -> ServerOptions {
    keyed_with(&format!("shop:{SECRET}, club:{OTHER_SECRET}"))
}

fn keyed_with(keys: &str) -> ServerOptions {
    options().env("PLAYHEAD_API_KEYS", keys)
}

/// A user of the first product, whose token is for certain rooms only.
pub async fn limited_to(server: &ServerProcess, rooms: &[&str]) -> Api {
    let rooms = rooms.iter().map(|room| (*room).to_owned()).collect();
    let request = TokenRequest { rooms: Some(rooms), ..user("limited", "Larry") };
    server.api().with_token(&token_of(server, "shop", SECRET, &request).await.access_token)
}

/// A user of the first product.
pub async fn member(server: &ServerProcess, id: &str, name: &str) -> Api {
    let token = token_of(server, "shop", SECRET, &user(id, name)).await;
    server.api().with_token(&token.access_token)
}

/// Sends a request with the first product's API key.
pub async fn with_key(server: &ServerProcess, path: &str, body: &Value) -> Response {
    post(server, path, Some(&basic("shop", SECRET)), body).await
}

/// Deletes something with the first product's API key.
pub async fn delete_with_key(server: &ServerProcess, path: &str) -> Response {
    let (path, key) = (format!("api/v1/{path}"), basic("shop", SECRET));
    let headers = [("authorization", &*key)];
    Api::new(server.page()).raw(Method::DELETE, &path, &headers, "").await.unwrap()
}

fn user(id: &str, name: &str) -> TokenRequest {
    let (user_id, display_name) = (id.to_owned(), name.to_owned());
    TokenRequest { user_id, display_name, rooms: None, expires_in_ms: None }
}

async fn token_of(
    server: &ServerProcess,
    key_id: &str,
    secret: &str,
    request: &TokenRequest,
) -> UserToken {
    let response = ask(server, Some(&basic(key_id, secret)), &json!(request)).await;
    assert_eq!(response.status, 201, "{}", response.text);
    response.parse().unwrap()
}

async fn ask(server: &ServerProcess, authorization: Option<&str>, body: &Value) -> Response {
    post(server, "auth/tokens", authorization, body).await
}

async fn post(
    server: &ServerProcess,
    path: &str,
    authorization: Option<&str>,
    body: &Value,
) -> Response {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(authorization.map(|value| ("authorization", value)));
    let api = Api::new(server.page());
    let path = format!("api/v1/{path}");
    api.raw(Method::POST, &path, &headers, body.to_string()).await.unwrap()
}

fn basic(key_id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{key_id}:{secret}")))
}
