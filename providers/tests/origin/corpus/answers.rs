//! Playlists that nginx wouldn't send: compressed unasked, long, or different each time.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use brotli::CompressorWriter;
use engine::{Source, TimelineKind};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use providers::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::origin::{Origin, open, registry};

const FILM: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST\n";

#[tokio::test]
async fn a_playlist_is_read_however_it_is_compressed() {
    let gzip = zipped(GzEncoder::new(vec![], Compression::fast()), |zip| zip.finish().unwrap());
    let deflate =
        zipped(ZlibEncoder::new(vec![], Compression::fast()), |zip| zip.finish().unwrap());
    let br = zipped(CompressorWriter::new(vec![], 4096, 5, 20), CompressorWriter::into_inner);
    for (coding, body) in [("gzip", gzip), ("deflate", deflate), ("br", br)] {
        let head = format!("content-encoding: {coding}\r\n");
        for name in ["film.m3u8", "film"] {
            let link = answer(vec![(head.clone(), body.clone())], name).await;
            let source = registry(open()).resolve(&link).await.unwrap();
            assert_eq!(source.duration.map(engine::Position::as_millis), Some(2000), "{coding}");
        }
    }
}

#[tokio::test]
async fn a_film_of_megabytes_of_signed_addresses_is_read_whole() {
    let signature = "s".repeat(700);
    let segment = |n: u32| format!("#EXTINF:2,\na{n}.ts?signature={signature}\n");
    let segments: String = (0..3300).map(segment).collect();
    let text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n{segments}#EXT-X-ENDLIST\n");
    assert!(text.len() > 2_300_000);
    let link = answer(vec![(String::new(), text.into_bytes())], "film.m3u8").await;
    let source = registry(open()).resolve(&link).await.unwrap();
    assert_eq!(source.duration.map(engine::Position::as_millis), Some(6_600_000));
}

#[tokio::test]
async fn a_live_playlist_whose_sequence_goes_back_is_refused() {
    let at = |sequence: u32| {
        let text = format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:{sequence}\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts\n"
        );
        (String::new(), text.into_bytes())
    };
    // The playlist, a segment, and the playlist again.
    let link = answer(vec![at(10), at(10), at(9)], "live.m3u8").await;
    let error = registry(open()).resolve(&link).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::ManifestInvalid);
    assert!(error.detail.contains("numbers of its segments"), "{}", error.detail);
    let link = answer(vec![at(10)], "live.m3u8").await;
    assert!(registry(open()).resolve(&link).await.unwrap().live);
}

#[tokio::test]
async fn a_live_playlist_without_dates_counts_the_timestamps_of_its_first_segment() {
    let origin = Origin::start().await;
    let film = registry(open()).resolve(&origin.link("inexact/ts.m3u8")).await.unwrap();
    let source = resolve_live(&origin, "").await;
    assert_eq!((source.live, source.timeline.kind), (true, TimelineKind::Media));
    assert_eq!(source.live_edge.unwrap().position.as_millis(), 12_000);
    let [begins] = source.timeline.origins[..] else { panic!("{:?}", source.timeline) };
    assert_eq!((begins.discontinuity, begins.start.as_millis()), (2, 0));
    // Five pieces of 3.4 s, told as 3 s, come before the first that is listed.
    assert_eq!(begins.timestamp - film.timeline.origins[0].timestamp, 5 * 306_000);

    let dated = resolve_live(&origin, "#EXT-X-PROGRAM-DATE-TIME:2026-11-29T22:00:00Z\n").await;
    assert_eq!(dated.timeline.kind, TimelineKind::ProgramDateTime);
    assert!(dated.timeline.origins.is_empty());
    let keyed = resolve_live(&origin, "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n").await;
    assert_eq!(keyed.timeline.kind, TimelineKind::Playlist);
}

/// Resolves a live playlist of four pieces from the middle of a film, with further tags before them.
async fn resolve_live(origin: &Origin, tags: &str) -> Source {
    let piece = |n: u32| format!("#EXTINF:3,\n{}\n", origin.link(&format!("inexact/ts-{n:02}.ts")));
    let pieces: String = (5..9).map(piece).collect();
    let text = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXT-X-MEDIA-SEQUENCE:5\n\
         #EXT-X-DISCONTINUITY-SEQUENCE:2\n{tags}{pieces}"
    );
    let link = answer(vec![(String::new(), text.into_bytes())], "live.m3u8").await;
    registry(open()).resolve(&link).await.unwrap()
}

#[tokio::test]
async fn a_link_may_be_named_as_a_playlist_without_being_one() {
    let mut head = vec![];
    head.extend_from_slice(b"\0\0\0\x18ftypisom\0\0\x02\0isommp41\0\0\0\x08free");
    head.resize(4096, 0);
    let link = answer(vec![(String::new(), head)], "film.m3u8").await;
    let error_or_file = registry(open()).resolve(&link).await;
    // Either it is a file, or what is wrong with the file is said.
    let provider =
        error_or_file.map_or_else(|error| error.provider_id.to_owned(), |one| one.provider);
    assert_eq!(provider, "file");
}

fn zipped<Z: Write>(mut zip: Z, finish: impl FnOnce(Z) -> Vec<u8>) -> Vec<u8> {
    zip.write_all(FILM.as_bytes()).unwrap();
    finish(zip)
}

/// Answers the first request with the first of these headers and bodies, and so on; all further ones
/// with the last. Returns a link with this name.
async fn answer(answers: Vec<(String, Vec<u8>)>, name: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = AtomicUsize::new(0);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let at = asked.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
            let (head, body) = &answers[at];
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n{head}\r\n",
                body.len()
            );
            let _ = socket.write_all(head.as_bytes()).await;
            let _ = socket.write_all(body).await;
            let _ = socket.shutdown().await;
        }
    });
    format!("http://127.0.0.1:{port}/{name}")
}
