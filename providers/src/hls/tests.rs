//! Playlists as origins write them, and as attackers might.

mod choices;

use engine::{Position, TimelineKind};
use proptest::prelude::*;
use url::Url;

use super::master::Master;
use super::media::Media;
use super::reader::{Playlist, Reader};
use super::variables::Variables;
use crate::error::{ErrorKind, Failure};
use crate::source::Edge;

#[test]
fn a_film_lasts_as_long_as_its_segments() {
    let media =
        media("#EXTINF:9.009,\na.ts\n#EXTINF:9.009,\nb.ts\n#EXTINF:3.003,\nc.ts\n#EXT-X-ENDLIST");
    assert_eq!(media.duration_ms, Some(21_021));
    assert_eq!(media.live, None);
    assert_eq!(first(&media), ("a.ts", 0));
}

#[test]
fn thousands_of_segments_add_up_exactly() {
    let segments = "#EXTINF:2.002,\na.ts\n".repeat(3600);
    assert_eq!(media(&format!("{segments}#EXT-X-ENDLIST")).duration_ms, Some(7_207_200));
}

#[test]
fn long_films_are_read_whole() {
    for (segments, ms) in [(21_600, 43_200_000), (100_000, 200_000_000)] {
        let list: String = (0..segments).map(|n| format!("#EXTINF:2,\n{n}.ts\n")).collect();
        let film = media(&format!("{list}#EXT-X-ENDLIST"));
        assert_eq!((film.duration_ms, first(&film).0), (Some(ms), "0.ts"));
    }
}

#[test]
fn uris_without_a_tag_are_not_segments() {
    let links = "a\n".repeat(1_048_000);
    let empty = (ErrorKind::ManifestInvalid, "The playlist is empty.".into());
    assert_eq!(refused(&links), empty);
    let film = media(&format!("stray\n#EXTINF:2,\nb.ts\n{links}#EXT-X-ENDLIST"));
    assert_eq!((first(&film).0, film.duration_ms), ("b.ts", Some(2000)));
    let choice = master(&["#EXT-X-STREAM-INF:BANDWIDTH=800000\na.m3u8", &links]);
    assert_eq!(choice.to_try[0], "a.m3u8");
}

#[test]
fn a_playlist_without_an_end_is_live() {
    let live = media("#EXTINF:2,\na.ts");
    assert_eq!((live.live.is_some(), live.duration_ms), (true, None));
    let vod = media("#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:2,\na.ts");
    assert_eq!((vod.live, vod.duration_ms), (None, Some(2000)));
}

#[test]
fn the_edge_of_a_live_playlist_is_read_and_an_ended_event_is_a_film() {
    let dated = "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:01:40Z\n\
         #EXTINF:2,\na.ts\n#EXTINF:1.5,\nb.ts";
    let (edge, timeline) = media(dated).live.expect("an edge");
    assert_eq!((edge.position.as_millis(), edge.window_ms), (103_500, 3_500));
    assert_eq!((edge.keeps_all, timeline.kind), (true, TimelineKind::ProgramDateTime));
    let ended = media(&format!("{dated}\n#EXT-X-ENDLIST"));
    assert_eq!((ended.live, ended.duration_ms), (None, Some(3_500)));
}

#[test]
fn where_a_live_playlist_ends_now_is_its_edge_or_that_it_is_over_with_the_date() {
    let dated = "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:01:40Z\n#EXTINF:2,\na.ts";
    let Edge::Live { edge, counts } = media(dated).edge() else { panic!("it is live") };
    assert_eq!((edge.position.as_millis(), counts), (102_000, TimelineKind::ProgramDateTime));
    let ended = media(&format!("{dated}\n#EXT-X-ENDLIST"));
    assert_eq!(ended.edge(), Edge::Over { ends: Some(Position::from_millis(102_000)) });
    assert_eq!(media("#EXTINF:2,\na.ts\n#EXT-X-ENDLIST").edge(), Edge::Over { ends: None });
}

