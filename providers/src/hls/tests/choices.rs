//! The qualities and tracks of lists as origins write them.

use engine::TextTrackKind;

use super::{master, refused};
use crate::error::ErrorKind;

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
    assert_eq!(master.to_try[0], "l.m3u8");
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
    assert_eq!(master.to_try[0], "d.m3u8");
}

#[test]
fn a_single_quality_is_not_listed_but_its_codecs_are_told() {
    let variant = |uri: &str, size: &str, codecs: &str| {
        format!("#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION={size}{codecs}\n{uri}")
    };
    let hevc = ",CODECS=\"hvc1.2.4.L120.90,ec-3\"";
    let (too_long, odd) = (format!(",CODECS=\"{}\"", "x".repeat(121)), ",CODECS=\"hvc1é\"");
    for (codecs, told) in
        [(hevc, Some("hvc1.2.4.L120.90,ec-3")), ("", None), (&too_long, None), (odd, None)]
    {
        let master = master(&[&variant("a.m3u8", "640x360", codecs)]);
        assert_eq!((master.renditions.len(), master.codecs.as_deref()), (0, told), "{codecs}");
    }
    let sound = "#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.2\"\nsound.m3u8";
    let film = variant("a.m3u8", "640x360", hevc);
    assert_eq!(master(&[&film, sound]).codecs.as_deref(), Some("hvc1.2.4.L120.90,ec-3"));
    let two = master(&[&film, &variant("b.m3u8", "320x180", hevc)]);
    assert_eq!((two.renditions.len(), two.codecs), (2, None));
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
fn what_cannot_be_read_of_a_quality_is_left_out() {
    let master = master(&[
        "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640X360,junk\na.m3u8",
        "#EXT-X-STREAM-INF:RESOLUTION=320x180,CODECS=,BANDWIDTH=lots\nb.m3u8",
        "#EXT-X-STREAM-INF:BANDWIDTH=900000",
    ]);
    let found: Vec<_> =
        master.renditions.iter().map(|r| (r.id.as_str(), r.height, r.bitrate_bps)).collect();
    assert_eq!(found, [("180p", Some(180), None), ("800k", None, Some(800_000))]);
    assert_eq!(refused("#EXT-X-STREAM-INF:BANDWIDTH=800000\n").0, ErrorKind::ManifestInvalid);
}

#[test]
fn seventy_qualities_are_listed_and_too_many_are_refused() {
    let variants = |count: u32| -> String {
        let one = |n| format!("#EXT-X-STREAM-INF:BANDWIDTH={}\n{n}.m3u8\n", 100_000 + n * 1000);
        (0..count).map(one).collect()
    };
    assert_eq!(master(&[&variants(70)]).renditions.len(), 70);
    assert_eq!(refused(&variants(513)).0, ErrorKind::TooLarge);
    let track = "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"a\"\n";
    assert_eq!(refused(&format!("{}{}", track.repeat(1025), variants(1))).0, ErrorKind::TooLarge);
}

#[test]
fn repeated_entries_of_a_quality_are_one() {
    let entry = |rate: u32, codecs: &str, audio: &str, rest: &str, uri: &str| {
        format!(
            "#EXT-X-STREAM-INF:BANDWIDTH={rate},RESOLUTION=640x360,CODECS=\"avc1.4d401e,{codecs}\",AUDIO=\"{audio}\"{rest}\n{uri}"
        )
    };
    let audio = [
        entry(900_000, "ac-3", "surround", "", "a.m3u8"),
        entry(800_000, "mp4a.40.2", "stereo", "", "a.m3u8"),
    ];
    let servers = [
        entry(800_000, "mp4a.40.2", "stereo", "", "https://one.test/a.m3u8"),
        entry(800_000, "mp4a.40.2", "stereo", "", "https://two.test/a.m3u8"),
    ];
    let pathways = [
        entry(800_000, "mp4a.40.2", "stereo", ",PATHWAY-ID=\"one\"", "https://one.test/a.m3u8"),
        entry(810_000, "mp4a.40.2", "stereo", ",PATHWAY-ID=\"two\"", "https://two.test/a.m3u8"),
    ];
    let low = "#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180,AUDIO=\"stereo\"\nlow.m3u8";
    for entries in [&audio, &servers] {
        let master = master(&[&entries[0], low, &entries[1]]);
        let found: Vec<_> =
            master.renditions.iter().map(|r| (r.id.as_str(), r.bitrate_bps)).collect();
        assert_eq!(found, [("360p", Some(800_000)), ("180p", Some(400_000))], "{entries:?}");
    }
    let steering = "#EXT-X-CONTENT-STEERING:SERVER-URI=\"s\",PATHWAY-ID=\"two\"";
    let steered = master(&[steering, &pathways[0], &pathways[1]]);
    assert_eq!(
        (steered.renditions.len(), steered.to_try),
        (0, vec!["https://two.test/a.m3u8".to_owned()])
    );
}

#[test]
fn a_portrait_is_named_by_its_short_side_and_sound_is_no_quality() {
    let master = master(&[
        "#EXT-X-STREAM-INF:BANDWIDTH=64000,RESOLUTION=0x0,CODECS=\"mp4a.40.2\"\nsound.m3u8",
        "#EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=720x1280\nl.m3u8",
        "#EXT-X-STREAM-INF:BANDWIDTH=5000000,RESOLUTION=1080x1920\nh.m3u8",
    ]);
    let ids: Vec<_> = master.renditions.iter().map(|r| (r.id.as_str(), r.height)).collect();
    assert_eq!(ids, [("1080p", Some(1920)), ("720p", Some(1280))]);
}

#[test]
fn two_tracks_of_one_name_are_two_and_forced_ones_are_apart() {
    let text = |rest: &str, uri: &str| {
        format!(
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"English\",LANGUAGE=\"en\",{rest}URI=\"{uri}\""
        )
    };
    let audio = |rest: &str, uri: &str| {
        format!(
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",LANGUAGE=\"en\",{rest}URI=\"{uri}\""
        )
    };
    let found = master(&[
        &text("FORCED=\"YES\",", "signs.m3u8"),
        &text("FORCED=\"NO\",", "full.m3u8"),
        &text("", "other.m3u8"),
        &audio("DEFAULT=\"NO\",", "one.m3u8"),
        &audio("DEFAULT=\"YES\",", "two.m3u8"),
        "#EXT-X-STREAM-INF:BANDWIDTH=800000,AUDIO=\"a\",SUBTITLES=\"s\"\na.m3u8",
    ]);
    let texts: Vec<_> =
        found.text_tracks.iter().map(|t| (t.id.as_str(), t.kind, t.entries[0].index)).collect();
    let (forced, full) = (TextTrackKind::Forced, TextTrackKind::Subtitles);
    assert_eq!(texts, [("en-forced", forced, 0), ("en", full, 1), ("en-2", full, 2)]);
    let audios: Vec<_> =
        found.audio_tracks.iter().map(|t| (t.id.as_str(), t.default, t.entries[0].index)).collect();
    assert_eq!(audios, [("en", false, 0), ("en-2", true, 1)]);
}

#[test]
fn a_track_of_some_qualities_is_listed_with_them() {
    let audio = |group: &str, name: &str, language: &str| {
        format!(
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{group}\",NAME=\"{name}\",LANGUAGE=\"{language}\",URI=\"x.m3u8\""
        )
    };
    let found = master(&[
        &audio("hi", "Surround", "en"),
        &audio("lo", "Stereo", "en"),
        &audio("lo", "Deutsch", "de"),
        "#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,AUDIO=\"hi\"\na.m3u8",
        "#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180,AUDIO=\"lo\"\nb.m3u8",
    ]);
    let [english, german] = &found.audio_tracks[..] else { panic!("{:?}", found.audio_tracks) };
    let groups: Vec<_> = english.entries.iter().map(|e| (e.group.as_str(), e.index)).collect();
    assert_eq!((english.id.as_str(), groups), ("en", vec![("hi", 0), ("lo", 0)]));
    assert!(english.renditions.is_empty());
    assert_eq!((german.id.as_str(), &german.renditions[..]), ("de", &["180p".to_owned()][..]));
}

#[test]
fn a_description_or_a_commentary_in_a_group_of_its_own_is_a_track_of_its_own() {
    let describes = ",CHARACTERISTICS=\"public.accessibility.describes-video\"";
    let (stereo, surround) = (",CHANNELS=\"2\"", ",CHANNELS=\"6\"");
    let (aac, ac3) = ("mp4a.40.2", "ac-3");
    let audio = |group: &str, name: &str, rest: &str| {
        format!(
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{group}\",NAME=\"{name}\",LANGUAGE=\"en\",URI=\"{group}.m3u8\"{rest}"
        )
    };
    let variant = |group: &str, sound: &str| {
        format!(
            "#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,CODECS=\"avc1.4d401e,{sound}\",AUDIO=\"{group}\"\na.m3u8"
        )
    };
    for (name, rest, sound, tracks) in [
        ("English AD", describes, aac, &["English", "English AD"][..]),
        ("English", describes, aac, &["English", "English"]),
        // However it is coded.
        ("English AD", describes, ac3, &["English", "English AD"]),
        ("English, the director", stereo, aac, &["English", "English, the director"]),
        ("Surround", surround, aac, &[]),
        ("Surround", "", ac3, &[]),
        ("English", "", aac, &[]),
    ] {
        let found = master(&[
            &audio("a", "English", &format!("{stereo},DEFAULT=YES")),
            &audio("b", name, rest),
            &variant("a", aac),
            &variant("b", sound),
        ]);
        let labels: Vec<_> = found.audio_tracks.iter().map(|one| one.label.as_str()).collect();
        assert_eq!(labels, tracks, "{name} {rest} {sound}");
        assert!(found.audio_tracks.iter().all(|one| one.renditions.is_empty()));
    }
}

#[test]
fn captions_in_the_picture_are_listed_with_their_channel() {
    let captions = |name: &str, channel: &str| {
        format!(
            "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"{name}\",LANGUAGE=\"en\",INSTREAM-ID=\"{channel}\""
        )
    };
    let [one, same, far] =
        [captions("English", "CC1"), captions("Again", "SERVICE1"), captions("Far", "SERVICE9")];
    let quality =
        |group: &str| format!("#EXT-X-STREAM-INF:BANDWIDTH=800000,CLOSED-CAPTIONS={group}\na.m3u8");
    let found = master(&[&one, &same, &far, &quality("\"cc\"")]).text_tracks;
    let tracks: Vec<_> =
        found.iter().map(|t| (t.id.as_str(), t.kind, t.channel.as_deref())).collect();
    assert_eq!(tracks, [("en", TextTrackKind::Captions, Some("CC1"))]);
    assert!(master(&[&one, &quality("NONE")]).text_tracks.is_empty());
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
