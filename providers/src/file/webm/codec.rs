//! Names of Matroska's codecs as in RFC 6381, or short ones where that has none.

use super::super::bytes::be;
use super::super::codec::{aac_object_type, av1, avc, hevc};

/// Codecs that have one name, by the beginning of their id.
const NAMES: [(&str, &str); 22] = [
    ("V_VP8", "vp8"),
    ("V_VP9", "vp9"),
    ("V_AV1", "av01"),
    ("V_MPEG4/ISO/AVC", "avc1"),
    ("V_MPEGH/ISO/HEVC", "hvc1"),
    ("V_MPEG4", "mp4v.20"),
    ("V_MPEG2", "mp4v.61"),
    ("V_MPEG1", "mp4v.6A"),
    ("V_THEORA", "theora"),
    ("V_PRORES", "prores"),
    ("A_OPUS", "opus"),
    ("A_VORBIS", "vorbis"),
    ("A_FLAC", "flac"),
    ("A_AC3", "ac-3"),
    ("A_EAC3", "ec-3"),
    ("A_DTS", "dts"),
    ("A_TRUEHD", "mlpa"),
    ("A_ALAC", "alac"),
    ("A_MPEG/L3", "mp3"),
    ("A_MPEG/L2", "mp2"),
    ("A_MPEG/L1", "mp1"),
    ("A_PCM", "pcm"),
];

/// The name of a codec, by its id and its configuration.
pub(super) fn name(id: &str, configuration: &[u8]) -> String {
    let told = match id {
        "V_MPEG4/ISO/AVC" => avc("avc1", configuration),
        "V_MPEGH/ISO/HEVC" => hevc("hvc1", configuration),
        "V_AV1" => av1(configuration),
        // The header of a Windows bitmap, whose compression is the codec.
        "V_MS/VFW/FOURCC" => configuration.get(16..20).map(four_characters),
        // The header of a WAV file, which begins with its format.
        "A_MS/ACM" => configuration.get(..2).map(|tag| format!("{:x}", be(&[tag[1], tag[0]]))),
        _ if id.starts_with("A_AAC") => {
            Some(format!("mp4a.40.{}", aac_object_type(configuration).unwrap_or(2)))
        }
        _ => None,
    };
    let known = || NAMES.iter().find(|(start, _)| id.starts_with(start));
    told.or_else(|| known().map(|(_, name)| (*name).to_owned())).unwrap_or_else(|| {
        let bare = id.split_once('_').map_or(id, |(_, bare)| bare);
        bare.replace('/', ".").to_ascii_lowercase()
    })
}

fn four_characters(code: &[u8]) -> String {
    String::from_utf8_lossy(code).trim_end_matches('\0').trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_codec_has_a_name() {
        let bitmap = [&[0; 16][..], b"XVID"].concat();
        for (id, configuration, expected) in [
            ("V_VP9", &[][..], "vp9"),
            ("V_MPEG4/ISO/AVC", &[1, 0x64, 0, 0x1f], "avc1.64001f"),
            ("V_MPEG4/ISO/AVC", &[], "avc1"),
            ("V_MPEG4/ISO/ASP", &[], "mp4v.20"),
            ("V_AV1", &[0x81, 0x05, 0x0c], "av01.0.05M.08"),
            ("V_MS/VFW/FOURCC", &bitmap, "XVID"),
            ("A_AAC", &[0x12, 0x10], "mp4a.40.2"),
            ("A_AAC/MPEG4/LC/SBR", &[], "mp4a.40.2"),
            ("A_DTS/LOSSLESS", &[], "dts"),
            ("A_AC3", &[], "ac-3"),
            ("A_EAC3", &[], "ec-3"),
            ("A_MPEG/L3", &[], "mp3"),
            ("A_QUICKTIME/QDM2", &[], "quicktime.qdm2"),
        ] {
            assert_eq!(name(id, configuration), expected, "{id}");
        }
    }
}
