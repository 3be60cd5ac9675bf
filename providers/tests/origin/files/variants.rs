//! Variants of the files, made byte by byte: headers that lie, other boxes first, parts missing or
//! put in.

use providers::ErrorKind;

use super::made;
use super::played::{Length, Played};
use super::refused::Refused;

use Length::{Exact, Told, Unknown};

const H264_AAC: Option<&str> = Some("avc1.42c00a,mp4a.40.2");

/// What is played all the same.
pub fn played() -> Vec<(Played, Vec<u8>)> {
    let [front, end] = ["h264-aac.mp4", "end.mp4"].map(made);
    let mp4 = |name, length| (name, "video/mp4", H264_AAC, true, true, length);
    let old = |name| (name, "video/quicktime", H264_AAC, true, true, Exact);
    let named = |name, mime, codecs| (name, mime, Some(codecs), false, true, Exact);
    let half = |file: &[u8]| file[..file.len() * 3 / 4].to_vec();
    let moov_at = end.len() - at(&end, b"moov").len();
    let mut variants = vec![
        (mp4("stated-short.mp4", Exact), with_duration(&front, b"mvhd", 500)),
        (mp4("stated-long.mp4", Exact), with_duration(&front, b"mvhd", 90_000)),
        (mp4("stated-nothing.mp4", Exact), with_duration(&front, b"mvhd", 0)),
        (mp4("stated-unknown.mp4", Exact), with_duration(&front, b"mvhd", u32::MAX)),
        (mp4("cut-by-edits.mp4", Exact), with_edits_of(&front, 1000)),
        (old("free-first.mp4"), first_box(&front, b"free")),
        (old("skip-first.mp4"), first_box(&front, b"skip")),
        (mp4("free-before.mp4", Exact), [&boxed(b"free", &[0; 8])[..], &front].concat()),
        (mp4("styp-first.mp4", Exact), first_box(&front, b"styp")),
        (old("pnot-first.mov"), first_box(&end, b"pnot")),
        (old("wide-first.mov"), [&boxed(b"wide", &[])[..], at(&end, b"mdat")].concat()),
        (old("mdat-first.mov"), at(&end, b"mdat").to_vec()),
        (old("moov-first.mov"), at(&front, b"moov").to_vec()),
        (mp4("open-ended.mp4", Exact), with_size(&end, moov_at, 0)),
        (mp4("junk-behind.mp4", Exact), [&front[..], &[7; 999]].concat()),
        (mp4("cut-off.mp4", Unknown), half(&front)),
        (mp4("stated-with-fragments.mp4", Told), with_mehd(&made("fragmented.mp4"), 2000)),
        (mp4("any-name", Exact), front.clone()),
        (mp4("film.mp3", Exact), front.clone()),
        (named("sound.mp4", "audio/mpeg", "mp3"), made("constant.mp3")),
        (named("tagged-twice.mp3", "audio/mpeg", "mp3"), tagged(2, 64, &made("constant.mp3"))),
        (named("tagged.flac", "audio/flac", "flac"), tagged(1, 0, &made("flac.flac"))),
        (named("listed.wav", "audio/wav", "1"), with_list(&made("wav.wav"))),
        (named("streamed.wav", "audio/wav", "1"), streamed(&made("wav.wav"))),
    ];
    for brand in [b"M4V ", b"3gp5", b"dash", b"iso6", b"MSNV"] {
        let name = std::str::from_utf8(brand).unwrap().trim();
        let mut file = front.clone();
        file[8..12].copy_from_slice(brand);
        variants.push((mp4(name, Exact), file));
    }
    let unknown = |name, mime, codecs| (name, mime, Some(codecs), true, true, Unknown);
    let cut_off = unknown("cut-off.webm", "video/webm", "vp9,opus");
    variants.push((cut_off, half(&made("vp9-opus.webm"))));
    // Its index names a picture at 1 s.
    let short = unknown("told-short.mkv", "video/x-matroska", "avc1.42c00a,mp4a.40.2");
    variants.push((short, with_units(&made("h264-aac.mkv"), 500.0)));
    variants
}

