//! The address that clients are given to connect to, by the headers of a proxy.

use harness::http::Method;

use crate::party::{options, server};
use crate::problem;

type Headers = &'static [(&'static str, &'static str)];

#[tokio::test]
async fn the_address_of_the_websocket_is_the_one_that_the_client_came_by() {
    let server = options().env("PLAYHEAD_TRUSTED_PROXIES", "127.0.0.0/8").start().await.unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    let room_id = api.create_room("Friday").await.unwrap().room_id;
    let join = format!("api/v1/rooms/{room_id}/join");
    let cases: [(Headers, &str); 9] = [
        (&[], ""),
        (&[("x-forwarded-proto", "https")], "wss://@SERVER@"),
        (
            &[("x-forwarded-proto", "https"), ("x-forwarded-host", "party.example")],
            "wss://party.example",
        ),
        (
            &[
                ("x-forwarded-proto", "http,https"),
                ("x-forwarded-host", "a.example, party.example"),
            ],
            "wss://party.example",
        ),
        (
            &[("forwarded", "for=\"[2001:db8::1]:4711\";proto=https;host=\"party.example:8443\"")],
            "wss://party.example:8443",
        ),
        (
            &[("x-forwarded-host", "[2001:db8::1]:8443"), ("x-forwarded-prefix", "/watch/")],
            "ws://[2001:db8::1]:8443/watch",
        ),
        (
            &[("x-forwarded-for", "198.51.100.1, 127.0.0.9"), ("x-forwarded-proto", "https, http")],
            "wss://@SERVER@",
        ),
        (&[("x-forwarded-host", "evil.example/\"><script>")], ""),
        (&[("x-forwarded-prefix", "//evil.example")], ""),
    ];
    for (headers, base) in cases {
        let joined = api.raw(Method::POST, &join, headers, "").await.unwrap();
        let joined: contracts::Joined = joined.parse().unwrap();
        let base = if base.is_empty() { "ws://@SERVER@" } else { base };
        let base = base.replace("@SERVER@", server.address());
        assert_eq!(joined.ws.url, format!("{base}/api/v1/rooms/{room_id}/ws"), "{headers:?}");
    }
}

#[tokio::test]
async fn two_headers_that_name_different_clients_are_refused_from_a_trusted_proxy() {
    let trusting = options().env("PLAYHEAD_TRUSTED_PROXIES", "127.0.0.0/8").start().await.unwrap();
    let other = server().await;
    let cases: [(Headers, bool); 4] = [
        (&[("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=198.51.100.1")], true),
        (&[("x-forwarded-for", "198.51.100.1"), ("forwarded", "for=6.6.6.6")], false),
        (&[("x-forwarded-for", "198.51.100.1"), ("forwarded", "proto=https")], false),
        (&[("forwarded", "for=6.6.6.6")], true),
    ];
    for path in ["api/v1/meta", ""] {
        for (headers, is_accepted) in cases {
            let response = trusting.api().raw(Method::GET, path, headers, "").await.unwrap();
            if is_accepted {
                assert_eq!(response.status, 200, "{path}: {headers:?}");
            } else {
                problem::check(&response, "invalid_request", &format!("{path}: {headers:?}"));
            }
            // From anybody else, neither header means anything.
            let response = other.api().raw(Method::GET, path, headers, "").await.unwrap();
            assert_eq!(response.status, 200, "{path}: {headers:?}");
        }
    }
    let told = trusting.log().matches("name different clients").count();
    assert_eq!(told, 1, "{}", trusting.log());
}

#[tokio::test]
async fn nobody_but_a_trusted_proxy_says_where_clients_connect() {
    let server = options().env("PLAYHEAD_TRUSTED_PROXIES", "10.0.0.1").start().await.unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    let room_id = api.create_room("Friday").await.unwrap().room_id;
    let join = format!("api/v1/rooms/{room_id}/join");
    let headers = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-prefix", "/watch"),
        ("forwarded", "host=evil.example;proto=https"),
    ];
    let joined = api.raw(Method::POST, &join, &headers, "").await.unwrap();
    let joined: contracts::Joined = joined.parse().unwrap();
    let own = format!("ws://{}/api/v1/rooms/{room_id}/ws", server.address());
    assert_eq!(joined.ws.url, own);
}
