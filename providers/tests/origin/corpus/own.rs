//! Playlists that need no file of their own.

use providers::ErrorKind;

use super::{Accepted, PLAIN, Refused};

const fn film(name: &'static str, text: &'static str, ms: u64) -> Accepted {
    Accepted { name, text: Some(text), ms: Some(ms), ..PLAIN }
}

const fn list(name: &'static str, text: &'static str, qualities: &'static str) -> Accepted {
    Accepted { name, text: Some(text), qualities, ..PLAIN }
}

pub const ACCEPTED: &[Accepted] = &[
    // Names and first lines.
    film("own/film", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/h/a.ts\n#EXT-X-ENDLIST", 2000),
    film(
        "own/film.mp4",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/h/a.ts\n#EXT-X-ENDLIST",
        2000,
    ),
    film(
        "own/get.php?id=7",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/h/a.ts\n#EXT-X-ENDLIST",
        2000,
    ),
    film(
        "own/blank-first.m3u8",
        "\n\n  #EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/h/a.ts\n#EXT-X-ENDLIST",
        2000,
    ),
    film(
        "own/bom.txt",
        "\u{feff}#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/h/a.ts\n#EXT-X-ENDLIST",
        2000,
    ),
    film(
        "own/no-last-line-end.m3u8",
        "#EXTM3U\r#EXT-X-TARGETDURATION:2\r#EXT-X-ENDLIST\r#EXTINF:2,\r/h/a.ts",
        2000,
    ),
    // Segments.
    film(
        "own/quarter-seconds.m3u8",
        "#EXTM3U\n#EXT-X-TARGETDURATION: 2.5\n#EXTINF:.25,a,b\n/h/a.ts\n#EXTINF: 1.75 ,\n/h/b.ts\n#EXT-X-ENDLIST",
        2000,
    ),
    film(
        "own/ranges.m3u8",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n#EXT-X-BYTERANGE:100@20\n/h/a.ts\n#EXTINF:2,\n#EXT-X-BYTERANGE:100\n/h/a.ts\n#EXT-X-ENDLIST",
        4000,
    ),
    film(
        "own/two-gone.m3u8",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/h/gone0.ts\n#EXTINF:2,\n/h/gone1.ts\n#EXTINF:2,\n/h/a.ts\n#EXT-X-ENDLIST",
        6000,
    ),
    film(
        "own/only-last-there.m3u8",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/h/gone0.ts\n#EXTINF:2,\n/h/denied.ts\n#EXTINF:2,\n/h/gone2.ts\n#EXTINF:2,\n/h/gone3.ts\n#EXTINF:2,\n/h/a.ts\n#EXT-X-ENDLIST",
        10_000,
    ),
    film(
        "own/stray-lines.m3u8",
        "#EXTM3U\nstray\n#EXT-X-UNKNOWN:1\n# a note\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n#EXT-X-PROGRAM-DATE-TIME:never\n/h/a.ts\nstray.ts\n#EXT-X-ENDLIST",
        2000,
    ),
    film(
        "own/spaces-in-uri.m3u8",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n /h/a film \u{e9}.ts \n#EXT-X-ENDLIST",
        2000,
    ),
    film(
        "own/sequence-zero-twice.m3u8",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:2,\n/h/a.ts\n#EXT-X-ENDLIST",
        2000,
    ),
    Accepted {
        name: "own/live.m3u8",
        text: Some(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:2,\n/h/gone7.ts\n#EXTINF:2,\n/h/s8.ts\n",
        ),
        ms: None,
        ..PLAIN
    },
    // Keys.
    film(
        "own/key-then-none.m3u8",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://1\",KEYFORMAT=\"com.apple.streamingkeydelivery\"\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:2,\n/h/a.ts\n#EXT-X-ENDLIST",
        2000,
    ),
    film(
        "own/aes-256-ctr.m3u8",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=AES-256-CTR,URI=\"k\"\n#EXTINF:2,\n/h/a.ts\n#EXT-X-ENDLIST",
        2000,
    ),
    // Variables.
    film(
        "own/query.m3u8?token=h",
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\n#EXTINF:2,\n/{$token}/a.ts\n#EXT-X-ENDLIST",
        2000,
    ),
    list(
        "own/define-in-attributes.m3u8",
        "#EXTM3U\n#EXT-X-DEFINE:NAME=\"n\",VALUE=\"108\"\n#EXT-X-DEFINE:NAME=\"p\",VALUE=\"any.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=\"192x{$n}\"\n/h/a/{$p}\n#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180\n/h/b/{$p}\n",
        "180p 108p",
    ),
    // Qualities.
    list(
        "own/one-quality.m3u8",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,CODECS=\"hvc1.2.4.L120.90,ec-3\"\n/h/hi.m3u8\n",
        "",
    ),
    list(
        "own/lowest-gone.m3u8",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=192x108\n/h/gone.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180\n/h/denied.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360\n/h/hi.m3u8\n",
        "360p 180p 108p",
    ),
    list(
        "own/comments-between.m3u8",
        "#EXTM3U x=y\n#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=192x108\n# low\n\n/h/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180\n#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=1x1\n/h/b.m3u8\n",
        "180p 108p",
    ),
    list(
        "own/repeated-on-two-servers.m3u8",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=192x108\n/h/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180\n/h/b.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=192x108\n/h/two/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180\n/h/two/b.m3u8\n",
        "180p 108p",
    ),
    list(
        "own/pathways.m3u8",
        "#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI=\"/h/steer\",PATHWAY-ID=\"one\"\n#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=192x108,PATHWAY-ID=\"one\"\n/h/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180,PATHWAY-ID=\"one\"\n/h/b.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=210000,RESOLUTION=192x108,PATHWAY-ID=\"two\"\n/h/two/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=410000,RESOLUTION=320x180,PATHWAY-ID=\"two\"\n/h/two/b.m3u8\n",
        "180p 108p",
    ),
    list(
        "own/same-height.m3u8",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=192x108\n/h/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=192x108\n/h/b.m3u8\n",
        "108p-300 108p-200",
    ),
    list(
        "own/unknown-codec.m3u8",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=192x108,CODECS=\"avc1.42c00b\"\n/h/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180,CODECS=\"avc1.42c00b\"\n/h/b.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,CODECS=\"new1.1\"\n/h/c.m3u8\n",
        "180p 108p",
    ),
    list(
        "own/sound-only.m3u8",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.2\"\n/h/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\n/h/b.m3u8\n",
        "128k 64k",
    ),
    // Tracks.
    Accepted {
        name: "own/three-sounds-of-two-qualities.m3u8",
        text: Some(
            "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,URI=\"/h/1.m3u8\"\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"aac\",NAME=\"Commentary\",LANGUAGE=\"en\",URI=\"/h/2.m3u8\"\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"ac3\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,CHANNELS=\"6\",URI=\"/h/3.m3u8\"\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"ac3\",NAME=\"Commentary\",LANGUAGE=\"en\",CHANNELS=\"6\",URI=\"/h/4.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=192x108,CODECS=\"avc1.42c00b,mp4a.40.2\",AUDIO=\"aac\"\n/h/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180,CODECS=\"avc1.42c00b,mp4a.40.2\",AUDIO=\"aac\"\n/h/b.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=500000,RESOLUTION=192x108,CODECS=\"avc1.42c00b,ac-3\",AUDIO=\"ac3\"\n/h/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=700000,RESOLUTION=320x180,CODECS=\"avc1.42c00b,ac-3\",AUDIO=\"ac3\"\n/h/b.m3u8\n",
        ),
        qualities: "180p 108p",
        audios: &["en English default", "en-2 Commentary"],
        ..PLAIN
    },
    Accepted {
        name: "own/language-of-one-quality.m3u8",
        text: Some(
            "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"hi\",NAME=\"English\",LANGUAGE=\"en\",URI=\"/h/1.m3u8\"\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"lo\",NAME=\"English\",LANGUAGE=\"en\",URI=\"/h/2.m3u8\"\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"lo\",NAME=\"Deutsch\",LANGUAGE=\"de\",URI=\"/h/3.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=200000,RESOLUTION=192x108,AUDIO=\"lo\"\n/h/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=320x180,AUDIO=\"hi\"\n/h/b.m3u8\n",
        ),
        qualities: "180p 108p",
        audios: &["en English", "de Deutsch @ 108p"],
        ..PLAIN
    },
    Accepted {
        name: "own/captions.m3u8",
        text: Some(
            "#EXTM3U\n#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"English\",LANGUAGE=\"en\",INSTREAM-ID=\"CC1\"\n#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"Espa\u{f1}ol\",LANGUAGE=\"es\",INSTREAM-ID=\"CC3\"\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"English\",LANGUAGE=\"en\",CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog\",URI=\"/h/s.m3u8\"\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"Nowhere\",LANGUAGE=\"xx\"\n#EXT-X-STREAM-INF:BANDWIDTH=200000,CLOSED-CAPTIONS=\"cc\",SUBTITLES=\"s\"\n/h/a.m3u8\n",
        ),
        texts: &["en English captions", "en-2 English captions CC1", "es Español captions CC3"],
        ..PLAIN
    },
    Accepted {
        name: "own/groups-of-nobody.m3u8",
        text: Some(
            "#EXTM3U\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"other\",NAME=\"English\",LANGUAGE=\"en\",URI=\"/h/s.m3u8\"\n#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"v\",NAME=\"Angle\",URI=\"/h/v.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=200000,SUBTITLES=\"s\"\n/h/a.m3u8\n",
        ),
        ..PLAIN
    },
];

pub const REFUSED: &[Refused] = &[
    (
        "own/page.m3u8",
        Some("<!doctype html>\n<title>A page</title>"),
        ErrorKind::Unsupported,
        "web page",
    ),
    ("typed/notes", Some("some notes"), ErrorKind::Unsupported, "begin with #EXTM3U"),
    ("own/empty.m3u8", Some("#EXTM3U\n"), ErrorKind::ManifestInvalid, "is empty"),
    (
        "own/no-segments.m3u8",
        Some("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-ENDLIST"),
        ErrorKind::ManifestInvalid,
        "is empty",
    ),
    (
        "own/channels.m3u8",
        Some("#EXTM3U\n#EXTINF:-1 tvg-id=\"1\",One\nhttp://example.test/1\n"),
        ErrorKind::ManifestInvalid,
        "lists of channels",
    ),
    (
        "own/first-line.m3u8",
        Some("#EXTM3U x=y\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/h/a.ts\n"),
        ErrorKind::ManifestInvalid,
        "first line",
    ),
    (
        "own/target-twice.m3u8",
        Some("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/h/a.ts\n"),
        ErrorKind::ManifestInvalid,
        "states twice",
    ),
    (
        "own/end-twice.m3u8",
        Some(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/h/a.ts\n#EXT-X-ENDLIST\n#EXT-X-ENDLIST\n",
        ),
        ErrorKind::ManifestInvalid,
        "states twice",
    ),
    (
        "own/sequence-late.m3u8",
        Some("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/h/a.ts\n#EXT-X-MEDIA-SEQUENCE:7\n"),
        ErrorKind::ManifestInvalid,
        "only after the first",
    ),
    (
        "own/all-gaps.m3u8",
        Some("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-GAP\n#EXTINF:2,\n/h/a.ts\n#EXT-X-ENDLIST"),
        ErrorKind::ManifestInvalid,
        "as missing",
    ),
    (
        "own/all-gone.m3u8",
        Some("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/h/gone.ts\n#EXT-X-ENDLIST"),
        ErrorKind::NotFound,
        "media that it lists",
    ),
    (
        "own/all-qualities-gone.m3u8",
        Some("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/h/gone.m3u8\n"),
        ErrorKind::NotFound,
        "media that it lists",
    ),
    (
        "own/list-in-list.m3u8",
        Some("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlist-in-list.m3u8\n"),
        ErrorKind::ManifestInvalid,
        "another list of qualities",
    ),
    (
        "own/still-frames.m3u8",
        Some("#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"/h/i.m3u8\"\n"),
        ErrorKind::Unsupported,
        "only still frames",
    ),
    (
        "own/fairplay.m3u8",
        Some(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://1\",KEYFORMAT=\"com.apple.streamingkeydelivery\"\n#EXTINF:2,\n/h/a.ts\n",
        ),
        ErrorKind::DrmProtected,
        "licence",
    ),
    (
        "own/session-key.m3u8",
        Some(
            "#EXTM3U\n#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI=\"skd://1\",KEYFORMAT=\"com.apple.streamingkeydelivery\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/h/a.m3u8\n",
        ),
        ErrorKind::DrmProtected,
        "licence",
    ),
    (
        "own/samples-in-mp4.m3u8",
        Some(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k\"\n#EXT-X-MAP:URI=\"/h/i.mp4\"\n#EXTINF:2,\n/h/a.m4s\n",
        ),
        ErrorKind::Unsupported,
        "encrypted",
    ),
    (
        "own/undefined.m3u8",
        Some(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"h\"\n#EXTINF:2,\n/{$b}/a.ts\n",
        ),
        ErrorKind::ManifestInvalid,
        "before it defines",
    ),
    (
        "own/defined-twice.m3u8",
        Some(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"h\"\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"h\"\n#EXTINF:2,\n/h/a.ts\n",
        ),
        ErrorKind::ManifestInvalid,
        "twice",
    ),
    (
        "own/no-query.m3u8",
        Some(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\n#EXTINF:2,\n/h/a.ts\n",
        ),
        ErrorKind::ManifestInvalid,
        "from its link",
    ),
];
