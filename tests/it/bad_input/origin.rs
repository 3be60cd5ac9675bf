//! Pages of foreign origins.

use harness::http::Method;
use harness::{Response, Upgrade};

use crate::party::options;
use crate::problem;

#[tokio::test]
async fn a_page_of_a_foreign_origin_is_refused_when_it_joins_in_words_that_name_it() {
    let server = options().start().await.unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    let room_id = api.create_room("Friday").await.unwrap().room_id;
    let path = format!("api/v1/rooms/{room_id}/join");
    for _ in 0..3 {
        for origin in ["https://evil.example", "http://evil.example", "null"] {
            let headers = [("origin", origin)];
            let response: Response = api.raw(Method::POST, &path, &headers, "").await.unwrap();
            problem::check(&response, "origin_forbidden", origin);
            let detail = response.json["detail"].as_str().unwrap_or_default();
            // What has no origin can't be allowed.
            let is_named = origin != "null";
            assert!(detail.contains(origin) == is_named, "{detail}");
            assert_eq!(detail.contains("PLAYHEAD_ALLOWED_ORIGINS"), is_named, "{detail}");
            assert_eq!(response.json["meta"]["origin"], origin);
        }
    }
    assert_eq!(server.log().matches("https://evil.example").count(), 1, "{}", server.log());
    let logged = server.log().matches("set PLAYHEAD_PUBLIC_URL").count();
    assert_eq!(logged, 3, "each origin once: {}", server.log());
}

#[tokio::test]
async fn the_log_names_a_foreign_origin_whose_page_asks_in_vain_whether_it_may() {
    let server = options().env("PLAYHEAD_ALLOWED_ORIGINS", "https://tv.example").start().await;
    let server = server.unwrap();
    let api = server.api();
    let asks = ("access-control-request-method", "POST");
    for _ in 0..2 {
        for (origin, may) in [("https://tv.example", true), ("https://evil.example", false)] {
            let headers = [("origin", origin), asks];
            let path = "api/v1/auth/guest";
            let response = api.raw(Method::OPTIONS, path, &headers, "").await.unwrap();
            let allowed = response.headers.get("access-control-allow-origin").is_some();
            assert_eq!(allowed, may, "{origin}");
        }
    }
    assert_eq!(server.log().matches("https://evil.example").count(), 1, "{}", server.log());
    assert!(!server.log().contains("https://tv.example"), "{}", server.log());
}

#[tokio::test]
async fn invented_origins_keep_the_one_of_the_operators_own_page_in_the_log() {
    let server = options().start().await.unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    let room_id = api.create_room("Friday").await.unwrap().room_id;
    let path = format!("api/v1/rooms/{room_id}/join");
    let invented = (0..80).map(|number| format!("https://{number}.example"));
    for origin in invented.chain(["https://party.example".to_owned()]) {
        let response = api.raw(Method::POST, &path, &[("origin", &origin)], "").await.unwrap();
        problem::check(&response, "origin_forbidden", &origin);
    }
    assert!(server.log().contains("https://party.example"), "{}", server.log());
}

#[tokio::test]
async fn naming_a_foreign_origin_keeps_the_servers_own() {
    let server = options().env("PLAYHEAD_ALLOWED_ORIGINS", "https://tv.example").start().await;
    let server = server.unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    let room_id = api.create_room("Friday").await.unwrap().room_id;
    let path = format!("api/v1/rooms/{room_id}/join");
    let own = server.page().trim_end_matches('/').to_owned();
    // A page over HTTPS, through a proxy that nobody told the server of.
    let secure = own.replace("http:", "https:");
    for origin in ["https://tv.example", &own, &secure] {
        let headers = [("origin", origin)];
        let joined = api.raw(Method::POST, &path, &headers, "").await.unwrap();
        let joined: contracts::Joined = joined.parse().unwrap();
        let upgrade = Upgrade::with(&joined.ws).origin(origin);
        upgrade.connect().await.unwrap().hello(&[]).await.unwrap();
    }
    let headers = [("origin", "https://other.example")];
    let response = api.raw(Method::POST, &path, &headers, "").await.unwrap();
    problem::check(&response, "origin_forbidden", "another");
}
