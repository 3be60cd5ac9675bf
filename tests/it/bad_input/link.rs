//! Links without usable media, and links that must not be requested.

use std::sync::Arc;

use harness::http::Method;
use serde_json::json;
use tokio::net::TcpListener;

use crate::origin::Origin;
use crate::party::{Party, new_room, playback, strict_options};
use crate::problem;

#[tokio::test]
async fn a_link_without_media_is_refused_with_a_reason_and_changes_nothing() {
    let origin = Origin::start().await;
    let mut party = Party::watching().await;
    let (dead, long) =
        (dead_link().await, format!("{}?{}", origin.link("film.m3u8"), "x".repeat(2100)));
    for (link, code) in [
        (dead.as_str(), "upstream_unavailable"),
        ("http://no-such-host.invalid/film.mp4", "upstream_unavailable"),
        (&origin.link("nothing.mp4"), "media_not_found"),
        (&origin.link("gone.m3u8"), "media_gone"),
        (&origin.link("secret.m3u8"), "media_forbidden"),
        (&origin.link("busy.m3u8"), "upstream_rate_limited"),
        (&origin.link("broken.m3u8"), "upstream_unavailable"),
        (&origin.link("page"), "media_unsupported"),
        (&origin.link("film.mp4"), "media_unsupported"),
        (&origin.link("words.m3u8"), "media_unsupported"),
        (&origin.link("blank.m3u8"), "media_unsupported"),
        (&origin.link("empty.m3u8"), "manifest_invalid"),
        (&origin.link("huge.m3u8"), "upstream_too_large"),
        (&origin.link("vast.m3u8"), "upstream_too_large"),
        (&origin.link("subtitles.m3u8"), "media_unsupported"),
        (&origin.link("silent.m3u8"), "upstream_timeout"),
        (&origin.link("inward.m3u8"), "egress_blocked"),
        (&origin.link("outward.m3u8"), "egress_blocked"),
        (&origin.link("circle.m3u8"), "media_unsupported"),
        ("file:///etc/passwd", "media_unsupported"),
        ("javascript:alert(1)", "media_unsupported"),
        ("data:text/html,<p>Hi", "media_unsupported"),
        ("ftp://example.com/film.mp4", "media_unsupported"),
        ("", "link_invalid"),
        ("a film", "link_invalid"),
        ("http://", "link_invalid"),
        ("https://me:pw@example.com/film.mp4", "link_invalid"),
        (&long, "link_invalid"),
    ] {
        let error = party.host.reject("set_media", json!({ "link": link })).await.unwrap();
        let shown: String = link.chars().take(60).collect();
        assert_eq!(error.code, code, "{shown}: {}", error.detail);
        assert!(!error.detail.contains("127.0.0.1"), "no address is revealed: {}", error.detail);
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn a_missing_source_is_refused_with_a_reason_and_changes_nothing() {
    let origin = Origin::start().await;
    let mut party = Party::watching().await;
    for (provider, stream_id, code) in [
        ("tape", "x".to_owned(), "provider_unknown"),
        ("", "x".to_owned(), "provider_unknown"),
        ("hls", "x".to_owned(), "link_invalid"),
        ("hls", format!("{}?{}", origin.link("gone.m3u8"), "x".repeat(8192)), "link_invalid"),
        ("hls", "file:///etc/passwd".to_owned(), "egress_blocked"),
        ("file", "http://10.0.0.1/film.mp4".to_owned(), "egress_blocked"),
        ("hls", origin.link("gone.m3u8"), "media_gone"),
        ("file", origin.link("page"), "media_unsupported"),
    ] {
        let data = json!({ "source": { "provider": provider, "stream_id": stream_id } });
        let error = party.host.reject("set_media", data).await.unwrap();
        assert_eq!(error.code, code, "{provider} {stream_id}: {}", error.detail);
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn the_server_never_requests_a_private_address_in_any_spelling() {
    let origin = Origin::start().await;
    let server = Arc::new(strict_options().start().await.unwrap());
    let mut party = Party::meet(server, &new_room(), &[]).await;
    let port = origin.port();
    let admin = party.server.admin().to_owned();
    for link in [
        origin.link("film.m3u8"),
        format!("http://localhost:{port}/film.m3u8"),
        format!("http://127.1:{port}/film.m3u8"),
        format!("http://2130706433:{port}/film.m3u8"),
        format!("http://0x7f000001:{port}/film.m3u8"),
        format!("http://0177.0.0.1:{port}/film.m3u8"),
        format!("http://127.0.0.1.:{port}/film.m3u8"),
        format!("http://0:{port}/film.m3u8"),
        format!("http://[::1]:{port}/film.m3u8"),
        format!("http://[::ffff:127.0.0.1]:{port}/film.m3u8"),
        format!("{admin}metrics"),
        format!("{}api/v1/meta", party.server.page()),
        format!("{}sample/../api/v1/meta", party.server.page()),
        "http://169.254.169.254/latest/meta-data/film.mp4".to_owned(),
        "http://10.0.0.1/film.mp4".to_owned(),
        "http://192.168.0.1/film.mp4".to_owned(),
        "http://[fe80::1]/film.mp4".to_owned(),
        "http://[fd00::1]/film.mp4".to_owned(),
    ] {
        let error = party.host.reject("set_media", json!({ "link": link })).await.unwrap();
        assert_eq!(error.code, "egress_blocked", "{link}: {}", error.detail);
        let body = json!({ "link": link });
        let response = party.host_api.request(Method::POST, "sources/resolve", Some(&body)).await;
        problem::check(&response.unwrap(), "egress_blocked", &link);
        party.nothing_happened().await;
    }
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn no_link_is_fetched_for_a_caller_who_may_not_choose_media() {
    let origin = Origin::start().await;
    let mut party = Party::watching().await;
    let link = origin.link("film.m3u8");
    let source = json!({ "provider": "hls", "stream_id": link });
    for data in [json!({ "link": link }), json!({ "source": source })] {
        assert_eq!(party.guest.reject("set_media", data).await.unwrap().code, "not_host");
        party.nothing_happened().await;
    }
    let stale = json!({ "link": link, "expected_version": party.version - 1 });
    assert_eq!(party.host.reject("set_media", stale).await.unwrap().code, "version_conflict");
    party.nothing_happened().await;
    assert_eq!(origin.connections(), 0);

    let frame = party.command("set_media", json!({ "link": link })).await;
    assert_eq!(playback(&frame).position_ms, 0);
    assert!(origin.connections() > 0, "the same link by the host is fetched");
}

#[tokio::test]
async fn a_slow_origin_delays_only_the_answer_to_its_own_command() {
    let origin = Origin::start().await;
    let mut party = Party::watching().await;
    let mut second = party.host_api.enter(&party.room_id).await.unwrap();
    let link = origin.link("silent.m3u8");
    let set_media = json!({ "type": "set_media", "id": "slow", "data": { "link": link } });
    second.send_json(&set_media).await.unwrap();
    party.command("play", json!({})).await;
    party.command("pause", json!({})).await;
    second.send_json(&json!({ "type": "ping", "data": { "t0": 1 } })).await.unwrap();
    second.wait_for("pong").await.unwrap();
    let answer = second.answer("slow").await.unwrap();
    assert_eq!(answer["error"]["code"], "upstream_timeout");
    party.nothing_happened().await;
}

/// A link to a port that nothing listens on.
async fn dead_link() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    format!("http://{}/film.mp4", listener.local_addr().expect("it is bound"))
}
