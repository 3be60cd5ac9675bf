//! The laws of `PlaybackSource` hold for both providers.

use providers::kit::{self, Sample};
use providers::{FileProvider, HlsProvider};

use crate::origin::{Origin, open};

#[tokio::test]
async fn the_file_provider_keeps_every_law() {
    let origin = Origin::start().await;
    for (name, duration_ms) in [
        ("clip.mp4", Some(30_000)),
        ("tail.mp4", Some(30_000)),
        ("norange/clip.mp4", Some(30_000)),
        ("fragmented.mp4", None),
        ("clip.webm", Some(10_008)),
    ] {
        let sample = Sample {
            link: origin.link(name),
            duration_ms,
            foreign_link: origin.link("hls/master.m3u8"),
            missing_link: origin.link("no-such.mp4"),
        };
        kit::all(&FileProvider, &open(), &sample).await;
    }
}

#[tokio::test]
async fn the_hls_provider_keeps_every_law() {
    let origin = Origin::start().await;
    for name in ["hls/master.m3u8", "hls/144.m3u8", "nocors/hls/master.m3u8"] {
        let sample = Sample {
            link: origin.link(name),
            duration_ms: Some(120_000),
            foreign_link: origin.link("clip.mp4"),
            missing_link: origin.link("no-such.m3u8"),
        };
        kit::all(&HlsProvider, &open(), &sample).await;
    }
}
