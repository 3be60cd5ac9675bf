//! Where the timelines of playlists begin, by the media's own timestamps.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use engine::{
    DurationOrigin, Origin as Begin, Position, Reading, Source, Span, Timeline, TimelineKind,
};
use providers::ErrorKind;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::origin::{Origin, free_port, media, open, registry};

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
    assert_eq!(origin.ranged_requests("/inexact/").await, 2);
}

#[tokio::test]
async fn a_fragmented_mp4_begins_where_its_decode_time_and_composition_offset_say() {
    let origin = Origin::start().await;
    let source = resolve(&origin, "inexact/fmp4.m3u8").await;
    assert_eq!(begins(&source), [(0, 0, 15_360)]);
    // Two pictures of 1/30 s are decoded before the first is shown.
    assert_eq!(source.timeline.origins[0].timestamp, 1_024);
    assert_eq!(origin.ranged_requests("/inexact/").await, 2);
}

#[tokio::test]
async fn each_discontinuity_has_an_origin_for_one_request() {
    let origin = Origin::start().await;
    let source = resolve(&origin, "inexact/cuts.m3u8").await;
    assert_eq!(begins(&source), [(0, 0, 90_000), (1, 34_000, 90_000), (2, 68_000, 90_000)]);
    assert!(origin.ranged_requests("/inexact/").await <= 4);
}

#[tokio::test]
async fn a_check_asks_for_one_segment_and_reads_no_timeline() {
    let origin = Origin::start().await;
    for path in ["inexact/cuts.m3u8", "inexact/fmp4.m3u8"] {
        let source = resolve(&origin, path).await;
        let asked = origin.ranged_requests("/inexact/").await;
        registry(open()).check(&source).await.unwrap();
        assert_eq!(origin.ranged_requests("/inexact/").await, asked + 1, "{path}");
    }
}

#[tokio::test]
async fn a_file_has_its_players_timeline() {
    let origin = Origin::start().await;
    assert_eq!(resolve(&origin, "clip.mp4").await.timeline, Timeline::OF_FILE);
    let film = resolve(&origin, "hls/master.m3u8").await;
    assert_eq!((film.timeline.kind, film.timeline.origins.len()), (TimelineKind::Media, 1));
    assert_eq!(film.timeline.origins[0].timestamp, 0);
}

#[tokio::test]
async fn origins_beyond_the_eighth_request_are_read_from_any_position_on_for_eight_more() {
    let folder = film_of_discontinuities(20);
    let origin = Origin::serve("playlists.conf.in", folder.path(), free_port()).await;
    let registry = registry(open());
    let source = registry.resolve(&origin.link("film.m3u8")).await.unwrap();
    let numbers = |origins: &[Begin]| -> Vec<u32> {
        assert!(
            origins
                .iter()
                .all(|one| one.start.as_millis() == u64::from(one.discontinuity) * 10_000)
        );
        origins.iter().map(|one| one.discontinuity).collect()
    };
    assert_eq!(numbers(&source.timeline.origins), Vec::from_iter(0..8));
    assert_eq!(source.timeline.read, [span(0, 80_000)]);
    assert_eq!(origin.ranged_requests("/").await, 8);

    for (from_ms, expected, until) in [
        (80_000, 8..16, Position::from_millis(160_000)),
        (159_999, 15..20, Span::END),
        (0, 0..8, Position::from_millis(80_000)),
    ] {
        let asked = origin.ranged_requests("/").await;
        let from = Position::from_millis(from_ms);
        let read = registry.read_on("hls", &source.stream_id, from).await.unwrap();
        let Reading { origins, span } = read;
        assert_eq!(numbers(&origins), Vec::from_iter(expected), "{from_ms}");
        assert!(span.contains(from) && span.until == until, "{span:?}");
        assert!(origin.ranged_requests("/").await <= asked + 8);
        let first = origins[0];
        assert_eq!(first.timestamp, i64::from(first.discontinuity) * 90_000);
    }
}

#[tokio::test]
async fn a_live_source_has_no_origins_that_are_read_later() {
    let folder = film_of_discontinuities(20);
    let film = std::fs::read_to_string(folder.path().join("film.m3u8")).unwrap();
    let live = film.replace("#EXT-X-ENDLIST\n", "");
    std::fs::write(folder.path().join("live.m3u8"), live).unwrap();
    let origin = Origin::serve("playlists.conf.in", folder.path(), free_port()).await;
    let source = resolve(&origin, "live.m3u8").await;
    let Timeline { kind, origins, read } = source.timeline;
    assert_eq!((source.live, kind, origins.is_empty()), (true, TimelineKind::Media, false));
    assert_eq!(read, []);
}

