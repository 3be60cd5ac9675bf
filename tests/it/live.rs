//! A live source: the room begins at its edge and stays within its window.

use contracts::{Playback, Source, Status};
use serde_json::json;

use crate::origin::{LIVE_FROM_MS, LIVE_WINDOW_MS, Origin};
use crate::party::{Party, number, playback};

/// Three target durations.
const HOLD_BACK_MS: u64 = 6_000;

#[tokio::test]
async fn a_live_source_says_where_its_edge_is_and_the_room_begins_behind_it() {
    let (_origin, mut party, source) = watching_live().await;
    assert_eq!((source.live, source.duration_ms), (true, None));
    assert_eq!(source.timeline.kind, "program_date_time");
    assert_eq!(source.edge_ms, Some(LIVE_FROM_MS + LIVE_WINDOW_MS));
    assert_eq!((source.window_ms, source.hold_back_ms), (Some(LIVE_WINDOW_MS), Some(HOLD_BACK_MS)));
    assert_eq!(source.window_grows, Some(false));
    let chosen = party.state().await.room.playback;
    assert_eq!((chosen.status, behind_ms(&source, &chosen)), (Status::Paused, HOLD_BACK_MS));
    let playing = playback(&party.command("play", json!({})).await);
    assert_eq!((playing.status, behind_ms(&source, &playing)), (Status::Playing, HOLD_BACK_MS));
}

#[tokio::test]
async fn a_seek_outside_the_window_is_refused_with_the_positions_that_it_has() {
    let (_origin, mut party, source) = watching_live().await;
    for position_ms in [0, LIVE_FROM_MS - 60_000, LIVE_FROM_MS + 2 * LIVE_WINDOW_MS + 600_000] {
        let data = json!({ "position_ms": position_ms });
        let error = party.host.reject("seek", data).await.unwrap();
        assert_eq!(error.code, "position_out_of_range", "{position_ms}");
        let meta = json!(error.meta);
        let (earliest, latest) = (number(&meta["earliest_ms"]), number(&meta["latest_ms"]));
        assert_eq!(latest - earliest, LIVE_WINDOW_MS - HOLD_BACK_MS);
        assert!(earliest >= LIVE_FROM_MS, "{meta}");
        party.nothing_happened().await;
    }
    let inside_ms = source.edge_ms.expect("it is live") - HOLD_BACK_MS - 1_000;
    let frame = party.command("seek", json!({ "position_ms": inside_ms })).await;
    assert_eq!(playback(&frame).position_ms, inside_ms);
}

#[tokio::test]
async fn a_fast_rate_ends_at_the_edge_by_a_commit_of_the_server() {
    let (_origin, mut party, source) = watching_live().await;
    party.command("play", json!({})).await;
    party.command("set_rate", json!({ "rate": 4 })).await;
    let frame = party.committed().await;
    assert_eq!(
        (&frame["data"]["cause"], &frame["data"]["by"]),
        (&json!("window_end"), &json!(null))
    );
    let after = playback(&frame);
    assert_eq!((after.status, after.rate), (Status::Playing, 1.0));
    assert_eq!(behind_ms(&source, &after), HOLD_BACK_MS);
}

async fn watching_live() -> (Origin, Party, Source) {
    let origin = Origin::start().await;
    let mut party = Party::idle().await;
    party.command("set_media", json!({ "link": origin.link("live.m3u8") })).await;
    let media = party.state().await.room.media.expect("it was chosen");
    (origin, party, media.source)
}

/// How far behind the edge the playhead is at its anchor.
fn behind_ms(source: &Source, playback: &Playback) -> u64 {
    let (edge_ms, edge_at_ms) = (source.edge_ms.unwrap(), source.edge_at_ms.unwrap());
    edge_ms + playback.anchor_at_ms - edge_at_ms - playback.position_ms
}
