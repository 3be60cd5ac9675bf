//! The sample clip, by the link that a page makes of the address that it came from.

use harness::http::Method;
use harness::{Api, Response};
use serde_json::{Value, json};

use crate::party::strict_options;
use crate::problem;

#[tokio::test]
async fn the_sample_clip_is_found_by_the_address_under_which_its_client_reaches_the_server() {
    let server = strict_options().env("PLAYHEAD_TRUSTED_PROXIES", "127.0.0.1").start().await;
    let server = server.unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    for (proto, host, link) in [
        ("https", "party.example", "https://party.example/watch/sample/clip.m3u8"),
        // As it is with a port that is mapped, or an address that came later.
        ("http", "10.9.8.7", "http://10.9.8.7/watch/sample/clip.mp4"),
    ] {
        let found = resolve(&api, link, proto, host).await.expect_success().unwrap();
        let found: Value = serde_json::from_str(&found.text).unwrap();
        assert_eq!(found["source"]["delivery"][0]["url"], link);
    }
}

#[tokio::test]
async fn nothing_else_is_reached_by_that_address_nor_by_clients_who_came_by_another() {
    let server = strict_options().env("PLAYHEAD_TRUSTED_PROXIES", "127.0.0.1").start().await;
    let server = server.unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    for (host, link) in [
        ("party.example", "https://10.9.8.7/watch/sample/clip.m3u8"),
        ("10.9.8.7:8443", "https://10.9.8.7/watch/sample/clip.m3u8"),
        ("10.9.8.7", "http://10.9.8.7/watch/sample/clip.m3u8"),
        ("10.9.8.7", "https://10.9.8.7/sample/clip.m3u8"),
        ("10.9.8.7", "https://10.9.8.7/watch/api/v1/meta"),
        ("10.9.8.7", "https://10.9.8.7/watch/sample/..%2fapi/v1/meta"),
    ] {
        let response = resolve(&api, link, "https", host).await;
        problem::check(&response, "egress_blocked", &format!("{link} by {host}"));
    }
    let named = "https://party.example/watch/sample/clip.m3u8";
    assert!(resolve(&api, named, "https", "party.example").await.expect_success().is_ok());
    assert!(resolve(&api, named, "https", "other.example").await.expect_success().is_err());
}

/// Resolves a link for a client that came to `/watch` at a host, according to its proxy.
async fn resolve(api: &Api, link: &str, proto: &str, host: &str) -> Response {
    let headers = [
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-proto", proto),
        ("x-forwarded-host", host),
        ("x-forwarded-prefix", "/watch"),
        ("content-type", "application/json"),
    ];
    let body = json!({ "link": link }).to_string();
    api.raw(Method::POST, "api/v1/sources/resolve", &headers, body).await.unwrap()
}