#[tokio::test]
async fn origins_that_do_not_come_in_time_are_read_later() {
    for refuses in [false, true] {
        let sent = Arc::new(AtomicU32::new(2));
        let link = serve_slowly(film_of_discontinuities(5), Arc::clone(&sent), refuses).await;
        let registry = registry(open());
        let numbers =
            |origins: &[Begin]| Vec::from_iter(origins.iter().map(|one| one.discontinuity));
        let source = registry.resolve(&link).await.unwrap();
        assert_eq!(source.duration, Some(Position::from_millis(50_000)));
        assert_eq!(source.timeline.kind, TimelineKind::Media);
        assert_eq!(numbers(&source.timeline.origins), [0, 1]);
        assert_eq!(source.timeline.read, [span(0, 20_000)]);

        let from = Position::from_millis(20_000);
        let error = registry.read_on("hls", &source.stream_id, from).await.unwrap_err();
        assert!(error.is_temporary(), "{error:?}");
        sent.store(4, Ordering::SeqCst);
        let read = registry.read_on("hls", &source.stream_id, from).await.unwrap();
        assert_eq!((numbers(&read.origins), read.span), (vec![2, 3], span(20_000, 40_000)));
        sent.store(5, Ordering::SeqCst);
        let whole = registry.resolve(&link).await.unwrap();
        assert_eq!((whole.timeline.origins.len(), whole.timeline.read.len()), (5, 0));
    }
}

#[tokio::test]
async fn the_first_origin_is_read_later_if_its_header_does_not_come_in_time() {
    for refuses in [false, true] {
        let folder = TempDir::new().unwrap();
        for (name, piece) in [("fmp4-00.m4s", "0.ts"), ("fmp4-init.mp4", "9.ts")] {
            std::fs::copy(media().join("inexact").join(name), folder.path().join(piece)).unwrap();
        }
        let playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"9.ts\"\n\
                        #EXTINF:3.4,\n0.ts\n#EXT-X-ENDLIST\n";
        std::fs::write(folder.path().join("film.m3u8"), playlist).unwrap();
        let sent = Arc::new(AtomicU32::new(1));
        let link = serve_slowly(folder, Arc::clone(&sent), refuses).await;
        let registry = registry(open());
        let source = registry.resolve(&link).await.unwrap();
        assert_eq!(source.timeline, Timeline::unread());
        assert_eq!(source.duration, Some(Position::from_millis(3_400)));

        let from = Position::START;
        let error = registry.read_on("hls", &source.stream_id, from).await.unwrap_err();
        assert!(error.is_temporary(), "{error:?}");
        sent.store(10, Ordering::SeqCst);
        let read = registry.read_on("hls", &source.stream_id, from).await.unwrap();
        assert_eq!(read.span, Span::new(from, Span::END));
        let whole = registry.resolve(&link).await.unwrap();
        assert_eq!((read.origins.len(), read.origins), (1, whole.timeline.origins));
    }
}

#[tokio::test]
async fn a_playlist_of_ranges_is_refused_where_they_are_not_sent_unless_they_are_whole_files() {
    let playlist =
        |pieces: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n{pieces}#EXT-X-ENDLIST\n");
    let (one, all) =
        ("#EXTINF:10,\n#EXT-X-BYTERANGE:188\n0.ts\n", "#EXTINF:10,\n#EXT-X-BYTERANGE:376@0\n");
    for (pieces, is_played) in [(one.repeat(2), false), (format!("{all}0.ts\n{all}1.ts\n"), true)] {
        let folder = film_of_discontinuities(2);
        std::fs::write(folder.path().join("film.m3u8"), playlist(&pieces)).unwrap();
        let link = serve_slowly(folder, Arc::new(AtomicU32::new(2)), true).await;
        match registry(open()).resolve(&link).await {
            Ok(source) => assert!(is_played, "{source:?}"),
            Err(error) => {
                assert!(!is_played && error.kind == ErrorKind::Unsupported, "{error:?}");
                assert!(error.detail.contains("no byte ranges"), "{}", error.detail);
            }
        }
    }
}

#[tokio::test]
async fn a_playlist_that_tells_its_pieces_far_too_long_is_as_long_as_its_media() {
    // Ten pieces, all told as 10 s. The stream lasts 20 s, or starts over untold after the fifth piece.
    let twice = |number: u32| number * 2;
    let starts_over = |number: u32| number % 5 * 10;
    for (begins_s, expected_ms, requests) in
        [(&twice as &dyn Fn(u32) -> u32, 20_000, 3), (&starts_over, 100_000, 3)]
    {
        let folder = TempDir::new().unwrap();
        let mut playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n".to_owned();
        for number in 0..10 {
            write!(playlist, "#EXTINF:10,\n{number}.ts\n").unwrap();
            let piece = begins_at(begins_s(number) * 90_000);
            std::fs::write(folder.path().join(format!("{number}.ts")), piece).unwrap();
        }
        std::fs::write(folder.path().join("film.m3u8"), playlist + "#EXT-X-ENDLIST\n").unwrap();
        let origin = Origin::serve("playlists.conf.in", folder.path(), free_port()).await;
        let source = registry(open()).resolve(&origin.link("film.m3u8")).await.unwrap();
        assert_eq!(source.duration, Some(Position::from_millis(expected_ms)));
        assert_eq!(source.duration_origin, DurationOrigin::Playlist);
        assert_eq!(origin.ranged_requests("/").await, requests);
    }
}

