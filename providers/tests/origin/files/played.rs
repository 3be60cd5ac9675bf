//! What is accepted: its codecs and its length, held against `ffprobe`.

use std::process::Command;

use providers::Registry;

use super::{counting::Took, length_ms, made, resolve, told, variants};
use crate::origin::{open, registry};

/// How long the frames of the tests last, and a little for rounding.
const FRAME_MS: u64 = 43;

/// How the length of a file is found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Length {
    /// By its samples, within one frame of what `ffprobe` says.
    Exact,
    /// The same, but only a header or a bit rate says so.
    Told,
    /// By a part of its frames, within a tenth of what all of them last.
    Estimated,
    /// Not at all.
    Unknown,
}

/// A file that is accepted: its name, media type, codecs, whether it has a picture and sound, and
/// how its length is found.
pub type Played = (&'static str, &'static str, Option<&'static str>, bool, bool, Length);

use Length::{Estimated, Exact, Told, Unknown};

const MP4: &str = "video/mp4";
const QUICKTIME: &str = "video/quicktime";
const WEBM: &str = "video/webm";
const MATROSKA: &str = "video/x-matroska";
const OGG: &str = "audio/ogg";

/// The files as tools make them.
pub const MADE: [Played; 57] = [
    ("h264-aac.mp4", MP4, Some("avc1.42c00a,mp4a.40.2"), true, true, Exact),
    ("end.mp4", MP4, Some("avc1.42c00a,mp4a.40.2"), true, true, Exact),
    ("bframes.mp4", MP4, Some("avc1.64000a,mp4a.40.2"), true, true, Exact),
    ("trimmed.mp4", MP4, Some("avc1.64000a,mp4a.40.2"), true, true, Exact),
    ("late-sound.mp4", MP4, Some("avc1.42c00a,mp4a.40.2"), true, true, Exact),
    ("long.mp4", MP4, Some("avc1.42c00a,mp4a.40.2"), true, true, Exact),
    ("hvc1.mp4", MP4, Some("hvc1.1.6.L30.90,mp4a.40.2"), true, true, Exact),
    ("hev1.mp4", MP4, Some("hev1.1.6.L30.90"), true, false, Exact),
    ("av1.mp4", MP4, Some("av01.0.00M.08,opus"), true, true, Exact),
    ("vp9.mp4", MP4, Some("vp09.00.10.08,flac"), true, true, Exact),
    ("mpeg4.mp4", MP4, Some("mp4v.20.1,mp3"), true, true, Exact),
    ("mpeg2.mp4", MP4, Some("mp4v.61"), true, false, Exact),
    ("ac3.mp4", MP4, Some("avc1.42c00a,ac-3"), true, true, Exact),
    ("eac3.mp4", MP4, Some("avc1.42c00a,ec-3"), true, true, Exact),
    ("dts.mp4", MP4, Some("avc1.42c00a,dts"), true, true, Exact),
    ("three.mp4", MP4, Some("avc1.42c00a,mp4a.40.2"), true, true, Exact),
    ("sound.m4a", "audio/mp4", Some("mp4a.40.2"), false, true, Exact),
    ("alac.m4a", "audio/mp4", Some("alac"), false, true, Exact),
    ("h264-pcm.mov", QUICKTIME, Some("avc1.42c00a,sowt"), true, true, Exact),
    ("h264-aac.mov", QUICKTIME, Some("avc1.42c00a,mp4a.40.2"), true, true, Exact),
    ("prores.mov", QUICKTIME, Some("apcn,sowt"), true, true, Exact),
    ("mjpeg.mov", QUICKTIME, Some("jpeg"), true, false, Exact),
    ("fragmented.mp4", MP4, Some("avc1.42c00a,mp4a.40.2"), true, true, Unknown),
    ("fragmented-index.mp4", MP4, Some("avc1.42c00a,mp4a.40.2"), true, true, Exact),
    ("fragmented-dash.mp4", MP4, Some("avc1.42c00a,mp4a.40.2"), true, true, Unknown),
    ("vp8-vorbis.webm", WEBM, Some("vp8,vorbis"), true, true, Told),
    ("vp9-opus.webm", WEBM, Some("vp9,opus"), true, true, Told),
    ("av1-opus.webm", WEBM, Some("av01.0.00M.08,opus"), true, true, Told),
    ("opus.weba", "audio/webm", Some("opus"), false, true, Told),
    ("live.webm", WEBM, Some("vp9,opus"), true, true, Unknown),
    ("h264-aac.mkv", MATROSKA, Some("avc1.42c00a,mp4a.40.2"), true, true, Told),
    ("hevc-ac3.mkv", MATROSKA, Some("hvc1.1.6.L30.90,ac-3"), true, true, Told),
    ("h264-ac3.mkv", MATROSKA, Some("avc1.42c00a,ac-3"), true, true, Told),
    ("h264-eac3.mkv", MATROSKA, Some("avc1.42c00a,ec-3"), true, true, Told),
    ("h264-dts.mkv", MATROSKA, Some("avc1.42c00a,dts"), true, true, Told),
    ("h264-dts-aac.mkv", MATROSKA, Some("avc1.42c00a,dts,mp4a.40.2"), true, true, Told),
    ("h264-truehd.mkv", MATROSKA, Some("avc1.42c00a,mlpa"), true, true, Told),
    ("mpeg4-mp3.mkv", MATROSKA, Some("mp4v.20,mp3"), true, true, Told),
    ("mpeg2-mp2.mkv", MATROSKA, Some("mp4v.61,mp2"), true, true, Told),
    ("flac.mka", "audio/x-matroska", Some("flac"), false, true, Told),
    ("theora-vorbis.ogv", "video/ogg", Some("theora,vorbis"), true, true, Exact),
    ("vorbis.ogg", OGG, Some("vorbis"), false, true, Exact),
    ("opus.opus", OGG, Some("opus"), false, true, Exact),
    ("flac.oga", OGG, Some("flac"), false, true, Exact),
    ("speex.ogg", OGG, Some("speex"), false, true, Exact),
    ("flac.flac", "audio/flac", Some("flac"), false, true, Exact),
    ("constant.mp3", "audio/mpeg", Some("mp3"), false, true, Exact),
    ("constant-bare.mp3", "audio/mpeg", Some("mp3"), false, true, Told),
    ("variable.mp3", "audio/mpeg", Some("mp3"), false, true, Exact),
    ("variable-bare.mp3", "audio/mpeg", Some("mp3"), false, true, Estimated),
    ("cover.mp3", "audio/mpeg", Some("mp3"), false, true, Exact),
    ("mp2.mp2", "audio/mpeg", Some("mp2"), false, true, Told),
    ("aac.aac", "audio/aac", Some("mp4a.40.2"), false, true, Estimated),
    ("wav.wav", "audio/wav", Some("1"), false, true, Exact),
    ("wav24.wav", "audio/wav", Some("1"), false, true, Exact),
    ("alaw.wav", "audio/wav", Some("6"), false, true, Exact),
    ("rf64.wav", "audio/wav", Some("1"), false, true, Exact),
];

#[tokio::test]
async fn every_file_that_tools_make_is_told_what_it_holds_and_how_long_it_plays() {
    let (registry, mut wrong) = (registry(open()), vec![]);
    for played in MADE {
        check(&registry, played, made(played.0), &mut wrong).await;
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn every_variant_that_players_play_is_told_the_same() {
    let (registry, mut wrong) = (registry(open()), vec![]);
    for (played, file) in variants::played() {
        check(&registry, played, file, &mut wrong).await;
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn an_index_in_front_takes_two_requests_of_8_kib_together_however_long_it_is() {
    let registry = registry(open());
    for name in ["h264-aac.mp4", "bframes.mp4", "long.mp4", "three.mp4", "late-sound.mp4"] {
        // The second link doesn't tell what it leads to.
        for link in [name, "watch?v=1"] {
            let (source, took) = resolve(&registry, link, made(name)).await;
            assert!(length_ms(&source.unwrap()).is_some(), "{name}");
            let Took { requests, bytes } = took;
            let is_cheap = requests <= 2 && bytes <= 8192;
            assert!(is_cheap, "{name} took {requests} requests, {bytes} bytes at {link}");
        }
    }
}

async fn check(registry: &Registry, played: Played, file: Vec<u8>, wrong: &mut Vec<String>) {
    let (name, mime, codecs, picture, sound, length) = played;
    let (resolved, took) = resolve(registry, name, file.clone()).await;
    if took.requests > 6 || took.bytes > 256 * 1024 {
        wrong.push(format!("{name} takes {took:?}"));
    }
    let source = match resolved {
        Ok(source) => source,
        Err(error) => return wrong.push(format!("{name} is refused: {}", error.detail)),
    };
    let expected = (mime, codecs, Some(picture), Some(sound));
    let found = told(&source);
    // A third track far behind the first two isn't looked for.
    if (found.0, found.1) != (expected.0, expected.1)
        || found.2.is_some_and(|found| found != picture)
        || found.3.is_some_and(|found| found != sound)
    {
        wrong.push(format!("{name}: {found:?}, not {expected:?}"));
    }
    let found = length_ms(&source);
    let right = match length {
        Unknown => found.is_none(),
        Estimated => found.is_some_and(|ms| {
            let lasts_ms = packets_ms(name, &file);
            source.exact_duration().is_none() && ms.abs_diff(lasts_ms) <= lasts_ms / 10
        }),
        Exact | Told => {
            // What only a header says is an estimate, which the end of a cut film corrects.
            let is_honest = length == Exact || source.exact_duration().is_none();
            is_honest && found.is_some_and(|ms| ms.abs_diff(probed_ms(name, &file)) <= FRAME_MS)
        }
    };
    if !right {
        wrong.push(format!("{name} plays {} ms, not {found:?}", probed_ms(name, &file)));
    }
}

/// How long `ffprobe` says that a file plays, by its tracks where it knows them.
fn probed_ms(name: &str, file: &[u8]) -> u64 {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, file).unwrap();
    let entries = "stream=start_time,duration:format=start_time,duration";
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", entries, "-of", "csv=p=0"])
        .arg(&path)
        .output()
        .expect("ffprobe is installed");
    let text = String::from_utf8(probe.stdout).unwrap();
    let lines: Vec<(f64, Option<f64>)> = text.lines().map(start_and_duration).collect();
    // The last line is the whole file's, whose header may lie.
    let ((start, whole), tracks) = lines.split_last().expect("ffprobe knows a length");
    let ends = tracks.iter().filter_map(|(begins, lasts)| Some(begins + (*lasts)? - start));
    let longest = ends.reduce(f64::max).or(*whole).expect("ffprobe knows a length");
    (longest * 1000.0).round() as u64
}

/// How long all packets of a file last, by `ffprobe`.
fn packets_ms(name: &str, file: &[u8]) -> u64 {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, file).unwrap();
    let probe = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "packet=duration_time", "-of", "csv=p=0"])
        .arg(&path)
        .output()
        .expect("ffprobe is installed");
    let text = String::from_utf8(probe.stdout).unwrap();
    let seconds = text.lines().filter_map(|line| line.trim_end_matches(',').parse::<f64>().ok());
    (seconds.sum::<f64>() * 1000.0).round() as u64
}

/// Both in seconds, as far as they are known.
fn start_and_duration(line: &str) -> (f64, Option<f64>) {
    let mut numbers = line.split(',').map(|number| number.parse().ok());
    let start = numbers.next().flatten();
    (start.unwrap_or(0.0), numbers.next().flatten())
}
