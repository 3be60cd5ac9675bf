//! The tables in `docs/media.md` are made here, so that each row is what was found.

use std::fmt::Write;
use std::path::Path;

use engine::TimelineKind;
use providers::ErrorKind;

use crate::origin::{open, registry};

use super::played::{self, Length};
use super::{made, refused, resolve, variants};

/// What Chromium, as Debian builds it, lacks of a file; `tests/browser/codecs.test.mjs` plays each.
const LACKS: [(&str, &str); 20] = [
    ("hvc1.mp4", "without a picture"),
    ("hev1.mp4", "not at all"),
    ("mpeg4.mp4", "without a picture"),
    ("mpeg2.mp4", "not at all"),
    ("ac3.mp4", "without sound"),
    ("eac3.mp4", "without sound"),
    ("dts.mp4", "without sound"),
    ("alac.m4a", "not at all"),
    ("prores.mov", "without a picture"),
    ("mjpeg.mov", "not at all"),
    ("hevc-ac3.mkv", "not at all"),
    ("h264-ac3.mkv", "without sound"),
    ("h264-eac3.mkv", "without sound"),
    ("h264-dts.mkv", "without sound"),
    ("h264-truehd.mkv", "without sound"),
    ("mpeg4-mp3.mkv", "without a picture"),
    ("mpeg2-mp2.mkv", "not at all"),
    ("theora-vorbis.ogv", "without a picture"),
    ("speex.ogg", "not at all"),
    ("mp2.mp2", "not at all"),
];

/// Those in which players only estimate where a seek leads.
const INEXACT: [&str; 2] = ["variable.mp3", "variable-bare.mp3"];

#[tokio::test]
async fn only_files_that_are_documented_so_are_not_held_to_the_frame() {
    let registry = registry(open());
    for (name, ..) in played::MADE {
        let source = resolve(&registry, name, made(name)).await.0.unwrap();
        let is_inexact = source.timeline.kind == TimelineKind::Playlist;
        assert_eq!(is_inexact, INEXACT.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn the_tables_of_files_in_the_documentation_are_what_was_found() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/media.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let tables = [("files that play", played_table()), ("files that don't", refused_table().await)];
    let mut current = text.clone();
    for (name, table) in tables {
        let (before, rest) = current.split_once(&format!("<!-- {name} -->\n")).expect(name);
        let (_, after) = rest.split_once(&format!("<!-- end of {name} -->")).expect(name);
        current = format!("{before}<!-- {name} -->\n{table}<!-- end of {name} -->{after}");
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, current).unwrap();
    } else {
        assert!(text == current, "docs/media.md is out of date: run this test with UPDATE=1");
    }
}

fn played_table() -> String {
    let mut table =
        "| file | media type | codecs | length | Chromium |\n|---|---|---|---|---|\n".to_owned();
    for (name, mime, codecs, _, _, length) in played::MADE {
        let length = match length {
            Length::Exact => "exact",
            Length::Told => "stated",
            Length::Estimated => "estimated",
            Length::Unknown => "unknown",
        };
        let lacks = LACKS.iter().find(|(file, _)| *file == name);
        let plays = lacks.map_or("plays it", |(_, lacks)| lacks);
        let held = if INEXACT.contains(&name) { ", not held to the frame" } else { "" };
        let codecs = codecs.unwrap_or_default();
        writeln!(table, "| `{name}` | {mime} | `{codecs}` | {length} | {plays}{held} |").unwrap();
    }
    table
}

async fn refused_table() -> String {
    let mut table = "| file | code | sentence |\n|---|---|---|\n".to_owned();
    let files = refused::MADE.map(|refused| (refused, made(refused.0)));
    let registry = registry(open());
    for ((name, ..), file) in files.into_iter().chain(variants::refused()) {
        let error = resolve(&registry, name, file).await.0.expect_err(name);
        let code = code(error.kind);
        writeln!(table, "| `{name}` | `{code}` | {} |", error.detail).unwrap();
    }
    table
}

/// The code that clients receive: what the server makes of the kinds that occur here.
fn code(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::DrmProtected => "drm_protected",
        ErrorKind::Unsupported => "media_unsupported",
        other => panic!("no code is known here for {other:?}"),
    }
}
