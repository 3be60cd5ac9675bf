//! Boxes made byte by byte.

mod fragments;

use proptest::prelude::*;

use super::super::bytes::Bytes;
use super::super::contents::Refusal;
use super::super::simulated::inspect;
use super::boxes::Boxes;
use super::sniff;

/// The picture of the tests: 30,021 units of its timescale, 1000 in a second.
const UNITS: u32 = 30_021;

#[test]
fn an_index_at_the_front_is_read_at_once() {
    let film = [ftyp(), moov(&[mvhd(1000, UNITS), picture(UNITS)]), mdat(50_000)].concat();
    assert_eq!(length(&film), (Some(30_021), vec![]));
}

#[test]
fn an_index_at_the_end_takes_one_jump() {
    let film = [ftyp(), mdat(50_000), moov(&[mvhd(600, 6000), picture(10_000)])].concat();
    assert_eq!(length(&film), (Some(10_000), vec![50_028]));
}

#[test]
fn large_tables_are_skipped_and_the_last_track_ends_the_search() {
    let tables = boxed(b"stsz", &[0; 60_000]);
    let long = |kind, entry| {
        track(kind, &[], &mdhd(1000, UNITS), entry, &[stts(UNITS), tables.clone()].concat())
    };
    let tracks = [mvhd(1000, UNITS), long(b"vide", b"avc1"), long(b"soun", b"ac-3")];
    let film =
        [ftyp(), moov(&[&tracks[..], &[boxed(b"udta", &[0; 9000])]].concat()), mdat(9)].concat();
    let (found, reads) = inspect(&film, 4096);
    let contents = found.unwrap();
    assert_eq!(contents.codecs().as_deref(), Some("avc1,ac-3"));
    // Nothing tells whether the file is whole, and its media isn't worth a third request.
    assert_eq!((contents.length.map(|length| (length.ms, length.exact))), Some((30_021, false)));
    assert_eq!(reads.len(), 1);
}

#[test]
fn a_film_that_is_cut_off_behind_a_long_index_has_no_length() {
    // 30 s at 8 kbit/s in each of two tracks: 60,042 bytes.
    let rates = boxed(b"btrt", &[0, 0, 8000].map(u32::to_be_bytes).concat());
    let long = |kind, entry, fixed| {
        let entry = boxed(entry, &[vec![0; fixed], rates.clone()].concat());
        let tables = [stts(UNITS), boxed(b"stsz", &[0; 9000])].concat();
        track_of(kind, &[], &mdhd(1000, UNITS), &entry, &tables)
    };
    let tracks = [mvhd(1000, UNITS), long(b"vide", b"avc1", 78), long(b"soun", b"ac-3", 28)];
    let film = [ftyp(), moov(&tracks), mdat(60_042)].concat();
    // A short index leaves a request for the head of the media.
    let short = [ftyp(), moov(&[mvhd(1000, UNITS), picture(UNITS)]), boxed(b"free", &[0; 9000])];
    let short = [short.concat(), mdat(50_000)].concat();
    for film in [film, short] {
        let whole = Some((30_021, true));
        for (there, expected, most) in [(film.len(), whole, 1), (film.len() - 9000, None, 2)] {
            let (found, reads) = inspect(&film[..there], 4096);
            let length = found.unwrap().length.map(|length| (length.ms, length.exact));
            assert_eq!(length, expected, "{there}");
            assert!(reads.len() <= most, "{reads:?}");
        }
    }
}

#[test]
fn a_header_that_lies_is_not_believed() {
    for stated in [0, 5000, 90_000, u32::MAX] {
        let film = [ftyp(), moov(&[mvhd(1000, stated), picture(UNITS)])].concat();
        assert_eq!(length(&film).0, Some(30_021), "{stated}");
    }
    let by_header = track(b"vide", &[], &mdhd(1000, 7), b"avc1", &stts(UNITS));
    assert_eq!(length(&[ftyp(), moov(&[mvhd(1000, 7), by_header])].concat()).0, Some(30_021));
}

#[test]
fn an_edit_list_says_what_is_presented() {
    let pause = u32::MAX;
    for (edits, expected) in [
        (&[(0, 0)][..], 30_021),
        (&[(10_000, 0)], 10_000),
        (&[(99_000, 21)], 30_000),
        (&[(99, pause), (0, 0)], 30_120),
        (&[(1000, 100), (500, pause), (2000, 20_000)], 3500),
    ] {
        let track = track(b"vide", edits, &mdhd(1000, UNITS), b"avc1", &stts(UNITS));
        let film = [ftyp(), moov(&[mvhd(1000, 1), track])].concat();
        assert_eq!(length(&film).0, Some(expected), "{edits:?}");
    }
}