/// What is refused.
pub fn refused() -> Vec<(Refused, Vec<u8>)> {
    let [front, end, pieces] = ["h264-aac.mp4", "end.mp4", "fragmented.mp4"].map(made);
    let drm = |name| (name, ErrorKind::DrmProtected, "protected");
    let other = |name, says| (name, ErrorKind::Unsupported, says);
    let before = |file: &[u8], kind| file[..file.len() - at(file, kind).len()].to_vec();
    vec![
        (drm("pssh.mp4"), with_pssh(&front)),
        (drm("enca.mp4"), renamed(&front, b"mp4a", b"enca")),
        (drm("encv.mp4"), renamed(&end, b"avc1", b"encv")),
        (drm("fairplay.m4a"), renamed(&made("sound.m4a"), b"mp4a", b"drms")),
        (drm("encrypted.webm"), webm(1, &[element(&[0x6d, 0x80], &encryption())])),
        (other("zlib.mkv", "with zlib"), webm(1, &[element(&[0x6d, 0x80], &compression(0))])),
        (other("only-text.mp4", "neither"), renamed(&made("hev1.mp4"), b"vide", b"text")),
        (other("only-text.webm", "neither"), webm(17, &[])),
        (other("packed-index.mov", "index is compressed"), packed(&end)),
        (other("no-index.mp4", "incomplete"), before(&end, b"moov")),
        (other("only-index.mp4", "incomplete"), before(&front, b"mdat")),
        (other("first-piece.mp4", "piece"), before(&pieces, b"moof")),
        (other("later-piece.m4s", "piece"), at(&pieces, b"moof").to_vec()),
        (other("only-tags.mp3", "damaged"), tagged(1, 0, &[9; 5000])),
        (other("page.mp4", "web page"), b"\n<!doctype html><title>A page</title>".to_vec()),
        (other("film.mpd", "DASH"), b"<?xml version=\"1.0\"?><MPD></MPD>".to_vec()),
        (other("photo.mp4", "picture"), b"\x89PNG\r\n\x1a\n and more".to_vec()),
        (other("photo.avif", "picture"), boxed(b"ftyp", b"avif\0\0\0\0")),
        (other("moving.gif", "picture"), b"GIF89a and more".to_vec()),
        (other("book.pdf", "PDF"), b"%PDF-1.7 and more".to_vec()),
        (other("film.zip", "archive"), b"PK\x03\x04 and more".to_vec()),
        (other("film.mp4", "can be played here"), vec![0x55; 4096]),
        (other("film.webm", "can be played here"), b"just a line of text".to_vec()),
    ]
}

/// The file from the first box of this kind on its highest level.
fn at<'a>(file: &'a [u8], kind: &[u8; 4]) -> &'a [u8] {
    let mut rest = file;
    while &rest[4..8] != kind {
        rest = &rest[size(rest)..];
    }
    rest
}

fn size(box_: &[u8]) -> usize {
    u32::from_be_bytes(box_[..4].try_into().unwrap()) as usize
}

/// Where the name of each box of this kind is, at any depth.
fn places(file: &[u8], kind: &[u8; 4]) -> Vec<usize> {
    let places: Vec<usize> =
        file.windows(4).enumerate().filter(|(_, name)| name == kind).map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "there is a {kind:?}");
    places
}

fn renamed(file: &[u8], kind: &[u8; 4], to: &[u8; 4]) -> Vec<u8> {
    let mut file = file.to_vec();
    for at in places(&file, kind) {
        file[at..at + 4].copy_from_slice(to);
    }
    file
}

fn first_box(file: &[u8], kind: &[u8; 4]) -> Vec<u8> {
    let mut file = file.to_vec();
    file[4..8].copy_from_slice(kind);
    file
}

/// With another duration in a header of version 0.
fn with_duration(file: &[u8], kind: &[u8; 4], units: u32) -> Vec<u8> {
    let mut file = file.to_vec();
    let at = places(&file, kind)[0] + 20;
    file[at..at + 4].copy_from_slice(&units.to_be_bytes());
    file
}

/// With another duration in the header of a Matroska file.
fn with_units(file: &[u8], units: f64) -> Vec<u8> {
    let mut file = file.to_vec();
    let head = [0x44, 0x89, 0x88];
    let at = file.windows(3).position(|bytes| *bytes == head).expect("it states a duration") + 3;
    file[at..at + 8].copy_from_slice(&units.to_be_bytes());
    file
}

