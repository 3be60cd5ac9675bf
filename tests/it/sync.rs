//! Sync reports of players, and the spread that hosts see.

use std::collections::BTreeMap;
use std::sync::Arc;

use contracts::{Role, SyncChanged};
use harness::WsClient;
use harness::http::Method;
use serde_json::{Value, json};
use server::limit::FRAMES_BURST;

use crate::bad_input::flood::FRAMES;
use crate::metrics::sample;
use crate::party::{Party, new_room, options};

#[tokio::test]
async fn reports_fill_histograms_and_change_no_state() {
    // Not the shared server: reports of other tests would be counted too.
    let server = Arc::new(options().start().await.unwrap());
    let admin = server.admin_api();
    let mut party = Party::watching_in(server, &new_room(), &[]).await;
    party.command("play", json!({})).await;
    let before = party.state().await;
    for drift_ms in [0.0, -0.4, 4.0, -40.0, 86_400_000.0] {
        let acked = report(&mut party.guest, drift_ms, 3.0).await;
        assert_eq!((acked.version, acked.duplicate), (party.version, false));
    }
    let after = party.state().await;
    assert_eq!((after.room.playback, after.version), (before.room.playback, before.version));
    party.nothing_happened().await;

    let drift = "playhead_sync_drift_seconds";
    for (le, count) in
        [("0.0005", 2.0), ("0.002", 2.0), ("0.005", 3.0), ("0.035", 3.0), ("0.05", 4.0)]
    {
        let name = format!(r#"{drift}_bucket{{le="{le}"}}"#);
        assert_eq!(sample(&admin, &name).await, count, "{name}");
    }
    for (le, count) in [("5", 4.0), ("+Inf", 5.0)] {
        let name = format!(r#"{drift}_bucket{{le="{le}"}}"#);
        assert_eq!(sample(&admin, &name).await, count, "{name}");
    }
    let sum = sample(&admin, &format!("{drift}_sum")).await;
    assert!((sum - 86_400.044_4).abs() < 1e-6, "seconds, ahead and behind alike: {sum}");
    let uncertainty = "playhead_clock_uncertainty_seconds";
    for (le, count) in [("0.002", 0.0), ("0.005", 5.0)] {
        let name = format!(r#"{uncertainty}_bucket{{le="{le}"}}"#);
        assert_eq!(sample(&admin, &name).await, count, "{name}");
    }
}

#[tokio::test]
async fn an_invalid_report_is_refused_with_a_reason_and_not_counted() {
    let server = Arc::new(options().start().await.unwrap());
    let admin = server.admin_api();
    let mut party = Party::watching_in(server, &new_room(), &[]).await;
    for (data, named) in [
        (json!({}), "drift_ms"),
        (json!([]), "data"),
        (json!([0, 0]), "data"),
        (json!({ "drift_ms": 0 }), "uncertainty_ms"),
        (json!({ "uncertainty_ms": 1 }), "drift_ms"),
        (json!({ "drift_ms": null, "uncertainty_ms": 1 }), "null"),
        (json!({ "drift_ms": "0", "uncertainty_ms": 1 }), "string"),
        (json!({ "drift_ms": "NaN", "uncertainty_ms": 1 }), "string"),
        (json!({ "drift_ms": 0, "uncertainty_ms": "1" }), "string"),
        (json!({ "drift_ms": true, "uncertainty_ms": 1 }), "boolean"),
        (json!({ "drift_ms": 1e308, "uncertainty_ms": 1 }), "`drift_ms` must lie between"),
        (json!({ "drift_ms": -1e308, "uncertainty_ms": 1 }), "`drift_ms` must lie between"),
        (json!({ "drift_ms": 86_400_000.1, "uncertainty_ms": 1 }), "`drift_ms` must lie between"),
        (json!({ "drift_ms": -86_400_001, "uncertainty_ms": 1 }), "`drift_ms` must lie between"),
        (json!({ "drift_ms": 0, "uncertainty_ms": -0.001 }), "`uncertainty_ms` must lie between"),
        (json!({ "drift_ms": 0, "uncertainty_ms": 60_001 }), "`uncertainty_ms` must lie between"),
        (json!({ "drift_ms": 0, "uncertainty_ms": 1e308 }), "`uncertainty_ms` must lie between"),
    ] {
        let error = party.host.reject("sync_report", data.clone()).await.unwrap();
        assert_eq!(error.code, "invalid_request", "{data}");
        assert!(error.detail.contains(named), "{data}: {}", error.detail);
    }
    for text in ["NaN", "1e999", "-Infinity"] {
        let data = format!(r#"{{"drift_ms":{text},"uncertainty_ms":1}}"#);
        let frame = format!(r#"{{"type":"sync_report","id":"n","data":{data}}}"#);
        party.host.send_text(&frame).await.unwrap();
        let reject = party.host.wait_for("reject").await.unwrap();
        assert_eq!(reject["error"]["code"], "invalid_json");
    }
    party.nothing_happened().await;
    let metrics = admin.raw(Method::GET, "metrics", &[], "").await.unwrap().text;
    assert!(!metrics.contains("playhead_sync_drift_seconds_count"), "nothing was counted");
    report(&mut party.host, 2.0, 1.0).await;
    let first = party.host.wait_for("sync_changed").await.unwrap();
    assert_eq!(spread(&first), shown(1, 0.0, 1.0), "the first that anybody is shown");
}

#[tokio::test]
async fn only_hosts_and_co_hosts_see_the_spread_of_players() {
    let mut party = Party::watching().await;
    let api = party.server.api().as_guest("Cleo").await.unwrap();
    let mut co_host = api.connect(&party.room_id).await.unwrap();
    let co_host_id = co_host.hello(&[]).await.unwrap().participant_id;
    report(&mut party.host, -2.5, 1.0).await;
    report(&mut party.guest, 10.0, 4.5).await;
    sees(&mut party.host, shown(2, 12.5, 4.5)).await;
    assert_was_shown_nothing(&mut party.guest).await;
    assert_was_shown_nothing(&mut co_host).await;

    // A new co-host sees the current spread.
    party.host_api.give_role(&party.room_id, &co_host_id, Role::CoHost).await.unwrap();
    sees(&mut co_host, shown(2, 12.5, 4.5)).await;
    // The earlier reports would soon be too old.
    report(&mut party.host, -2.5, 1.0).await;
    report(&mut party.guest, 10.0, 4.5).await;
    report(&mut co_host, 30.0, 2.0).await;
    for socket in [&mut party.host, &mut co_host] {
        sees(socket, shown(3, 32.5, 4.5)).await;
    }
    assert_was_shown_nothing(&mut party.guest).await;

    party.host_api.give_role(&party.room_id, &co_host_id, Role::Guest).await.unwrap();
    report(&mut party.host, -2.5, 1.0).await;
    report(&mut co_host, 30.0, 2.0).await;
    report(&mut party.guest, 0.0, 0.5).await;
    sees(&mut party.host, shown(3, 32.5, 2.0)).await;
    assert_was_shown_nothing(&mut co_host).await;
}

#[tokio::test]
async fn a_player_that_leaves_no_longer_counts() {
    let mut party = Party::watching().await;
    report(&mut party.host, 0.0, 1.0).await;
    report(&mut party.guest, 100.0, 7.0).await;
    let mut second = party.guest_api.enter(&party.room_id).await.unwrap();
    report(&mut second, -100.0, 3.0).await;
    sees(&mut party.host, shown(3, 200.0, 7.0)).await;
    // Each of two sockets of a participant counts.
    party.guest.close().await.unwrap();
    sees(&mut party.host, shown(2, 100.0, 3.0)).await;
    report(&mut party.host, 0.0, 1.0).await;
    drop(second);
    sees(&mut party.host, shown(1, 0.0, 1.0)).await;
}

#[tokio::test]
async fn old_reports_are_dropped_and_that_is_announced_once() {
    let mut party = Party::watching().await;
    report(&mut party.host, 5.0, 1.0).await;
    sees(&mut party.host, shown(1, 0.0, 1.0)).await;
    let next = party.host.wait_for("sync_changed").await.unwrap();
    assert_eq!(spread(&next), shown(0, 0.0, 0.0), "nothing changed before that");
    report(&mut party.guest, 9.0, 2.0).await;
    let next = party.host.wait_for("sync_changed").await.unwrap();
    assert_eq!(spread(&next), shown(1, 0.0, 2.0), "silence isn't announced again");
}

#[tokio::test]
async fn a_flood_of_reports_is_rate_limited_like_any_other() {
    let server = Arc::new(options().start().await.unwrap());
    let admin = server.admin_api();
    let mut party = Party::watching_in(server, &new_room(), &[]).await;
    for number in 0..FRAMES {
        let data = json!({ "drift_ms": number, "uncertainty_ms": 1 });
        let frame = json!({ "type": "sync_report", "id": format!("f{number}"), "data": data });
        party.guest.send_json(&frame).await.unwrap();
    }
    let mut answers = BTreeMap::new();
    while answers.len() < FRAMES {
        let frame = party.guest.next_frame().await.unwrap();
        let Some(id) = frame["id"].as_str() else { continue };
        assert!(answers.insert(id.to_owned(), frame.clone()).is_none(), "{id} is answered once");
    }
    let (limited, acked): (Vec<&Value>, Vec<&Value>) =
        answers.values().partition(|answer| answer["type"] == "reject");
    assert!(acked.len() >= FRAMES_BURST as usize, "{} were let through", acked.len());
    assert!(!limited.is_empty(), "{} were let through", acked.len());
    assert!(limited.iter().all(|answer| answer["error"]["code"] == "rate_limited"));
    let counted = sample(&admin, "playhead_sync_drift_seconds_count").await;
    assert_eq!(counted as usize, acked.len(), "what was refused isn't counted");
    sees(&mut party.host, shown(1, 0.0, 1.0)).await;
    party.nothing_happened().await;
}

/// Reports a drift and an uncertainty, in milliseconds.
pub async fn report(
    socket: &mut WsClient,
    drift_ms: f64,
    uncertainty_ms: f64,
) -> harness::ws_client::Acked {
    let data = json!({ "drift_ms": drift_ms, "uncertainty_ms": uncertainty_ms });
    socket.ack("sync_report", data).await.unwrap()
}

/// The spread in a frame.
pub fn spread(frame: &Value) -> SyncChanged {
    assert_eq!(frame["version"], Value::Null, "it is about the moment: {frame}");
    serde_json::from_value(frame["data"].clone()).unwrap_or_else(|error| panic!("{error}: {frame}"))
}

/// A spread, in milliseconds.
pub fn shown(reporting: u64, spread_ms: f64, uncertainty_ms: f64) -> SyncChanged {
    SyncChanged { reporting, spread_ms, uncertainty_ms }
}

/// Waits for this spread. An update between two reports may show only one of them.
pub async fn sees(socket: &mut WsClient, wanted: SyncChanged) {
    loop {
        let frame = socket.wait_for("sync_changed").await;
        let frame = frame.unwrap_or_else(|error| panic!("{wanted:?} is to be shown: {error}"));
        if spread(&frame) == wanted {
            return;
        }
    }
}

/// Asserts that a socket received no spread, after others have: pending frames are sent before the
/// next answer.
pub async fn assert_was_shown_nothing(socket: &mut WsClient) {
    socket.ack("buffering", json!({ "on": false })).await.unwrap();
    let unread = socket.take_unread();
    let shown: Vec<&Value> = unread.iter().filter(|one| one["type"] == "sync_changed").collect();
    assert!(shown.is_empty(), "{shown:?}");
}