#[test]
fn edits_that_end_well_before_the_media_tell_the_length_exactly_even_if_a_header_tells_the_media() {
    for (edit, exact) in [(10_000, true), (30_000, false)] {
        let track = track(b"vide", &[(edit, 0)], &mdhd(1000, UNITS), b"avc1", &[]);
        let film = [ftyp(), moov(&[mvhd(1000, 1), track]), mdat(9)].concat();
        let length = inspect(&film, 4096).0.unwrap().length.unwrap();
        assert_eq!((length.ms, length.exact), (edit.into(), exact));
    }
}

#[test]
fn of_an_edit_list_that_is_cut_off_the_edits_that_are_there_count() {
    // The list states nine edits and holds one, and a part of the next.
    let list = [0, 9, 10_000, 0, 0x1_0000, 5_000].map(u32::to_be_bytes).concat();
    for (held, expected) in [(&list[..], 10_000), (&list[..12], 30_021)] {
        let elst = boxed(b"elst", held);
        let entry = boxed(b"avc1", &[0; 78]);
        let track = track_of(b"vide", &elst, &mdhd(1000, UNITS), &entry, &stts(UNITS));
        let film = [ftyp(), moov(&[mvhd(1000, UNITS), track])].concat();
        assert_eq!(length(&film).0, Some(expected));
    }
}

#[test]
fn a_film_whose_tracks_all_begin_with_a_pause_begins_and_is_measured_behind_it() {
    let pause = u32::MAX;
    let late = |ms| [(ms, pause), (UNITS, 0)];
    for (seen, heard, expected) in [
        (&late(4000)[..], &late(3978)[..], (Some(3978), 30_043)),
        (&late(500), &late(500), (Some(500), 30_021)),
        (&[(300, pause), (200, pause), (0, 0)], &late(600), (Some(500), 30_121)),
        // What begins with either of them begins at 0, and encoders leave a little.
        (&late(4000), &[], (None, 34_021)),
        (&[], &late(4000), (None, 34_021)),
        (&late(21), &late(21), (None, 30_042)),
        // Nothing of it is ever presented.
        (&[(4000, pause)], &[(4000, pause)], (Some(4000), 4000)),
    ] {
        let seen = track(b"vide", seen, &mdhd(1000, UNITS), b"avc1", &stts(UNITS));
        let heard = track(b"soun", heard, &mdhd(1000, UNITS), b"ac-3", &stts(UNITS));
        let words = track(b"text", &[], &mdhd(1000, UNITS), b"tx3g", &stts(UNITS));
        let film = [ftyp(), moov(&[mvhd(1000, 1), seen, heard, words]), mdat(9)].concat();
        let contents = inspect(&film, 4096).0.unwrap();
        let start = contents.start.map(|start| start.timestamp);
        assert_eq!((start, contents.length.unwrap().ms), expected);
    }
    let heard = track(b"soun", &late(6000), &mdhd(48_000, 960_000), b"mp4a", &stts(960_000));
    let sound = [ftyp(), moov(&[mvhd(1000, 1), heard]), mdat(9)].concat();
    let contents = inspect(&sound, 4096).0.unwrap();
    assert_eq!((contents.start_ms(), contents.length.unwrap().ms), (6000, 20_000));
}

#[test]
fn the_delay_of_reordered_samples_is_no_part_of_what_an_edit_leaves_out() {
    let ctts = boxed(b"ctts", &[0, 1, UNITS, 80].map(u32::to_be_bytes).concat());
    let tables = [stts(UNITS), ctts].concat();
    for (from, expected) in [(80, 30_021), (1080, 29_021)] {
        let track = track(b"vide", &[(99_000, from)], &mdhd(1000, UNITS), b"avc1", &tables);
        let film = [ftyp(), moov(&[mvhd(1000, 1), track])].concat();
        assert_eq!(length(&film).0, Some(expected), "{from}");
    }
}

#[test]
fn wide_numbers_are_read() {
    let mut wide = vec![1, 0, 0, 0];
    wide.extend([0; 16]);
    wide.extend(90_000u32.to_be_bytes());
    wide.extend((90_000u64 * 3600 * 20).to_be_bytes());
    wide.extend([0; 4]);
    let mut large = 1u32.to_be_bytes().to_vec();
    large.extend(b"mdat");
    large.extend(5016u64.to_be_bytes());
    large.extend([0; 5000]);
    let track = track(b"vide", &[], &boxed(b"mdhd", &wide), b"avc1", &[]);
    let film = [ftyp(), large, moov(&[mvhd(1000, 1), track])].concat();
    assert_eq!(length(&film).0, Some(72_000_000));
}