/// With edit lists that present only so much of each track.
fn with_edits_of(file: &[u8], units: u32) -> Vec<u8> {
    let mut file = file.to_vec();
    for at in places(&file, b"elst") {
        file[at + 12..at + 16].copy_from_slice(&units.to_be_bytes());
    }
    file
}

fn with_size(file: &[u8], at: usize, size: u32) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at..at + 4].copy_from_slice(&size.to_be_bytes());
    file
}

/// With another box at the end of boxes that lie in each other.
fn with_box(file: &[u8], within: &[&[u8; 4]], added: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    let mut end = 0;
    for kind in within {
        let at = places(&file, kind)[0] - 4;
        end = at + size(&file[at..]);
        let longer = (size(&file[at..]) + added.len()) as u32;
        file[at..at + 4].copy_from_slice(&longer.to_be_bytes());
    }
    file.splice(end..end, added.iter().copied());
    file
}

/// With a compressed description of the film, as QuickTime once wrote it.
fn packed(file: &[u8]) -> Vec<u8> {
    let method = boxed(b"dcom", b"zlib");
    let cmov = boxed(b"cmov", &[method, boxed(b"cmvd", &[0x78; 400])].concat());
    let before = &file[..file.len() - at(file, b"moov").len()];
    [before, &boxed(b"moov", &cmov)].concat()
}

fn with_mehd(file: &[u8], units: u32) -> Vec<u8> {
    let mehd = boxed(b"mehd", &[&[0; 4][..], &units.to_be_bytes()].concat());
    with_box(file, &[b"moov", b"mvex"], &mehd)
}

fn with_pssh(file: &[u8]) -> Vec<u8> {
    with_box(file, &[b"moov"], &boxed(b"pssh", &[0; 24]))
}

fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let size = (payload.len() + 8) as u32;
    [&size.to_be_bytes()[..], kind, payload].concat()
}

/// With ID3 tags of 5,000 bytes in front, and zeros behind them.
fn tagged(tags: usize, zeros: usize, file: &[u8]) -> Vec<u8> {
    let tag = [&b"ID3\x04\0\0\0\0\x27\x08"[..], &[0; 5000]].concat();
    [tag.repeat(tags), vec![0; zeros], file.to_vec()].concat()
}

/// With a list of 9,001 bytes and the byte that makes it even, between format and sound.
fn with_list(wav: &[u8]) -> Vec<u8> {
    let data = places(wav, b"data")[0];
    let list = [&b"LIST"[..], &9001u32.to_le_bytes(), &[0; 9002]].concat();
    [&wav[..data], &list, &wav[data..]].concat()
}

/// As a program writes it that can't go back to state sizes.
fn streamed(wav: &[u8]) -> Vec<u8> {
    let mut wav = wav.to_vec();
    let data = places(&wav, b"data")[0];
    wav[data + 4..data + 8].copy_from_slice(&[0xff; 4]);
    wav
}

/// A WebM file with one track of this type.
fn webm(kind: u8, more: &[Vec<u8>]) -> Vec<u8> {
    let header = element(&[0x1a, 0x45, 0xdf, 0xa3], &element(&[0x42, 0x82], b"webm"));
    let codec = element(&[0x86], b"V_VP9");
    let entry = [element(&[0x83], &[kind]), codec, more.concat()].concat();
    let tracks = element(&[0x16, 0x54, 0xae, 0x6b], &element(&[0xae], &entry));
    let info = element(&[0x15, 0x49, 0xa9, 0x66], &[]);
    [header, element(&[0x18, 0x53, 0x80, 0x67], &[info, tracks].concat())].concat()
}

/// An encoding that encrypts.
fn encryption() -> Vec<u8> {
    let kind = element(&[0x50, 0x33], &[1]);
    element(&[0x62, 0x40], &[kind, element(&[0x50, 0x35], &element(&[0x47, 0xe1], &[5]))].concat())
}

/// An encoding that compresses by the method with this number.
fn compression(method: u8) -> Vec<u8> {
    element(&[0x62, 0x40], &element(&[0x50, 0x34], &element(&[0x42, 0x54], &[method])))
}

fn element(id: &[u8], payload: &[u8]) -> Vec<u8> {
    let len = (1u64 << 56) | payload.len() as u64;
    [id, &len.to_be_bytes(), payload].concat()
}
