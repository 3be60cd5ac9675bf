//! Where the timelines of playlists begin, by the media's own timestamps.

use engine::{DurationOrigin, Origin as Begin, Source, Timeline, TimelineKind};

use crate::origin::{Origin, open, registry};

async fn resolve(origin: &Origin, path: &str) -> Source {
    registry(open()).resolve(&origin.link(path)).await.unwrap()
}

fn begins(source: &Source) -> Vec<(u32, u64, u32)> {
    let begin = |one: &Begin| (one.discontinuity, one.start.as_millis(), one.timescale);
    source.timeline.origins.iter().map(begin).collect()
}

#[tokio::test]
async fn the_timeline_of_nominal_transport_streams_is_their_own_and_takes_two_small_requests() {
    let origin = Origin::start().await;
    let source = resolve(&origin, "inexact/ts.m3u8").await;
    assert_eq!(source.timeline.kind, TimelineKind::Media);
    assert_eq!(begins(&source), [(0, 0, 90_000)]);
    assert!(source.timeline.origins[0].timestamp > 0, "{:?}", source.timeline);
    // Only the last segment matters: it lasts 3.4 s and its EXTINF says 3 s.
    let duration_ms = source.duration.unwrap().as_millis();
    assert!(duration_ms.abs_diff(101_600) < 100, "{duration_ms}");
    assert_eq!(source.duration_origin, DurationOrigin::Playlist);
    assert_eq!(origin.ranged_requests("/inexact/"), 2);
}

#[tokio::test]
async fn a_fragmented_mp4_begins_where_its_decode_time_and_composition_offset_say() {
    let origin = Origin::start().await;
    let source = resolve(&origin, "inexact/fmp4.m3u8").await;
    assert_eq!(begins(&source), [(0, 0, 15_360)]);
    // Two pictures of 1/30 s are decoded before the first is shown.
    assert_eq!(source.timeline.origins[0].timestamp, 1_024);
    assert_eq!(origin.ranged_requests("/inexact/"), 2);
}

#[tokio::test]
async fn each_discontinuity_has_an_origin_for_one_request() {
    let origin = Origin::start().await;
    let source = resolve(&origin, "inexact/cuts.m3u8").await;
    assert_eq!(begins(&source), [(0, 0, 90_000), (1, 34_000, 90_000), (2, 68_000, 90_000)]);
    assert!(origin.ranged_requests("/inexact/") <= 4);
}

#[tokio::test]
async fn a_file_has_its_players_timeline() {
    let origin = Origin::start().await;
    assert_eq!(resolve(&origin, "clip.mp4").await.timeline, Timeline::OF_FILE);
    let film = resolve(&origin, "hls/master.m3u8").await;
    assert_eq!((film.timeline.kind, film.timeline.origins.len()), (TimelineKind::Media, 1));
    assert_eq!(film.timeline.origins[0].timestamp, 0);
}