#[test]
fn padding_is_skipped_wherever_it_lies_and_however_long_it_is() {
    let free = |len| boxed(b"free", &vec![0; len]);
    let part = |kind, words: [u32; 3]| boxed(kind, &words.map(u32::to_be_bytes).concat());
    let run = [free(9_000), part(b"trun", [0x800, 1, 0]), vec![0; 4]].concat();
    let [tfhd, tfdt] = [(b"tfhd", 0), (b"tfdt", 10_000)].map(|(kind, one)| part(kind, [0, one, 0]));
    let traf = boxed(b"traf", &[free(3), tfhd, free(100), tfdt, run].concat());
    let others = boxed(b"traf", &part(b"tfhd", [0, 7, 0]));
    let moof = boxed(b"moof", &[free(9_000), others, traf].concat());
    let track = track(b"vide", &[], &mdhd(1000, 0), b"avc1", &[free(50), stts(0)].concat());
    let moov = moov(&[free(40_000), mvhd(1000, 0), track, free(8), boxed(b"mvex", &[])]);
    let film = [ftyp(), moov, free(20), moof, mdat(900)].concat();
    let (found, reads) = inspect(&film, 4096);
    let start = found.unwrap().start.map(|start| (start.timestamp, start.timescale));
    assert_eq!((start, reads.len()), (Some((10_000, 1000)), 3), "{reads:?}");
}

#[test]
fn any_box_that_may_come_first_is_recognized() {
    for kind in [b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"ftyp"] {
        assert!(sniff(&[boxed(kind, &[0; 40]), mdat(9)].concat()), "{kind:?}");
    }
    for still in [b"avif", b"heic", b"mif1"] {
        assert!(!sniff(&boxed(b"ftyp", &[&still[..], &[0; 4]].concat())), "{still:?}");
    }
    for other in [&b"\x89PNG\r\n\x1a\n0000"[..], b"a free meal", b"", &[0; 64]] {
        assert!(!sniff(other), "{other:?}");
    }
}

#[test]
fn what_cannot_be_played_is_refused_with_its_reason() {
    let encrypted = |kind| track(b"vide", &[], &mdhd(1000, UNITS), kind, &stts(UNITS));
    let text = track(b"text", &[], &mdhd(1000, UNITS), b"tx3g", &stts(UNITS));
    let whole = moov(&[mvhd(1000, UNITS), picture(UNITS)]);
    for (film, refusal) in [
        (moov(&[mvhd(1000, 1), encrypted(b"encv")]), Refusal::Encrypted),
        (moov(&[mvhd(1000, 1), encrypted(b"drmi")]), Refusal::Encrypted),
        (moov(&[mvhd(1000, 1), picture(UNITS), boxed(b"pssh", &[0; 24])]), Refusal::Encrypted),
        (moov(&[mvhd(1000, 1), text]), Refusal::Empty),
        (moov(&[boxed(b"cmov", &[0; 900])]), Refusal::PackedIndex),
        (mdat(100), Refusal::CutOff),
        (whole[..whole.len() - 40].to_vec(), Refusal::CutOff),
        (whole, Refusal::CutOff),
        (boxed(b"moof", &[0; 16]), Refusal::Piece),
        (moov(&[mvhd(1000, 0), picture(0), boxed(b"mvex", &[])]), Refusal::Piece),
    ] {
        assert_eq!(inspect(&[ftyp(), film].concat(), 4096).0, Err(refusal));
    }
}

#[test]
fn a_box_whose_header_goes_beyond_its_parent_is_none() {
    // Its size of 64 bits says that it ends with the last byte that there can be, which is taken for the end of the file.
    let mut bytes = Bytes::of(Some(16));
    bytes.add(0, [&[0, 0, 0, 1][..], b"esds", &u64::MAX.to_be_bytes()].concat());
    assert!(Boxes::between(&bytes, 0, 12).next().unwrap().is_none());
    assert!(Boxes::between(&bytes, 0, 16).next().unwrap().is_some());
}

