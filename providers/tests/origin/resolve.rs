//! What links resolve to.

use engine::{Availability, Cors, DeliveryKind, Evidence, Position, Source, TextTrackKind};

use crate::origin::{Origin, open, owning, registry};

#[tokio::test]
async fn a_film_in_three_qualities_is_described_completely() {
    let origin = Origin::start().await;
    let link = origin.link("hls/master.m3u8");
    let source = registry(open()).resolve(&link).await.unwrap();
    assert_eq!((source.provider.as_str(), source.title.as_str()), ("hls", "hls"));
    assert_eq!((source.stream_id.as_str(), source.live), (link.as_str(), false));
    assert_duration(&source, 120_000);
    let renditions: Vec<_> = source
        .renditions
        .iter()
        .map(|r| (r.id.as_str(), r.width, r.height, r.bitrate_bps))
        .collect();
    assert_eq!(
        renditions,
        [
            ("360p", Some(640), Some(360), Some(800_000)),
            ("240p", Some(426), Some(240), Some(450_000)),
            ("144p", Some(256), Some(144), Some(280_000)),
        ]
    );
    let tracks: Vec<_> = source
        .text_tracks
        .iter()
        .map(|t| (t.id.as_str(), t.label.as_str(), t.language.as_deref(), t.kind))
        .collect();
    assert_eq!(
        tracks,
        [
            ("en", "English", Some("en"), TextTrackKind::Captions),
            ("fr", "Français", Some("fr"), TextTrackKind::Subtitles),
        ]
    );
    assert!(source.audio_tracks.is_empty());
    let delivery = &source.delivery[0];
    assert_eq!((delivery.kind, delivery.url.as_str()), (DeliveryKind::Hls, link.as_str()));
    assert_eq!(delivery.cors, Cors::Any);
    assert_eq!(source.availability, Availability::Available { evidence: Evidence::Manifest });
}

#[tokio::test]
async fn files_have_the_duration_their_container_states() {
    let origin = Origin::start().await;
    let registry = registry(open());
    for (path, ms, mime) in [
        ("clip.mp4", 30_000, "video/mp4"),
        ("tail.mp4", 30_000, "video/mp4"),
        ("clip.webm", 10_008, "video/webm"),
        ("norange/clip.mp4", 30_000, "video/mp4"),
    ] {
        let source = registry.resolve(&origin.link(path)).await.unwrap();
        assert_duration(&source, ms);
        assert_eq!(source.delivery[0].mime.as_deref(), Some(mime), "{path}");
        assert_eq!(source.delivery[0].kind, DeliveryKind::File, "{path}");
        assert_eq!(source.provider, "file");
    }
}

#[tokio::test]
async fn a_duration_that_cannot_be_read_is_unknown() {
    let origin = Origin::start().await;
    let registry = registry(open());
    for path in ["fragmented.mp4", "norange/tail.mp4"] {
        let source = registry.resolve(&origin.link(path)).await.unwrap();
        assert_eq!((source.duration, source.live), (None, false), "{path}");
    }
}

#[tokio::test]
async fn players_can_jump_only_where_the_origin_sends_ranges() {
    let origin = Origin::start().await;
    let registry = registry(open());
    for (path, seek) in [
        ("clip.mp4", true),
        ("clip.webm", true),
        ("norange/clip.mp4", false),
        ("norange/fragmented.mp4", false),
        ("norange/clip.webm", false),
        // A playlist names segments, which need no ranges.
        ("norange/hls/master.m3u8", true),
    ] {
        let source = registry.resolve(&origin.link(path)).await.unwrap();
        assert_eq!(source.control.seek, seek, "{path}");
    }
}

#[tokio::test]
async fn the_cors_headers_are_recorded() {
    let origin = Origin::start().await;
    let registry = registry(open());
    for (path, cors) in [
        ("clip.mp4", Cors::Any),
        ("nocors/clip.mp4", Cors::NotNeeded),
        ("hls/master.m3u8", Cors::Any),
        ("nocors/hls/master.m3u8", Cors::Missing),
        ("halfcors/hls/master.m3u8", Cors::Missing),
    ] {
        let source = registry.resolve(&origin.link(path)).await.unwrap();
        assert_eq!(source.delivery[0].cors, cors, "{path}");
    }
}

#[tokio::test]
async fn a_link_without_an_extension_is_recognized_by_its_first_bytes() {
    let origin = Origin::start().await;
    let registry = registry(open());
    for (path, provider) in [
        ("as/clip?file=clip.mp4", "file"),
        ("as/page.html?file=clip.webm", "file"),
        ("hls/lowest", "hls"),
    ] {
        let source = registry.resolve(&origin.link(path)).await.unwrap();
        assert_eq!(source.provider, provider, "{path}");
    }
}

#[tokio::test]
async fn redirects_are_followed_but_the_pasted_link_stays_the_id() {
    let origin = Origin::start().await;
    let registry = registry(open());
    for (path, ms) in [("moved/clip.mp4", 30_000), ("moved/hls/master.m3u8", 120_000)] {
        let source = registry.resolve(&origin.link(path)).await.unwrap();
        assert_duration(&source, ms);
        assert_eq!(source.stream_id, origin.link(path));
        let again = registry.reopen(&source.provider, &source.stream_id).await.unwrap();
        assert_eq!(again, source);
    }
}

#[tokio::test]
async fn the_own_origin_needs_no_allowed_network() {
    let origin = Origin::start().await;
    let registry = registry(owning(&origin));
    for path in ["clip.mp4", "hls/master.m3u8"] {
        let source = registry.resolve(&origin.link(path)).await.unwrap();
        let available = registry.check(&source).await.unwrap();
        assert_eq!(available, source.availability, "{path}");
    }
}

fn assert_duration(source: &Source, expected_ms: u64) {
    let ms = source.duration.map(Position::as_millis).expect("a duration");
    assert!(ms.abs_diff(expected_ms) <= 250, "{ms} ms is not {expected_ms} ms");
}
