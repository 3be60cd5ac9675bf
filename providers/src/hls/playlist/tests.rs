//! Playlists as origins write them, and as attackers might.

use super::*;
use engine::TextTrackKind;
use proptest::prelude::*;

#[test]
fn a_film_lasts_as_long_as_its_segments() {
    let media =
        media("#EXTINF:9.009,\na.ts\n#EXTINF:9.009,\nb.ts\n#EXTINF:3.003,\nc.ts\n#EXT-X-ENDLIST");
    assert_eq!(media.duration_ms, Some(21_021));
    assert!(!media.live);
    assert_eq!((media.first_segment.as_str(), media.first_byte), ("a.ts", 0));
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
        assert_eq!((film.duration_ms, film.first_segment.as_str()), (Some(ms), "0.ts"));
    }
}

#[test]
fn uris_without_a_tag_are_not_segments() {
    let links = "a\n".repeat(1_048_000);
    let empty = ("manifest_invalid", "The playlist is empty.".into());
    assert_eq!(refused(&links), empty);
    let film = media(&format!("stray\n#EXTINF:2,\nb.ts\n{links}#EXT-X-ENDLIST"));
    assert_eq!((film.first_segment.as_str(), film.duration_ms), ("b.ts", Some(2000)));
    let choice = master(&["#EXT-X-STREAM-INF:BANDWIDTH=800000\na.m3u8", &links]);
    assert_eq!(choice.lowest, "a.m3u8");
}

#[tokio::test]
async fn many_playlists_at_once_are_all_read() {
    let mut reading = tokio::task::JoinSet::new();
    for _ in 0..20 {
        reading.spawn(read(b"#EXTM3U\n#EXTINF:2,\na.ts\n".to_vec()));
    }
    for playlist in reading.join_all().await {
        assert!(matches!(playlist, Ok(Playlist::Media(_))), "{playlist:?}");
    }
}

#[test]
fn a_playlist_without_an_end_is_live() {
    let live = media("#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts");
    assert_eq!((live.live, live.duration_ms), (true, None));
    let vod = media("#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:2,\na.ts");
    assert_eq!((vod.live, vod.duration_ms), (false, Some(2000)));
}

#[test]
fn commas_in_titles_and_odd_numbers_add_no_segments() {
    let media = media(
        "#EXT-X-TARGETDURATION:2.000\n#EXTINF:2.0,One, two, three\na.ts\n#EXTINF:2.0 , x\nb.ts\n#EXT-X-ENDLIST",
    );
    assert_eq!((media.first_segment.as_str(), media.duration_ms), ("a.ts", Some(4000)));
}

#[test]
fn a_first_segment_of_less_than_a_second_counts() {
    let media = media("#EXTINF:.5,\na.ts\n#EXTINF:1.5,\nb.ts\n#EXT-X-ENDLIST");
    assert_eq!((media.first_segment.as_str(), media.duration_ms), ("a.ts", Some(2000)));
}

#[test]
fn a_byte_order_mark_and_crlf_are_accepted() {
    let text = "\u{feff}#EXTM3U\r\n#EXTINF:2,\r\na.ts\r\n#EXT-X-ENDLIST\r\n";
    let Ok(Playlist::Media(media)) = parse(text.as_bytes()) else { panic!("not read") };
    assert_eq!((media.first_segment.as_str(), media.duration_ms), ("a.ts", Some(2000)));
}

#[test]
fn a_segment_can_be_a_range_of_a_file() {
    let media = media("#EXTINF:2,\n#EXT-X-BYTERANGE:1000@720\nall.mp4\n#EXT-X-ENDLIST");
    assert_eq!((media.first_segment.as_str(), media.first_byte), ("all.mp4", 720));
}

#[test]
fn a_playlist_without_media_is_refused() {
    for body in [
        "",
        "#EXT-X-ENDLIST",
        "a.ts",
        "#EXTINF:abc,\na.ts\n#EXT-X-ENDLIST",
        "#EXTINF:0,\na.ts\n#EXT-X-ENDLIST",
        "#EXTINF:-1,\nhttp://example.test/stream\n",
        "#EXTINF:nan,\na.ts",
    ] {
        assert_eq!(refused(body), ("manifest_invalid", "The playlist is empty.".into()), "{body}");
    }
}

