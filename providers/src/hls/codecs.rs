//! What the codecs of a quality carry, by their names in RFC 6381.

const PICTURE: [&str; 20] = [
    "avc1", "avc2", "avc3", "avc4", "avcp", "av01", "dav1", "dva1", "dvav", "dvh1", "dvhe", "encv",
    "hev1", "hvc1", "mp4v", "vc-1", "vp08", "vp09", "vvc1", "vvi1",
];
const SOUND: [&str; 16] = [
    "mp4a", "ac-3", "ac-4", "ec-3", "opus", "flac", "alac", "dtsc", "dtse", "dtsh", "dtsx", "enca",
    "mha1", "mha2", "mhm1", "mhm2",
];
const TEXT: [&str; 2] = ["stpp", "wvtt"];

/// The codecs of a list, which commas or spaces separate.
fn each(codecs: &str) -> impl Iterator<Item = &str> {
    codecs.split([',', ' ']).filter(|codec| !codec.is_empty())
}

fn is_one_of(codec: &str, names: &[&str]) -> bool {
    codec.get(..4).is_some_and(|name| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// Whether the list names codecs of sound and of nothing else.
pub(super) fn are_sound(codecs: &str) -> bool {
    let mut list = each(codecs).peekable();
    list.peek().is_some() && list.all(|codec| is_one_of(codec, &SOUND))
}

/// The codecs of sound in the list.
pub(super) fn sounds(codecs: &str) -> impl Iterator<Item = &str> {
    each(codecs).filter(|codec| is_one_of(codec, &SOUND))
}

/// Whether players know each codec of the list.
pub(super) fn are_known(codecs: &str) -> bool {
    let is_known =
        |codec| [&PICTURE[..], &SOUND, &TEXT].iter().any(|names| is_one_of(codec, names));
    each(codecs).all(is_known)
}
