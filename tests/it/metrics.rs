//! Metrics, health and version, as operators see them.

use std::sync::Arc;

use harness::http::Method;
use harness::{Api, ServerProcess};
use serde_json::{Value, json};

use crate::party::{Party, new_room, options};
use crate::problem;

#[tokio::test]
async fn metrics_count_connections_commands_commits_and_fan_out() {
    // Not the shared server: commands of other tests would be counted too.
    let server = Arc::new(options().start().await.unwrap());
    let admin = server.admin_api();
    assert_eq!(sample(&admin, "playhead_connections").await, 0.0);
    let mut party = Party::watching_in(server.clone(), &new_room(), &[]).await;
    party.command("play", json!({})).await;
    party.command("seek", json!({ "position_ms": 1000 })).await;
    party.command("seek", json!({ "position_ms": 2000 })).await;
    party.guest.reject("seek", json!({ "position_ms": 0 })).await.unwrap();
    party.host.reject("seek", json!({ "position_ms": -1 })).await.unwrap();
    party.host.reject("fly", json!({})).await.unwrap();

    assert_eq!(sample(&admin, "playhead_connections").await, 2.0);
    assert_eq!(sample(&admin, "playhead_rooms").await, 1.0);
    for (type_, code, count) in [
        ("play", "ok", 1.0),
        ("seek", "ok", 2.0),
        ("seek", "not_host", 1.0),
        ("seek", "position_out_of_range", 1.0),
        ("set_media", "ok", 1.0),
        ("unusable", "unknown_type", 1.0),
    ] {
        let name = format!(r#"playhead_commands_total{{type="{type_}",code="{code}"}}"#);
        assert_eq!(sample(&admin, &name).await, count, "{name}");
    }
    let decided = sample(&admin, "playhead_commit_seconds_count").await;
    assert!(decided >= 6.0, "{decided} commands were timed");
    let written = sample(&admin, "playhead_fanout_seconds_count").await;
    assert!(written >= 8.0, "{written} writes were timed: four commits to two sockets");
    for name in ["playhead_commit_seconds", "playhead_fanout_seconds"] {
        let all = sample(&admin, &format!(r#"{name}_bucket{{le="+Inf"}}"#)).await;
        let count = sample(&admin, &format!("{name}_count")).await;
        assert_eq!(all, count, "{name} is a histogram");
    }

    party.host.send_binary(b"x").await.unwrap();
    party.host.closed().await.unwrap();
    let alone = |frame: &Value| {
        frame["type"] == "viewer_count_changed" && frame["data"]["viewer_count"] == 1
    };
    party.guest.take("the host to be gone", alone).await.unwrap();
    assert_eq!(sample(&admin, "playhead_connections").await, 1.0);
    assert_eq!(sample(&admin, r#"playhead_closes_total{code="bad_frame"}"#).await, 1.0);
}

#[tokio::test]
async fn health_and_version_are_served_only_on_the_admin_address() {
    let server: Arc<ServerProcess> = crate::party::server().await;
    let admin = server.admin_api();
    for (path, words) in [("healthz", "ok"), ("readyz", "ready")] {
        let response = admin.raw(Method::GET, path, &[], "").await.unwrap();
        let first = response.text.lines().next().unwrap_or_default();
        assert_eq!((response.status, first), (200, words), "{path}");
    }
    let version = admin.raw(Method::GET, "version", &[], "").await.unwrap().json;
    let meta = server.api().meta().await.unwrap();
    assert_eq!((&version["name"], &version["version"]), (&json!(meta.name), &json!(meta.version)));
    for path in ["metrics", "healthz", "readyz", "version"] {
        let response = server.api().raw(Method::GET, path, &[], "").await.unwrap();
        problem::check(&response, "not_found", path);
    }
}

/// The value of a metric.
pub async fn sample(admin: &Api, name: &str) -> f64 {
    let text = admin.raw(Method::GET, "metrics", &[], "").await.unwrap().text;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = value.unwrap_or_else(|| panic!("no {name} in\n{text}"));
    value.trim().parse().expect("a number")
}
