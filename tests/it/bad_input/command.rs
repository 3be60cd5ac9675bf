//! Well-formed commands of the host that can't be carried out.

use serde_json::{Value, json};

use crate::party::{Party, playback};

#[tokio::test]
async fn a_command_with_an_invalid_field_is_refused_under_its_id() {
    let mut party = Party::watching().await;
    for (type_, data) in [
        ("play", json!([])),
        ("play", json!("now")),
        ("play", json!({ "expected_version": "1" })),
        ("play", json!({ "expected_version": -1 })),
        ("seek", json!({})),
        ("seek", json!({ "position_ms": null })),
        ("seek", json!({ "position_ms": "NaN" })),
        ("seek", json!({ "position_ms": "1000" })),
        ("seek", json!({ "position_ms": 1.5 })),
        ("seek", json!({ "position_ms": 1e300 })),
        ("seek", json!({ "position_ms": [1] })),
        ("set_rate", json!({})),
        ("set_rate", json!({ "rate": null })),
        ("set_rate", json!({ "rate": "NaN" })),
        ("set_rate", json!({ "rate": 0 })),
        ("set_rate", json!({ "rate": -1 })),
        ("set_rate", json!({ "rate": 0.2 })),
        ("set_rate", json!({ "rate": 4.001 })),
        ("set_rate", json!({ "rate": 9 })),
        ("set_rate", json!({ "rate": 1e300 })),
        ("change_quality", json!({})),
        ("change_quality", json!({ "rendition": null })),
        ("change_subtitle", json!({})),
        ("change_subtitle", json!({ "track": 1 })),
        ("change_audio", json!({ "track": null })),
        ("ended", json!({})),
        ("measured", json!({})),
        ("measured", json!({ "media_id": "m", "duration_ms": -1 })),
        ("measured", json!({ "media_id": "m", "origin": [0, 0, 0, 1] })),
        (
            "measured",
            json!({ "media_id": "m", "origin":
            { "discontinuity": 0, "start_ms": 0, "timestamp": 0, "timescale": 0 } }),
        ),
        ("ready", json!({ "version": -1 })),
        ("buffering", json!({ "on": "yes" })),
        ("media_failed", json!({})),
        ("sync_report", json!({ "drift_ms": "0", "uncertainty_ms": 1 })),
        ("host_transfer", json!({})),
        ("set_media", json!({})),
        ("set_media", json!({ "link": 7 })),
        ("set_media", json!({ "source": "hls" })),
        (
            "set_media",
            json!({ "link": "https://example.com/a.mp4",
            "source": { "provider": "hls", "stream_id": "x" } }),
        ),
    ] {
        let error = party.host.reject(type_, data.clone()).await.unwrap();
        assert_eq!(error.code, "invalid_request", "{type_} {data}");
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn numbers_that_json_does_not_have_are_invalid_json() {
    let mut party = Party::watching().await;
    for text in [
        r#"{"type":"seek","id":"n","data":{"position_ms":NaN}}"#,
        r#"{"type":"seek","id":"n","data":{"position_ms":-Infinity}}"#,
        r#"{"type":"seek","id":"n","data":{"position_ms":1e999}}"#,
        r#"{"type":"set_rate","id":"n","data":{"rate":NaN}}"#,
        r#"{"type":"set_rate","id":"n","data":{"rate":1e999}}"#,
    ] {
        party.host.send_text(text).await.unwrap();
        let reject = party.host.wait_for("reject").await.unwrap();
        assert_eq!(
            (&reject["id"], &reject["error"]["code"]),
            (&Value::Null, &json!("invalid_json"))
        );
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn a_seek_outside_the_media_is_refused() {
    let mut party = Party::watching().await;
    let media = party.state().await.room.media.expect("the sample is chosen");
    let duration_ms = media.source.duration_ms.expect("the sample has an end");
    for position_ms in [
        json!(-1),
        json!(i64::MIN),
        json!(duration_ms + 1),
        json!(9_007_199_254_740_993_u64),
        json!(i64::MAX),
    ] {
        let data = json!({ "position_ms": position_ms });
        let error = party.host.reject("seek", data).await.unwrap();
        assert_eq!(error.code, "position_out_of_range", "{position_ms}");
        assert_eq!(json!(error.meta)["duration_ms"], duration_ms, "{position_ms}");
        party.nothing_happened().await;
    }
    let frame = party.command("seek", json!({ "position_ms": duration_ms })).await;
    assert_eq!(playback(&frame).position_ms, duration_ms);
    let frame = party.command("seek", json!({ "position_ms": 0 })).await;
    assert_eq!(playback(&frame).position_ms, 0);
}

#[tokio::test]
async fn qualities_tracks_and_participants_that_do_not_exist_cannot_be_chosen() {
    let mut party = Party::watching().await;
    for (type_, data, code) in [
        ("change_quality", json!({ "rendition": "8k" }), "quality_unavailable"),
        ("change_quality", json!({ "rendition": "" }), "quality_unavailable"),
        ("change_subtitle", json!({ "track": "xx" }), "track_unavailable"),
        ("change_subtitle", json!({ "track": "" }), "track_unavailable"),
        ("change_audio", json!({ "track": "xx" }), "track_unavailable"),
        ("host_transfer", json!({ "participant_id": "p_nobody" }), "participant_not_found"),
        ("host_transfer", json!({ "participant_id": "" }), "participant_not_found"),
    ] {
        let error = party.host.reject(type_, data.clone()).await.unwrap();
        assert_eq!(error.code, code, "{type_} {data}");
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn playback_commands_without_media_are_refused() {
    let mut party = Party::idle().await;
    for (type_, data) in [
        ("play", json!({})),
        ("pause", json!({})),
        ("seek", json!({ "position_ms": 0 })),
        ("set_rate", json!({ "rate": 2 })),
        ("change_quality", json!({ "rendition": "auto" })),
        ("change_subtitle", json!({ "track": null })),
        ("change_audio", json!({ "track": "x" })),
    ] {
        let error = party.host.reject(type_, data).await.unwrap();
        assert_eq!(error.code, "no_media", "{type_}");
        party.nothing_happened().await;
    }
}