#[test]
fn commas_in_titles_and_odd_numbers_add_no_segments() {
    let media = media("#EXTINF:2.0,One, two, three\na.ts\n#EXTINF:2.0 , x\nb.ts\n#EXT-X-ENDLIST");
    assert_eq!((first(&media).0, media.duration_ms), ("a.ts", Some(4000)));
}

#[test]
fn a_first_segment_of_less_than_a_second_counts() {
    let media = media("#EXTINF:.5,\na.ts\n#EXTINF:1.5,\nb.ts\n#EXT-X-ENDLIST");
    assert_eq!((first(&media).0, media.duration_ms), ("a.ts", Some(2000)));
}

#[test]
fn a_byte_order_mark_and_crlf_are_accepted() {
    let text = "\u{feff}#EXTM3U\r\n#EXT-X-TARGETDURATION:2.000\r\n#EXTINF:2,\r\na.ts\r\n#EXT-X-ENDLIST\r\n";
    let Ok(Playlist::Media(media)) = parse(text.as_bytes()) else { panic!("not read") };
    assert_eq!((first(&media).0, media.duration_ms), ("a.ts", Some(2000)));
}

#[test]
fn a_segment_can_be_a_range_of_a_file() {
    let media = media("#EXTINF:2,\n#EXT-X-BYTERANGE:1000@720\nall.mp4\n#EXT-X-ENDLIST");
    assert_eq!(first(&media), ("all.mp4", 720));
}

#[test]
fn a_playlist_without_media_is_refused() {
    let (empty, timeless) = ("is empty", "No segment of the playlist has a duration");
    for (body, reason) in [
        ("", empty),
        ("#EXT-X-ENDLIST", empty),
        ("a.ts", empty),
        ("#EXTINF:abc,\na.ts\n#EXT-X-ENDLIST", timeless),
        ("#EXTINF:0,\na.ts\n#EXT-X-ENDLIST", timeless),
        ("#EXTINF:-1,\nhttp://example.test/stream\n", timeless),
        ("#EXTINF:nan,\na.ts", timeless),
    ] {
        let (kind, detail) = refused(body);
        assert_eq!(kind, ErrorKind::ManifestInvalid, "{body}");
        assert!(detail.contains(reason), "{body}: {detail}");
    }
}

#[test]
fn a_variable_is_substituted_or_refused() {
    let define = "#EXT-X-DEFINE:NAME=\"base\",VALUE=\"films/1\"";
    let used = "#EXTINF:2,\n{$base}/a.ts\n#EXT-X-ENDLIST";
    assert_eq!(first(&media(&format!("{define}\n{used}"))).0, "films/1/a.ts");
    assert_eq!(first(&media(used)).0, "{$base}/a.ts");
    let other = "#EXT-X-DEFINE:NAME=\"other\",VALUE=\"1\"";
    for body in [
        format!("{other}\n{used}"),
        format!("{used}\n{define}"),
        format!("#EXT-X-DEFINE:IMPORT=\"base\"\n{used}"),
        format!("#EXT-X-DEFINE:QUERYPARAM=\"base\"\n{used}"),
    ] {
        assert_eq!(refused(&body).0, ErrorKind::ManifestInvalid, "{body}");
    }
}