#[test]
fn a_disabled_track_is_not_named() {
    let mut chapters = track(b"vide", &[], &mdhd(1000, 99_000), b"jpeg", &stts(99_000));
    // The flags of `tkhd`, the first box in it.
    chapters[8 + 8 + 3] = 0;
    let film = [ftyp(), moov(&[mvhd(1000, UNITS), picture(UNITS), chapters]), mdat(9)].concat();
    let contents = inspect(&film, 4096).0.unwrap();
    assert_eq!(contents.codecs().as_deref(), Some("avc1"));
    assert_eq!(contents.length.map(|length| length.ms), Some(30_021));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(mut tail: Vec<u8>, moov_at in 0usize..64) {
        if let Some(kind) = tail.get_mut(moov_at..moov_at + 4) {
            kind.copy_from_slice(b"moov");
        }
        let _ = inspect(&[ftyp(), tail.clone()].concat(), 64);
        let _ = inspect(&[ftyp(), moov(&[mvhd(1000, 1), boxed(b"trak", &tail)])].concat(), 64);
    }
}

/// The length found, and the offsets of the further reads.
fn length(film: &[u8]) -> (Option<u64>, Vec<u64>) {
    let (found, reads) = inspect(&[film, &mdat(9)].concat(), 4096);
    (found.unwrap().length.map(|length| length.ms), reads)
}

fn ftyp() -> Vec<u8> {
    boxed(b"ftyp", b"isom\0\0\0\0mp42")
}

fn mdat(len: usize) -> Vec<u8> {
    boxed(b"mdat", &vec![0; len])
}

fn moov(children: &[Vec<u8>]) -> Vec<u8> {
    boxed(b"moov", &children.concat())
}

fn picture(units: u32) -> Vec<u8> {
    track(b"vide", &[], &mdhd(1000, units), b"avc1", &stts(units))
}

/// A track of one kind of sample, enabled.
fn track(
    kind: &[u8; 4],
    edits: &[(u32, u32)],
    mdhd: &[u8],
    entry: &[u8; 4],
    rest: &[u8],
) -> Vec<u8> {
    let list: Vec<u8> = edits
        .iter()
        .flat_map(|(duration, from)| [*duration, *from, 0x1_0000].map(u32::to_be_bytes).concat())
        .collect();
    let count = (edits.len() as u32).to_be_bytes();
    let elst = match edits {
        [] => vec![],
        _ => boxed(b"elst", &[&[0; 4][..], &count, &list].concat()),
    };
    track_of(kind, &elst, mdhd, &boxed(entry, &[0; 78]), rest)
}

/// The same, with an edit list or none, and a description of its samples.
fn track_of(kind: &[u8; 4], elst: &[u8], mdhd: &[u8], entry: &[u8], rest: &[u8]) -> Vec<u8> {
    let hdlr = boxed(b"hdlr", &[&[0; 8][..], kind, &[0; 13]].concat());
    let stsd = boxed(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], entry].concat());
    let stbl = boxed(b"stbl", &[&stsd, rest].concat());
    let mdia = boxed(b"mdia", &[mdhd, &hdlr, &boxed(b"minf", &stbl)].concat());
    let tkhd = boxed(b"tkhd", &[&[0, 0, 0, 1][..], &[0; 80]].concat());
    let edts = if elst.is_empty() { vec![] } else { boxed(b"edts", elst) };
    boxed(b"trak", &[tkhd, edts, mdia].concat())
}

fn mvhd(timescale: u32, units: u32) -> Vec<u8> {
    boxed(b"mvhd", &header(timescale, units, 80))
}

fn mdhd(timescale: u32, units: u32) -> Vec<u8> {
    boxed(b"mdhd", &header(timescale, units, 4))
}

fn header(timescale: u32, units: u32, rest: usize) -> Vec<u8> {
    [&[0; 12][..], &timescale.to_be_bytes(), &units.to_be_bytes(), &vec![0; rest]].concat()
}

/// One sample of so many units, or none.
fn stts(units: u32) -> Vec<u8> {
    let runs = [u32::from(units > 0), 1, units].map(u32::to_be_bytes).concat();
    let len = if units > 0 { 12 } else { 4 };
    boxed(b"stts", &[&[0; 4][..], &runs[..len]].concat())
}

/// An index of one fragment of 1000 bytes.
fn sidx(timescale: u32, units: u32) -> Vec<u8> {
    sidx_of(timescale, &[units])
}

/// An index of fragments of 1000 bytes each.
fn sidx_of(timescale: u32, units: &[u32]) -> Vec<u8> {
    let mut numbers = vec![0, 1, timescale, 0, 0, units.len() as u32];
    numbers.extend(units.iter().flat_map(|units| [1000, *units, 0]));
    boxed(b"sidx", &numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>())
}

fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(payload.len() + 8).unwrap().to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.extend(payload);
    bytes
}