#[tokio::test]
async fn pieces_that_are_all_told_as_wrong_are_as_long_as_they_are_in_either_container() {
    // Thirty pieces of 3.4 s. Ten times and half as long, and even but not whole.
    for (film, seconds, requests) in [
        ("ts", "34.5", 3),
        ("ts", "34", 3),
        ("ts", "0.68", 3),
        ("fmp4", "34.000", 4),
        ("fmp4", "34.5", 4),
        ("fmp4", "1.7", 4),
    ] {
        let folder = TempDir::new().unwrap();
        let told = std::fs::read_to_string(media().join(format!("inexact/{film}.m3u8"))).unwrap();
        for entry in std::fs::read_dir(media().join("inexact")).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_string_lossy().starts_with(&format!("{film}-")) {
                std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
            }
        }
        let playlist = told.replace("#EXTINF:3,", &format!("#EXTINF:{seconds},"));
        std::fs::write(folder.path().join("film.m3u8"), playlist).unwrap();
        let origin = Origin::serve("playlists.conf.in", folder.path(), free_port()).await;
        let source = resolve(&origin, "film.m3u8").await;
        let duration_ms = source.duration.unwrap().as_millis();
        assert!(duration_ms.abs_diff(102_000) < 100, "{film} {seconds}: {duration_ms}");
        assert_eq!(source.duration_origin, DurationOrigin::Playlist);
        assert_eq!(origin.ranged_requests("/").await, requests, "{film} {seconds}");
    }
}

fn span(from_ms: u64, until_ms: u64) -> Span {
    Span::new(Position::from_millis(from_ms), Position::from_millis(until_ms))
}

/// A folder with a film of discontinuities of 10 s, the timestamps of which begin at as many seconds as
/// each one's number.
fn film_of_discontinuities(count: u32) -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n".to_owned();
    for number in 0..count {
        write!(playlist, "#EXTINF:10,\n{number}.ts\n#EXT-X-DISCONTINUITY\n").unwrap();
        std::fs::write(folder.path().join(format!("{number}.ts")), begins_at(number * 90_000))
            .unwrap();
    }
    std::fs::write(folder.path().join("film.m3u8"), playlist + "#EXT-X-ENDLIST\n").unwrap();
    folder
}

/// The link of a film in this folder, of whose pieces only the first so many are sent: others are refused or
/// never answered.
async fn serve_slowly(folder: TempDir, sent: Arc<AtomicU32>, refuses: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = format!("http://{}/film.m3u8", listener.local_addr().unwrap());
    let folder = Arc::new(folder);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (folder, sent) = (Arc::clone(&folder), Arc::clone(&sent));
            tokio::spawn(async move {
                let mut request = vec![0; 4096];
                let len = socket.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..len]).into_owned();
                let name = request.split([' ', '/']).nth(2).unwrap_or_default();
                let piece = name.trim_end_matches(".ts").parse::<u32>().ok();
                let is_sent = piece.is_some_and(|number| number < sent.load(Ordering::SeqCst));
                if piece.is_some() && !is_sent && !refuses {
                    std::future::pending::<()>().await;
                }
                let body = std::fs::read(folder.path().join(name)).unwrap();
                let (status, body) = match piece {
                    Some(_) if !is_sent => ("503 Service Unavailable", vec![]),
                    _ => ("200 OK", body),
                };
                let len = body.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {len}\r\nconnection: close\r\n\r\n"
                );
                let _ = socket.write_all(&[head.as_bytes(), &body].concat()).await;
            });
        }
    });
    link
}

/// Two packets of a transport stream: the beginning of a picture with this timestamp, and an empty one.
fn begins_at(pts: u32) -> Vec<u8> {
    let bits = |shift: u32, mask: u32| (pts >> shift & mask) as u8;
    let stamp = [
        0x21 | bits(30, 3) << 1,
        bits(22, 0xFF),
        bits(15, 0x7F) << 1 | 1,
        bits(7, 0xFF),
        bits(0, 0x7F) << 1 | 1,
    ];
    let mut packets = vec![0x47, 0x41, 0x00, 0x10, 0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5];
    packets.extend(stamp);
    packets.resize(188, 0xFF);
    packets.extend([0x47, 0x1F, 0xFF, 0x10]);
    packets.resize(2 * 188, 0xFF);
    packets
}
