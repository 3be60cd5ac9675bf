//! What a link leads to if it isn't media that can be played, so that the refusal can say so.

/// The first bytes of files that are often linked to by mistake, and a sentence about each.
const BEGINNINGS: [(usize, &[u8], &str); 22] = [
    (0, b"FLV", "This is a Flash video, which browsers can't play."),
    (
        0,
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        "This is a Windows Media file, which browsers can't play.",
    ),
    (0, b".RMF", "This is a RealMedia file, which browsers can't play."),
    (0, b"\0\0\x01\xba", "This is an MPEG program stream, which browsers can't play."),
    (0, b"FORM", "This is an AIFF file, which most browsers can't play."),
    (0, b"caff", "This is a Core Audio file, which most browsers can't play."),
    (0, b"#!AMR", "This is an AMR recording, which browsers can't play."),
    (0, b"MThd", "This is a MIDI file, which holds notes and no sound."),
    (0, b"\x89PNG", PICTURE),
    (0, b"\xff\xd8\xff", PICTURE),
    (0, b"GIF8", PICTURE),
    (8, b"WEBP", PICTURE),
    (4, b"ftypavif", PICTURE),
    (4, b"ftypavis", PICTURE),
    (4, b"ftyphei", PICTURE),
    (4, b"ftypmif1", PICTURE),
    (0, b"%PDF", "This link leads to a PDF document, not to media."),
    (0, b"PK\x03\x04", ARCHIVE),
    (0, b"Rar!", ARCHIVE),
    (0, b"7z\xbc\xaf", ARCHIVE),
    (0, SUBTITLES, "This link leads to subtitles, not to a film."),
    (0, b"d8:announce", "This link leads to a torrent, not to media."),
];

const SUBTITLES: &[u8] = b"WEBVTT";
const PICTURE: &str = "This link leads to a picture, not to a film.";
const ARCHIVE: &str = "This link leads to an archive, not to media.";
/// Every packet of an MPEG transport stream begins with this byte.
const PACKET: u8 = 0x47;
const PACKET_BYTES: usize = 188;

/// Whether a file that starts with `head` holds subtitles, which HLS delivers in pieces like a film.
pub(crate) fn is_subtitles(head: &[u8]) -> bool {
    head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head).starts_with(SUBTITLES)
}

/// A sentence about a file that starts with `head`; `None` if it isn't known.
pub(crate) fn describe(head: &[u8]) -> Option<&'static str> {
    let text = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head).trim_ascii_start();
    if text.starts_with(b"<") {
        let is_manifest = text.windows(4).any(|name| name == b"<MPD");
        return Some(if is_manifest {
            "This is a DASH manifest, which can't be played here; HLS (.m3u8) can."
        } else {
            "This link leads to a web page, not to media."
        });
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"AVI ") {
        return Some("This is an AVI file, which browsers can't play.");
    }
    // Players of Blu-ray discs put four bytes before each packet.
    let is_stream = |first: usize, step: usize| {
        (0..3).all(|packet| head.get(first + packet * step) == Some(&PACKET))
    };
    if is_stream(0, PACKET_BYTES) || is_stream(4, PACKET_BYTES + 4) {
        return Some("This is an MPEG transport stream, which browsers can't play as one file.");
    }
    let begins =
        |at: usize, bytes: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    BEGINNINGS.iter().find(|(at, bytes, _)| begins(*at, bytes)).map(|(.., sentence)| *sentence)
}