#[test]
fn protected_media_is_refused_but_plain_keys_are_not() {
    let widevine = "KEYFORMAT=\"urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed\"";
    let licensed = format!("#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI=\"data:x\",{widevine}");
    let licensed = licensed.as_str();
    let fairplay =
        "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://1\",KEYFORMAT=\"com.apple.streamingkeydelivery\"";
    let whole = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",KEYFORMAT=\"identity\"";
    let larger = "#EXT-X-KEY:METHOD=AES-256,URI=\"k\"";
    let samples = "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\"";
    let none = "#EXT-X-KEY:METHOD=NONE";
    let film = "#EXTINF:2,\na.ts";
    for (keys, kind) in [
        (vec![fairplay], ErrorKind::DrmProtected),
        (vec![licensed], ErrorKind::DrmProtected),
        (vec![none, film, licensed], ErrorKind::DrmProtected),
        (vec!["#EXT-X-MAP:URI=\"i.mp4\"", samples], ErrorKind::Unsupported),
        (vec!["#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI=\"k\""], ErrorKind::Unsupported),
        (vec!["#EXT-X-KEY:METHOD=ROT13,URI=\"k\""], ErrorKind::Unsupported),
    ] {
        assert_eq!(refused(&format!("{}\n{film}", keys.join("\n"))).0, kind, "{keys:?}");
    }
    for keys in
        [vec![whole], vec![larger], vec![samples], vec![licensed, whole], vec![licensed, none]]
    {
        assert_eq!(first(&media(&format!("{}\n{film}", keys.join("\n")))).0, "a.ts", "{keys:?}");
    }
}

#[test]
fn a_playlist_with_too_many_segments_is_refused() {
    let segments = "#EXTINF:2,\na.ts\n".repeat(200_001);
    assert_eq!(refused(&segments).0, ErrorKind::TooLarge);
}

