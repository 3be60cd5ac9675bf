//! Invalid HTTP requests.

use harness::Api;
use harness::http::Method;
use serde_json::json;

use crate::party::{Party, server};
use crate::problem;

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn every_unusable_body_is_a_problem() {
    let server = server().await;
    let api = server.api().as_guest("Ada").await.unwrap();
    let deep = format!(r#"{{"name":"x","more":{}"#, "[".repeat(10_000));
    let (huge, endless) = ("x".repeat(70_000), "x".repeat(5_000_000));
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(81));
    for (headers, body, code) in [
        (&[][..], r#"{"name":"x"}"#, "unsupported_media_type"),
        (&[("content-type", "text/plain")], r#"{"name":"x"}"#, "unsupported_media_type"),
        (&[("content-type", "application/xml")], "<name/>", "unsupported_media_type"),
        (&[JSON], "", "invalid_json"),
        (&[JSON], "{", "invalid_json"),
        (&[JSON], &deep, "invalid_json"),
        (&[JSON], "null", "invalid_request"),
        (&[JSON], "[]", "invalid_request"),
        (&[JSON], r#"["x"]"#, "invalid_request"),
        (&[JSON], r#"["x",true,null,null,null,false]"#, "invalid_request"),
        (&[JSON], "{}", "invalid_request"),
        (&[JSON], r#"{"name":7}"#, "invalid_request"),
        (&[JSON], r#"{"name":""}"#, "invalid_request"),
        (&[JSON], r#"{"name":" \t "}"#, "invalid_request"),
        (&[JSON], r#"{"name":"\u0000\u202e\u200b"}"#, "invalid_request"),
        (&[JSON], &long, "invalid_request"),
        (&[JSON], r#"{"name":"x","is_public":"yes"}"#, "invalid_request"),
        (&[JSON], r#"{"name":"x","host_loss":"panic"}"#, "invalid_request"),
        (&[JSON], r#"{"name":"x","host_loss":1.5}"#, "invalid_request"),
        (&[JSON], r#"{"name":"x","host_loss":["hold"]}"#, "invalid_request"),
        (&[JSON], r#"{"name":"x","host_lease_ms":999}"#, "invalid_request"),
        (&[JSON], r#"{"name":"x","host_lease_ms":-1}"#, "invalid_request"),
        (&[JSON], r#"{"name":"x","host_grace_ms":99999999999}"#, "invalid_request"),
        (&[JSON], &huge, "payload_too_large"),
        (&[JSON], &endless, "payload_too_large"),
        (&[JSON], &endless, "payload_too_large"),
    ] {
        let shown: String = body.chars().take(60).collect();
        let response = api.raw(Method::POST, "api/v1/rooms", headers, body).await.unwrap();
        problem::check(&response, code, &shown);
    }
    let bytes = b"{\"name\":\"\xff\"}".to_vec();
    let response = api.raw(Method::POST, "api/v1/rooms", &[JSON], bytes).await.unwrap();
    problem::check(&response, "invalid_json", "a body that isn't UTF-8");
    let room_id = api.create_room("Friday").await.unwrap().room_id;
    let path = format!("api/v1/rooms/{room_id}");
    let body = r#"{"chat":[true,1000]}"#;
    let response = api.raw(Method::PATCH, &path, &[JSON], body).await.unwrap();
    problem::check(&response, "invalid_request", "an array in place of an inner object");
    let body = r#"{"name":"Friday","is_public":false,"host_loss":{"hold":null}}"#;
    let response = api.raw(Method::POST, "api/v1/rooms", &[JSON], body).await.unwrap();
    problem::check(&response, "invalid_request", "an object in place of a word");
    for name in ["", "   ", &"x".repeat(41), "\u{7}\u{3164}", &"👩\u{200D}🚀".repeat(40)] {
        let body = json!({ "display_name": name });
        let response = server.api().request(Method::POST, "auth/guest", Some(&body)).await.unwrap();
        problem::check(&response, "invalid_request", &format!("the display name {name:?}"));
    }
}

#[tokio::test]
async fn a_join_needs_no_body_and_refuses_an_invalid_one() {
    let party = Party::idle().await;
    let path = format!("api/v1/rooms/{}/join", party.room_id);
    let join = |headers: &'static [(&str, &str)], body: &'static str| {
        party.guest_api.raw(Method::POST, &path, headers, body)
    };
    for (headers, body) in [(&[][..], ""), (&[JSON], "{}"), (&[JSON], r#"{"later":1}"#)] {
        join(headers, body).await.unwrap().expect_success().unwrap();
    }
    for (headers, body, code) in [
        (&[JSON][..], "{", "invalid_json"),
        (&[JSON], "7", "invalid_request"),
        (&[JSON], "[]", "invalid_request"),
        (&[("content-type", "text/plain")], "{}", "unsupported_media_type"),
    ] {
        problem::check(&join(headers, body).await.unwrap(), code, body);
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_everywhere() {
    let server = server().await;
    for (method, path, code) in [
        (Method::GET, "api/v1/nothing", "not_found"),
        (Method::GET, "api/v1/", "not_found"),
        (Method::GET, "api/v1", "not_found"),
        (Method::GET, "api/v2/meta", "not_found"),
        (Method::GET, "api", "not_found"),
        (Method::GET, "nothing.js", "not_found"),
        (Method::GET, "../Cargo.toml", "not_found"),
        (Method::GET, "%2e%2e/Cargo.toml", "not_found"),
        (Method::GET, "metrics", "not_found"),
        (Method::POST, "", "method_not_allowed"),
        (Method::POST, "api/v1/meta", "method_not_allowed"),
        (Method::DELETE, "api/v1/time", "method_not_allowed"),
        (Method::PUT, "api/v1/rooms", "method_not_allowed"),
        (Method::GET, "api/v1/auth/guest", "method_not_allowed"),
    ] {
        let asked = format!("{method} /{path}");
        let response = server.api().raw(method, path, &[], "").await.unwrap();
        problem::check(&response, code, &asked);
    }
    for (method, path, allowed) in [
        (Method::POST, "", "GET,HEAD"),
        (Method::POST, "api/v1/meta", "GET,HEAD"),
        (Method::PUT, "api/v1/rooms", "POST"),
        (Method::GET, "api/v1/auth/guest", "POST"),
        (Method::PUT, "api/v1/rooms/AAAAA-AAAAA", "DELETE,GET,HEAD,PATCH"),
    ] {
        let asked = format!("{method} /{path}");
        let response = server.api().raw(method, path, &[], "").await.unwrap();
        let mut methods: Vec<&str> = response.header("allow").split(',').map(str::trim).collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allowed, "{asked}");
    }
}

#[tokio::test]
async fn an_invalid_page_token_or_size_is_a_problem() {
    let party = Party::idle().await;
    let participants = format!("rooms/{}/participants", party.room_id);
    for list in ["rooms/public", &participants] {
        for (query, code) in [
            ("page_token=nonsense", "page_token_invalid"),
            ("page_token=", "page_token_invalid"),
            ("page_token=o50", "page_token_invalid"),
            // `null`, and `{}`, in the token's own encoding.
            ("page_token=bnVsbA", "page_token_invalid"),
            ("page_token=e30", "page_token_invalid"),
            ("page_token=%ff", "page_token_invalid"),
            ("page_size=0", "invalid_request"),
            ("page_size=-1", "invalid_request"),
            ("page_size=all", "invalid_request"),
        ] {
            let path = format!("{list}?{query}");
            let response = party.host_api.request(Method::GET, &path, None).await.unwrap();
            problem::check(&response, code, &path);
        }
        let path = format!("{list}?page_size=4000000000");
        let response = party.host_api.request(Method::GET, &path, None).await.unwrap();
        let page = response.expect_success().unwrap().json;
        assert_eq!(page.get("next_page_token"), None, "a size over the maximum is cut to it");
    }
}

#[tokio::test]
async fn an_idempotency_key_of_invalid_length_is_refused_without_any_effect() {
    let mut party = Party::idle().await;
    let path = format!("api/v1/rooms/{}", party.room_id);
    for key in ["", &"k".repeat(65)] {
        let headers = [JSON, ("idempotency-key", key)];
        let body = r#"{"name":"Other"}"#;
        let response = party.host_api.raw(Method::PATCH, &path, &headers, body).await.unwrap();
        problem::check(&response, "invalid_request", &format!("a key of {} characters", key.len()));
        let response = party.host_api.raw(Method::DELETE, &path, &headers[1..], "").await.unwrap();
        problem::check(&response, "invalid_request", &format!("a key of {} characters", key.len()));
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn a_request_id_is_the_clients_if_valid_or_else_a_new_one() {
    let api: Api = server().await.api();
    let own = [("x-request-id", "mine-1")];
    let response = api.raw(Method::GET, "api/v1/nothing", &own, "").await.unwrap();
    problem::check(&response, "not_found", "an id of the client's own");
    assert_eq!(response.json["request_id"], "mine-1");
    let one = api.raw(Method::GET, "api/v1/nothing", &[], "").await.unwrap();
    let other = api.raw(Method::GET, "api/v1/nothing", &[], "").await.unwrap();
    assert_ne!(one.json["request_id"], other.json["request_id"]);
    let endless = "i".repeat(4000);
    let response = api.raw(Method::GET, "api/v1/nothing", &[("x-request-id", &endless)], "").await;
    let response = response.unwrap();
    problem::check(&response, "not_found", "an id of 4,000 characters");
    assert!(response.header("x-request-id").len() <= 64);
}
