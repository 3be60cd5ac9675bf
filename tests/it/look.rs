//! What the server reads of the media while a room watches it.

use contracts::MediaChanged;
use serde_json::{Value, json};

use crate::origin::Origin;
use crate::party::{Party, playback};

#[tokio::test]
async fn origins_far_from_the_room_are_read_once_a_seek_nears_them() {
    let origin = Origin::start().await;
    let mut party = Party::idle().await;
    let chosen = party.command("set_media", json!({ "link": origin.link("cuts.m3u8") })).await;
    let first: Vec<u64> = (0..8).map(|n| n * 10_000).collect();
    assert_eq!(starts(&chosen), first);

    let sought = party.command("seek", json!({ "position_ms": 155_000 })).await;
    let frame = party.committed().await;
    let cause = (&frame["data"]["cause"], &frame["data"]["by"]);
    assert_eq!(cause, (&json!("refreshed"), &json!(null)));
    assert_eq!(playback(&frame), playback(&sought), "playback stays as it is");
    let last: Vec<u64> = (15..20).map(|n| n * 10_000).collect();
    assert_eq!(starts(&frame), [first, last].concat());

    party.command("seek", json!({ "position_ms": 85_000 })).await;
    let all: Vec<u64> = (0..20).map(|n| n * 10_000).collect();
    assert_eq!(starts(&party.committed().await), all);
    let asked = origin.connections();
    party.command("seek", json!({ "position_ms": 100_000 })).await;
    party.nothing_happened().await;
    assert_eq!(origin.connections(), asked, "everything was read");
}

/// Where the discontinuities begin whose origins are known, in milliseconds.
fn starts(frame: &Value) -> Vec<u64> {
    let changed: MediaChanged = serde_json::from_value(frame["data"].clone()).expect("media");
    changed.media.source.timeline.origins.iter().map(|origin| origin.start_ms).collect()
}
