//! What the server reads of the media while a room watches it.

use std::sync::Arc;

use contracts::{MediaChanged, Status};
use serde_json::{Value, json};

use crate::origin::{AHEAD_MS, LIVE_FROM_MS, LIVE_WINDOW_MS, Origin};
use crate::party::{Party, new_room, options, playback};

/// Three target durations.
const HOLD_BACK_MS: u64 = 6_000;

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

#[tokio::test]
async fn an_edge_that_has_jumped_is_corrected_and_the_room_stays_as_far_behind_it() {
    let origin = Origin::start().await;
    let mut party = watching_live(&origin, "running.m3u8").await;
    let before = party.state().await.room.media.expect("it was chosen");
    party.command("play", json!({})).await;
    origin.release();
    let frame = party.committed().await;
    let changed = changed(&frame);
    assert_eq!((changed.cause.as_str(), changed.by), ("edge_moved", None));
    assert_eq!(changed.media.media_id, before.media_id, "it is the same media");
    let edge_ms = changed.media.source.edge_ms.expect("it is live");
    let least_ms = LIVE_FROM_MS + LIVE_WINDOW_MS + AHEAD_MS;
    assert!((least_ms..least_ms + AHEAD_MS).contains(&edge_ms), "{edge_ms}");
    let passed_ms = changed.playback.anchor_at_ms - changed.media.source.edge_at_ms.unwrap();
    let behind_ms = edge_ms + passed_ms - changed.playback.position_ms;
    assert_eq!((changed.playback.status, behind_ms), (Status::Playing, HOLD_BACK_MS));
    let ahead = json!({ "position_ms": edge_ms - 2 * HOLD_BACK_MS });
    party.command("seek", ahead).await;
}

#[tokio::test]
async fn a_window_that_grows_is_corrected_where_positions_count_timestamps() {
    let origin = Origin::start().await;
    let mut party = watching_live(&origin, "undated.m3u8").await;
    let before = party.state().await.room.media.expect("it was chosen").source;
    assert_eq!((before.timeline.kind.as_str(), before.window_ms), ("media", Some(LIVE_WINDOW_MS)));
    origin.release();
    let changed = changed(&party.committed().await);
    let after = &changed.media.source;
    assert_eq!((changed.cause.as_str(), after.window_ms), ("edge_moved", Some(3 * LIVE_WINDOW_MS)));
    assert_eq!(after.timeline, before.timeline);
}

#[tokio::test]
async fn a_live_stream_that_has_ended_is_a_film_with_a_length_and_the_room_can_seek_in_it() {
    let origin = Origin::start().await;
    let mut party = watching_live(&origin, "ending.m3u8").await;
    let before = party.state().await.room.media.expect("it was chosen");
    let data = json!({ "position_ms": before.source.edge_ms.unwrap() - HOLD_BACK_MS });
    party.command("seek", data).await;
    origin.release();
    let changed = changed(&party.committed().await);
    assert_eq!((changed.cause.as_str(), changed.by), ("finished", None));
    assert_ne!(changed.media.media_id, before.media_id, "players load it as a film");
    let source = &changed.media.source;
    assert_eq!((source.live, source.edge_ms), (false, None));
    assert_eq!(source.duration_ms, Some(LIVE_WINDOW_MS));
    let stands = (changed.playback.status, changed.playback.position_ms);
    assert_eq!(stands, (Status::Paused, LIVE_WINDOW_MS - HOLD_BACK_MS));
    party.command("seek", json!({ "position_ms": 1_000 })).await;
    party.nothing_happened().await;
}

/// A party that watches a live source of this origin, whose edge is read each second.
async fn watching_live(origin: &Origin, file: &str) -> Party {
    let server = options().env("PLAYHEAD_EDGE_READ_MS", "1000").start().await.unwrap();
    let mut party = Party::meet(Arc::new(server), &new_room(), &[]).await;
    party.command("set_media", json!({ "link": origin.link(file) })).await;
    party
}

fn changed(frame: &Value) -> MediaChanged {
    serde_json::from_value(frame["data"].clone()).expect("media")
}

/// Where the discontinuities begin whose origins are known, in milliseconds.
fn starts(frame: &Value) -> Vec<u64> {
    changed(frame).media.source.timeline.origins.iter().map(|origin| origin.start_ms).collect()
}
