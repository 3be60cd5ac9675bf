//! Origins that answer the first request with the whole file, and say that they send ranges.

use engine::DurationOrigin;

use super::counting::{CountingOrigin, Ranges, Took};
use super::{length_ms, made};
use crate::origin::{open, registry};

#[tokio::test]
async fn whether_players_can_jump_is_decided_by_a_range_that_an_origin_sends_and_not_by_its_word() {
    let (registry, file) = (registry(open()), with_index_far_behind());
    for (ranges, jumps, is_known, requests_max) in [
        (Ranges::All, true, true, 6),
        (Ranges::NotTheFirst, true, true, 6),
        (Ranges::OnlyClaimed, false, false, 2),
    ] {
        let origin = CountingOrigin::start(file.clone(), ranges).await;
        let source = registry.resolve(&origin.link("film.mp4")).await.unwrap();
        assert_eq!(source.control.seek, jumps, "{ranges:?}");
        assert_eq!(length_ms(&source).is_some(), is_known, "{ranges:?}");
        let Took { requests, .. } = origin.took();
        assert!(requests <= requests_max, "{ranges:?} took {requests} requests");
    }
}

#[tokio::test]
async fn a_film_whose_tracks_are_known_plays_although_its_origin_sends_nothing_else() {
    let registry = registry(open());
    for ranges in [Ranges::OnlyTheFirst, Ranges::NoLonger] {
        for (name, codecs, estimate) in [
            ("opus.opus", "opus", false),
            ("theora-vorbis.ogv", "theora,vorbis", false),
            ("constant-bare.mp3", "mp3", false),
            ("flac.flac", "flac", true),
            ("fragmented-index.mp4", "avc1.42c00a,mp4a.40.2", false),
        ] {
            let origin = CountingOrigin::start(made(name), ranges).await;
            let source = registry.resolve(&origin.link(name)).await;
            let source = source.unwrap_or_else(|error| panic!("{name}, {ranges:?}: {error:?}"));
            assert_eq!(source.delivery[0].codecs.as_deref(), Some(codecs), "{name}");
            assert_eq!(length_ms(&source).is_some(), estimate, "{name}, {ranges:?}");
            assert_eq!(source.duration_origin, DurationOrigin::Header, "{name}");
            assert!(source.control.seek, "{name}");
        }
        // Its tracks are at its end.
        let origin = CountingOrigin::start(made("end.mp4"), ranges).await;
        let error = registry.resolve(&origin.link("end.mp4")).await.unwrap_err();
        assert!(error.is_temporary(), "{ranges:?}: {error:?}");
    }
}

/// A film whose index lies further behind than what is read of a whole file.
fn with_index_far_behind() -> Vec<u8> {
    let film = made("end.mp4");
    let first = u32::from_be_bytes(film[..4].try_into().unwrap()) as usize;
    let (len, padding) = (400_000_u32, vec![0; 400_000 - 8]);
    [&film[..first], &len.to_be_bytes(), b"free", &padding, &film[first..]].concat()
}