#[test]
fn a_variable_is_substituted_or_refused() {
    let define = "#EXT-X-DEFINE:NAME=\"base\",VALUE=\"films/1\"";
    let body = format!("{define}\n#EXTINF:2,\n{{$base}}/a.ts\n#EXT-X-ENDLIST");
    assert_eq!(media(&body).first_segment, "films/1/a.ts");
    for define in ["", "#EXT-X-DEFINE:IMPORT=\"base\"", "#EXT-X-DEFINE:QUERYPARAM=\"base\""] {
        let body = format!("{define}\n#EXTINF:2,\n{{$base}}/a.ts\n#EXT-X-ENDLIST");
        assert_eq!(refused(&body).0, "manifest_invalid", "{define}");
    }
}

#[test]
fn variables_cannot_inflate_a_playlist() {
    let value = "v".repeat(60_000);
    let uses = "{$a}\n".repeat(1000);
    let body = format!("#EXT-X-DEFINE:NAME=\"a\",VALUE=\"{value}\"\n#EXTINF:2,\n{uses}");
    assert_eq!(refused(&body).0, "manifest_invalid");
}

#[test]
fn protected_media_is_refused_but_plain_keys_are_not() {
    for key in [
        "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://1\",KEYFORMAT=\"com.apple.streamingkeydelivery\"",
        "#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI=\"data:x\"",
        "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",KEYFORMAT=\"urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed\"",
        "#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI=\"skd://1\"",
    ] {
        let body = format!("{key}\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST");
        assert_eq!(refused(&body).0, "drm_protected", "{key}");
    }
    let plain = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",KEYFORMAT=\"identity\"";
    assert_eq!(media(&format!("{plain}\n#EXTINF:2,\na.ts")).first_segment, "a.ts");
}

#[test]
fn qualities_are_sorted_and_named_by_height() {
    let master = master(&[
        "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360\nl.m3u8",
        "#EXT-X-STREAM-INF:BANDWIDTH=5000000,RESOLUTION=1920x1080,CODECS=\"avc1.640028,mp4a.40.2\"\nh.m3u8",
        "#EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=1280x720\nm.m3u8",
        "#EXT-X-STREAM-INF:BANDWIDTH=3000000,RESOLUTION=1280x720\nn.m3u8",
    ]);
    let ids: Vec<&str> = master.renditions.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids, ["1080p", "720p-3000", "720p-2000", "360p"]);
    let best = &master.renditions[0];
    assert_eq!(
        (best.width, best.height, best.bitrate_bps),
        (Some(1920), Some(1080), Some(5_000_000))
    );
    assert_eq!(best.codecs.as_deref(), Some("avc1.640028,mp4a.40.2"));
    assert_eq!(master.lowest, "l.m3u8");
}

#[test]
fn qualities_without_a_height_are_named_by_bandwidth() {
    let master = master(&[
        "#EXT-X-STREAM-INF:BANDWIDTH=800000\na.m3u8",
        "#EXT-X-STREAM-INF:BANDWIDTH=800500\nb.m3u8",
        "#EXT-X-STREAM-INF:BANDWIDTH=90000\nc.m3u8",
    ]);
    let ids: Vec<&str> = master.renditions.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids, ["800k", "800k-2", "90k"]);
}

#[test]
fn each_quality_is_listed_once_and_audio_only_variants_never() {
    let master = master(&[
        "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,CODECS=\"avc1.4d401e,mp4a.40.2\",AUDIO=\"lo\"\na.m3u8",
        "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,CODECS=\"avc1.4d401e,mp4a.40.2\",AUDIO=\"hi\"\nb.m3u8",
        "#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180\nd.m3u8",
        "#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.2\"\nsound.m3u8",
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=30000,RESOLUTION=640x360,URI=\"i.m3u8\"",
    ]);
    let ids: Vec<&str> = master.renditions.iter().map(|r| r.id.as_str()).collect();
    assert_eq!(ids, ["360p", "180p"]);
    assert_eq!(master.lowest, "d.m3u8");
}

#[test]
fn a_single_quality_is_not_listed() {
    let master = master(&["#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360\na.m3u8"]);
    assert!(master.renditions.is_empty());
}

#[test]
fn text_tracks_come_from_the_group_in_use() {
    let captions = "CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog\"";
    let master = master(&[
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"English\",LANGUAGE=\"en\",URI=\"en.m3u8\"",
        &format!(
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"English, all sound\",LANGUAGE=\"en\",{captions},URI=\"cc.m3u8\""
        ),
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"?\",LANGUAGE=\"und\",URI=\"x.m3u8\"",
        "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"other\",NAME=\"Deutsch\",LANGUAGE=\"de\",URI=\"de.m3u8\"",
        "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,SUBTITLES=\"s\"\na.m3u8",
    ]);
    let tracks: Vec<_> = master
        .text_tracks
        .iter()
        .map(|t| (t.id.as_str(), t.label.as_str(), t.language.as_deref(), t.kind))
        .collect();
    assert_eq!(
        tracks,
        [
            ("en", "English", Some("en"), TextTrackKind::Subtitles),
            ("en-2", "English, all sound", Some("en"), TextTrackKind::Captions),
            ("und", "?", None, TextTrackKind::Subtitles),
        ]
    );
}

