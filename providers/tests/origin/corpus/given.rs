//! The playlists in `tests/playlists/`.

use providers::ErrorKind;

use super::{Accepted, PLAIN, Refused};

const fn plain(name: &'static str) -> Accepted {
    Accepted { name, ..PLAIN }
}

pub const ACCEPTED: &[Accepted] = &[
    plain("abs-path.m3u8"),
    Accepted { name: "ad-in-the-middle.m3u8", ms: Some(105_600), ..PLAIN },
    plain("aes256.m3u8"),
    Accepted {
        name: "audio-group-only-low.m3u8",
        audios: &["en Stereo default", "de Deutsch"],
        ..PLAIN
    },
    Accepted {
        name: "audio-muxed-plus.m3u8",
        audios: &["en Original default", "de Deutsch"],
        ..PLAIN
    },
    Accepted { name: "audio-no-default.m3u8", audios: &["de Deutsch", "en English"], ..PLAIN },
    Accepted { name: "audio-quoted-flags.m3u8", audios: &["de Deutsch", "en English"], ..PLAIN },
    plain("avg-only.m3u8"),
    plain("bad-date.m3u8"),
    plain("bandwidth-missing.m3u8"),
    plain("bandwidth-quoted.m3u8"),
    plain("brace.m3u8"),
    plain("bw-over-u32.m3u8"),
    Accepted { name: "closed-captions.m3u8", texts: &["en English captions CC1"], ..PLAIN },
    plain("codecs-empty.m3u8"),
    plain("cr-only.m3u8"),
    plain("crlf-bom.m3u8"),
    plain("define-import.m3u8"),
    Accepted { name: "define-nested.m3u8", ms: Some(4_000), ..PLAIN },
    Accepted { name: "define-two.m3u8", ms: Some(4_000), ..PLAIN },
    Accepted { name: "discontinuity.m3u8", ms: Some(46_000), ..PLAIN },
    plain("dotdot.m3u8"),
    Accepted { name: "empty-attr.m3u8", qualities: "180p 108p", ..PLAIN },
    plain("encrypted.m3u8"),
    plain("ext-x-start.m3u8"),
    plain("extinf-comma-dec.m3u8"),
    plain("extinf-nocomma.m3u8"),
    plain("first404.m3u8"),
    Accepted { name: "forced-quoted.m3u8", texts: &["en English"], ..PLAIN },
    Accepted { name: "forced.m3u8", texts: &["en-forced English forced", "en English"], ..PLAIN },
    plain("gap-first.m3u8"),
    Accepted { name: "latin1-name.m3u8", texts: &["fr Français"], ..PLAIN },
    plain("lower-attr.m3u8"),
    plain("map-byterange.m3u8"),
    Accepted { name: "media-space.m3u8", texts: &["en English"], ..PLAIN },
    plain("name-empty-last.m3u8"),
    Accepted { name: "noname.m3u8", texts: &["en en"], ..PLAIN },
    Accepted { name: "peertube-sound.m3u8", qualities: "180p 108p", ..PLAIN },
    Accepted { name: "portrait.m3u8", qualities: "1080p 720p", ..PLAIN },
    plain("program-date.m3u8"),
    plain("proto-rel.m3u8"),
    plain("res-zero.m3u8"),
    Accepted { name: "resolution-odd.m3u8", qualities: "180p 200k", ..PLAIN },
    Accepted { name: "rfc-8-4.m3u8", qualities: "1280k 256k", ..PLAIN },
    plain("sample-aes-identity.m3u8"),
    plain("semicolon.m3u8"),
    plain("space-before-comma.m3u8"),
    plain("spaces%20and%20%C3%A9.m3u8"),
    Accepted {
        name: "subs-two-groups.m3u8",
        qualities: "180p 108p",
        texts: &["fr Français @ 180p", "en English @ 108p"],
        ..PLAIN
    },
    Accepted {
        name: "subs.m3u8",
        texts: &["fr Français", "en BOM", "es Latin", "it Off"],
        ..PLAIN
    },
    Accepted {
        name: "two-english-audio.m3u8",
        audios: &["eng English default", "eng-2 English"],
        ..PLAIN
    },
    plain("vod-noend.m3u8"),
    plain("vod.m3u8"),
];

pub const REFUSED: &[Refused] = &[
    ("define-import-v.m3u8", None, ErrorKind::ManifestInvalid, "imports a variable"),
    ("iframes-only.m3u8", None, ErrorKind::Unsupported, "only still frames"),
    ("no-target.m3u8", None, ErrorKind::ManifestInvalid, "target duration"),
];