#[test]
fn what_players_refuse_is_refused_with_its_reason() {
    let film = "#EXTINF:2,\na.ts\n";
    for (body, reason) in [
        (format!("#EXT-X-TARGETDURATION:2\n{film}"), "states twice"),
        (format!("#EXT-X-VERSION:3\n#EXT-X-VERSION:3\n{film}"), "states twice"),
        (format!("#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-MEDIA-SEQUENCE:7\n{film}"), "states twice"),
        (format!("{film}#EXT-X-ENDLIST\n#EXT-X-ENDLIST"), "states twice"),
        (format!("{film}#EXT-X-MEDIA-SEQUENCE:7"), "only after the first"),
        (format!("#EXT-X-GAP\n{film}#EXT-X-ENDLIST"), "all of its segments as missing"),
        (format!("#EXT-X-I-FRAMES-ONLY\n{film}"), "only still frames"),
        ("#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"".to_owned(), "only still frames"),
    ] {
        let (_, detail) = refused(&body);
        assert!(detail.contains(reason), "{body}: {detail}");
    }
    for body in
        ["#EXTM3U x=y\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na\n", "#EXTM3U\n#EXTINF:2,\na\n"]
    {
        assert_eq!(parse(body.as_bytes()).unwrap_err().kind, ErrorKind::ManifestInvalid, "{body}");
    }
}

#[test]
fn a_live_playlist_that_renumbers_its_segments_contradicts_itself() {
    let at = |sequence: u64, names: &str| {
        let segments: String =
            names.chars().map(|name| format!("#EXTINF:2,\n{name}.ts?t={sequence}\n")).collect();
        media(&format!("#EXT-X-MEDIA-SEQUENCE:{sequence}\n{segments}"))
    };
    let first = at(10, "abc");
    for (later, contradicts) in [
        (at(10, "abc"), false),
        (at(11, "bcd"), false),
        (at(20, "xyz"), false),
        (at(10, "bcd"), true),
        (at(9, "abc"), true),
    ] {
        assert_eq!(first.contradicts(&later), contradicts, "{later:?}");
    }
}

#[test]
fn other_segments_are_known_in_case_the_first_is_gone() {
    let body = "#EXTINF:2,\n#EXT-X-GAP\ng.ts\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts\n\
        #EXTINF:2,\nc.ts\n#EXTINF:2,\nd.ts\n#EXTINF:2,\ne.ts\n#EXT-X-ENDLIST";
    let film = media(body);
    let uris: Vec<&str> = film.segments.iter().map(|one| one.uri.as_str()).collect();
    assert_eq!((uris, film.duration_ms), (vec!["a.ts", "b.ts", "c.ts", "e.ts"], Some(12_000)));
}

#[test]
fn of_a_live_playlist_the_newest_segments_are_known_first_since_the_oldest_go() {
    let numbered = |count| {
        let body: String = (0..count).map(|n| format!("#EXTINF:2,\n{n}.ts\n")).collect();
        let uris = media(&body).segments.into_iter().map(|one| one.uri);
        uris.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(numbered(5), "4.ts 3.ts 2.ts 0.ts");
    assert_eq!(numbered(3), "2.ts 1.ts 0.ts");
    assert_eq!(numbered(1), "0.ts");
}

#[test]
fn a_range_without_an_offset_follows_the_one_before() {
    let body = "#EXTINF:2,\n#EXT-X-BYTERANGE:1000@720\n#EXT-X-GAP\nall.mp4\n\
        #EXTINF:2,\n#EXT-X-BYTERANGE:500\nall.mp4\n";
    assert_eq!(first(&media(body)), ("all.mp4", 1720));
}

#[test]
fn a_playlist_built_to_be_slow_is_read_in_one_pass() {
    for line in ["#EXT-X-STREAM-INF:A\n", "#EXT-X-STREAM-INF:A=1,B\n", "#EXT-X-MEDIA:A=1,\"\n"] {
        let body = line.repeat(2 * 1024 * 1024 / line.len());
        assert_eq!(refused(&body).0, ErrorKind::ManifestInvalid);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_lines_are_read_or_refused(lines in proptest::collection::vec(line(), 0..12)) {
        let text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n{}", lines.join("\n"));
        if let Ok(Playlist::Media(media)) = parse(text.as_bytes()) {
            prop_assert!(media.live.is_some() == media.duration_ms.is_none());
        }
    }
}

fn line() -> impl Strategy<Value = String> {
    let tags = proptest::sample::select(vec![
        "#EXT-X-STREAM-INF:",
        "#EXT-X-MEDIA:",
        "#EXTINF:",
        "#EXT-X-BYTERANGE:",
        "#EXT-X-PLAYLIST-TYPE:",
        "#EXT-X-DEFINE:",
        "#EXT-X-KEY:",
        "#EXT-X-ENDLIST",
        "#",
        "",
    ]);
    let rests = prop_oneof![
        "\\PC{0,20}",
        "[0-9.,@]{0,12}",
        "(BANDWIDTH|NAME|VALUE|URI|TYPE)=\"?[a-z0-9{}$]{0,6}\"?,?",
    ];
    (tags, rests).prop_map(|(tag, rest)| format!("{tag}{rest}"))
}

fn parse(bytes: &[u8]) -> Result<Playlist, Failure> {
    let address = Url::parse("https://example.test/film.m3u8").unwrap();
    let variables = Variables::default();
    let mut reader = Reader::new(Some(&variables), 0);
    for chunk in bytes.chunks(4096) {
        reader.read(&address, chunk)?;
    }
    reader.finish(&address)
}

fn media(body: &str) -> Media {
    match parse(format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n{body}\n").as_bytes()) {
        Ok(Playlist::Media(media)) => *media,
        other => panic!("not a list of segments: {other:?}"),
    }
}

fn first(media: &Media) -> (&str, u64) {
    (media.segments[0].uri.as_str(), media.segments[0].first_byte())
}

fn master(lines: &[&str]) -> Master {
    match parse(format!("#EXTM3U\n{}\n", lines.join("\n")).as_bytes()) {
        Ok(Playlist::Master(master, _)) => master,
        other => panic!("not a list of qualities: {other:?}"),
    }
}

/// The kind and the reason with which a list of segments or, without any, of qualities is refused.
fn refused(body: &str) -> (ErrorKind, String) {
    let target = if body.contains("#EXTINF") { "#EXT-X-TARGETDURATION:2\n" } else { "" };
    let failure = parse(format!("#EXTM3U\n{target}{body}\n").as_bytes()).unwrap_err();
    (failure.kind, failure.detail.into_owned())
}