#[test]
fn audio_tracks_are_listed_only_where_there_is_a_choice() {
    let english = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,URI=\"en.m3u8\"";
    let french =
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"Français\",LANGUAGE=\"fr\",URI=\"fr.m3u8\"";
    let variant = "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,AUDIO=\"a\"\na.m3u8";
    let two = master(&[english, french, variant]).audio_tracks;
    let ids: Vec<_> = two.iter().map(|track| (track.id.as_str(), track.default)).collect();
    assert_eq!(ids, [("en", true), ("fr", false)]);
    assert!(master(&[english, variant]).audio_tracks.is_empty());
}

#[test]
fn an_unreadable_quality_is_refused_rather_than_mixed_up() {
    let body =
        "#EXT-X-STREAM-INF:BANDWIDTH=800000\na.m3u8\n#EXT-X-STREAM-INF:RESOLUTION=640x360\nb.m3u8";
    assert_eq!(refused(body).0, "manifest_invalid");
    assert_eq!(refused("#EXT-X-STREAM-INF:BANDWIDTH=800000\n").0, "manifest_invalid");
}

#[test]
fn a_playlist_with_too_many_qualities_is_refused() {
    let variant = "#EXT-X-STREAM-INF:BANDWIDTH=800000\na.m3u8\n";
    assert_eq!(refused(&variant.repeat(65)).0, "manifest_invalid");
}

#[test]
fn labels_and_languages_from_outside_are_bounded() {
    let (name, language) = ("n".repeat(5000), "l".repeat(5000));
    let master = master(&[
        &format!(
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"{name}\",LANGUAGE=\"{language}\",URI=\"a.m3u8\""
        ),
        "#EXT-X-STREAM-INF:BANDWIDTH=800000,SUBTITLES=\"s\"\na.m3u8",
    ]);
    let track = &master.text_tracks[0];
    assert_eq!(
        (track.label.len(), track.id.as_str(), track.language.as_deref()),
        (120, "und", None)
    );
}

#[test]
fn labels_hold_only_visible_characters() {
    for (name, label) in [
        ("Eng\u{202E}hsil\u{061C}\u{2066}", "Enghsil"),
        ("نورا", "نورا"),
        ("\u{202E}\u{200B}", "fr"),
        ("\u{200D} \u{FE0F}", "fr"),
    ] {
        let master = master(&[
            &format!(
                "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"{name}\",LANGUAGE=\"fr\",URI=\"a.m3u8\""
            ),
            "#EXT-X-STREAM-INF:BANDWIDTH=800000,SUBTITLES=\"s\"\na.m3u8",
        ]);
        assert_eq!(master.text_tracks[0].label, label, "{name:?}");
    }
}

#[test]
fn a_playlist_built_to_be_slow_is_read_in_one_pass() {
    for line in ["#EXT-X-STREAM-INF:A\n", "#EXT-X-STREAM-INF:A=1,B\n", "#EXT-X-MEDIA:A=1,\"\n"] {
        let body = line.repeat(2 * 1024 * 1024 / line.len());
        assert_eq!(refused(&body).0, "manifest_invalid");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_lines_are_read_or_refused(lines in proptest::collection::vec(line(), 0..12)) {
        let text = format!("#EXTM3U\n{}", lines.join("\n"));
        if let Ok(Playlist::Media(media)) = parse(text.as_bytes()) {
            prop_assert!(media.live == media.duration_ms.is_none());
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

fn media(body: &str) -> Media {
    match parse(format!("#EXTM3U\n{body}\n").as_bytes()) {
        Ok(Playlist::Media(media)) => media,
        other => panic!("not a list of segments: {other:?}"),
    }
}

fn master(lines: &[&str]) -> Master {
    match parse(format!("#EXTM3U\n{}\n", lines.join("\n")).as_bytes()) {
        Ok(Playlist::Master(master)) => master,
        other => panic!("not a list of qualities: {other:?}"),
    }
}

fn refused(body: &str) -> (&'static str, String) {
    let failure = parse(format!("#EXTM3U\n{body}\n").as_bytes()).unwrap_err();
    (failure.kind.code(), failure.detail.into_owned())
}
