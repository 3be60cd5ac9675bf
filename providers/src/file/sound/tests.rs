//! Sound made byte by byte.

use proptest::prelude::*;

use super::super::bytes::{Bytes, Stop};
use super::super::contents::Refusal;
use super::super::simulated::inspect;
use super::super::sniff;

#[test]
fn frames_give_an_estimate_by_their_bit_rate_or_where_it_varies_by_their_number_in_a_few_places() {
    // 10 s at 128 kbit/s: 1152 samples at 44.1 kHz in 417 bytes.
    let constant = frame(0x90, 417).repeat(383);
    let length = inspect(&constant, 4096).0.unwrap().length.unwrap();
    assert!(length.ms.abs_diff(10_000) <= 26, "{length:?}");
    assert!(!length.exact);
    let varied = [frame(0x90, 417).repeat(200), frame(0xa0, 522).repeat(200)].concat();
    let (contents, reads) = inspect(&varied, 4096);
    let length = contents.unwrap().length.unwrap();
    assert!(length.ms.abs_diff(10_449) <= 500 && !length.exact, "{length:?}");
    assert!(reads.len() <= 4, "{reads:?}");
    let tag = [&b"ID3\x04\0\0\0\0\x40\0"[..], &[0; 8192]].concat();
    let length = inspect(&[tag, varied].concat(), 4096).0.unwrap().length.unwrap();
    assert!(length.ms.abs_diff(10_449) <= 500, "{length:?}");
}

#[test]
fn frames_of_aac_give_an_estimate_of_the_length() {
    let sound: Vec<u8> = (0..430).flat_map(|n| aac_frame(300 + n % 3 * 60)).collect();
    let contents = inspect(&sound, 4096).0.unwrap();
    let length = contents.length.unwrap();
    // 430 frames of 1024 samples at 44.1 kHz.
    assert!(length.ms.abs_diff(9_985) <= 200 && !length.exact, "{length:?}");
    assert_eq!((contents.mime, contents.codecs().as_deref()), ("audio/aac", Some("mp4a.40.2")));
}

#[test]
fn sound_whose_middle_and_end_are_unknown_has_no_length() {
    let mut bytes = Bytes::of(Some(4_000_000));
    bytes.add(0, aac_frame(400).repeat(300));
    let (contents, outcome) = super::read(&bytes, super::Form::Frames);
    assert_eq!((contents.length, outcome), (None, Err(Stop::Need { at: 3_995_904, len: 4096 })));
}

#[test]
fn tags_at_both_ends_are_not_sound() {
    let tag = [&b"ID3\x04\0\0\0\0\x40\0"[..], &[0; 8192]].concat();
    let old = [&b"TAG"[..], &[b' '; 125]].concat();
    let tagged = [tag, vec![0; 100], frame(0x90, 417).repeat(383), old].concat();
    let contents = inspect(&tagged, 4096).0.unwrap();
    assert!(contents.length.unwrap().ms.abs_diff(10_000) <= 26);
    assert_eq!((contents.mime, contents.codecs().as_deref()), ("audio/mpeg", Some("mp3")));
}

#[test]
fn an_ape_tag_at_either_end_is_not_sound_however_long_it_is() {
    let constant = frame(0x90, 417).repeat(383);
    let varied = [frame(0x90, 417).repeat(200), frame(0xa0, 522).repeat(200)].concat();
    let counted = [counted(400, Some(401 * 417)), frame(0x90, 417).repeat(400)].concat();
    let old = [&b"TAG"[..], &[b' '; 125]].concat();
    for (sound, expected_ms, near_ms, is_counted) in
        [(&constant, 10_000, 26, false), (&varied, 10_449, 500, false), (&counted, 10_449, 0, true)]
    {
        for file in [
            [&sound[..], &ape(300_000)].concat(),
            [&sound[..], &ape(200_000), &old].concat(),
            [&sound[..], &ape(100)].concat(),
            [&ape(10_000)[..], sound].concat(),
            [&ape(5_000)[..], sound, &ape(90_000), &old].concat(),
        ] {
            let (contents, reads) = inspect(&file, 4096);
            let contents = contents.unwrap();
            let length = contents.length.unwrap();
            assert!(length.ms.abs_diff(expected_ms) <= near_ms, "{length:?}");
            assert_eq!((length.exact, contents.mime), (is_counted, "audio/mpeg"));
            assert!(reads.len() <= 5, "{reads:?}");
        }
    }
    // A tag that states more than there is leaves nothing that could be measured.
    let lying = [&constant[..], &ape(300_000)[290_000..]].concat();
    assert_eq!(inspect(&lying, 4096).0.unwrap().length, None);
}

#[test]
fn a_count_of_frames_is_exact_where_its_bytes_are_those_that_are_there() {
    // 401 frames, the first of which holds the count of the others: 10.449 s.
    let sound = frame(0x90, 417).repeat(400);
    let whole = [counted(400, Some(401 * 417)), sound.clone()].concat();
    let length = |file: &[u8]| {
        let length = inspect(file, 4096).0.unwrap().length.unwrap();
        (length.ms, length.exact)
    };
    assert_eq!(length(&whole), (10_449, true));
    let tag = [&b"TAG"[..], &[b' '; 125]].concat();
    assert_eq!(length(&[&whole[..], &tag].concat()), (10_449, true));
    let long_tag = [&whole[..], &[7; 50_000]].concat();
    assert_eq!(length(&long_tag), (10_449, false));

    let cut = &whole[..whole.len() / 2];
    let (ms, exact) = length(cut);
    assert!(!exact && ms.abs_diff(5225) <= 60, "{ms}");
    for joined in [[&whole[..], &sound].concat(), whole.repeat(2)] {
        let (ms, exact) = length(&joined);
        assert!(!exact && ms.abs_diff(20_900) <= 400, "{ms}");
    }
    let unchecked = [counted(1000, None), frame(0x90, 417).repeat(20)].concat();
    assert_eq!(length(&unchecked), (26_122, false));
}

#[test]
fn only_frames_of_one_bit_rate_are_held_to_the_frame() {
    let is_inexact =
        |first: &[u8], rest: &[u8]| inspect(&[first, rest].concat(), 4096).0.unwrap().inexact;
    let constant = frame(0x90, 417).repeat(400);
    let varied = [frame(0x90, 417).repeat(200), frame(0xa0, 522).repeat(200)].concat();
    let named = |name: &[u8]| {
        let mut first = counted(400, Some(401 * 417));
        first[36..40].copy_from_slice(name);
        first
    };
    assert!(!is_inexact(b"", &constant) && !is_inexact(&named(b"Info"), &constant));
    assert!(is_inexact(b"", &varied) && is_inexact(&named(b"Xing"), &varied));
    // A table that counts nothing, and that of another encoder.
    let mut bare = named(b"Xing");
    bare[40..44].fill(0);
    assert!(is_inexact(&bare, &constant) && is_inexact(&named(b"VBRI"), &constant));
}

#[test]
fn a_wav_that_was_never_finished_is_as_long_as_what_is_there() {
    for (stated, expected) in [(8000, 1000), (0, 2000), (u32::MAX, 2000), (99_000, 2000)] {
        let contents = inspect(&wav(stated, 16_000), 4096).0.unwrap();
        assert_eq!(contents.length.map(|length| length.ms), Some(expected), "{stated}");
        assert_eq!(contents.codecs().as_deref(), Some("1"));
        assert_eq!((contents.has_picture(), contents.has_sound()), (Some(false), Some(true)));
    }
}

#[test]
fn the_rate_of_a_wav_is_that_of_its_samples_and_not_what_a_field_says() {
    for (stated, expected) in [(4000, 2000), (0, 2000), (8000, 2000), (99_000, 2000)] {
        let mut file = wav(16_000, 16_000);
        file[28..32].copy_from_slice(&u32::to_le_bytes(stated));
        let length = inspect(&file, 4096).0.unwrap().length.unwrap();
        assert_eq!((length.ms, length.exact), (expected, true), "{stated}");
    }
    // Where samples are packed, only the field says it.
    let mut packed = wav(16_000, 16_000);
    packed[20] = 17;
    packed[28..32].copy_from_slice(&4000u32.to_le_bytes());
    let contents = inspect(&packed, 4096).0.unwrap();
    assert_eq!((contents.length.unwrap().ms, contents.codecs().as_deref()), (4000, Some("11")));
}

#[test]
fn a_wav_may_describe_its_sound_behind_it() {
    let file = wav(16_000, 16_000);
    let late = [&file[..12], &file[36..], &file[12..36]].concat();
    let contents = inspect(&late, 4096).0.unwrap();
    assert_eq!(contents.length.map(|length| (length.ms, length.exact)), Some((2000, true)));
    assert_eq!((contents.codecs().as_deref(), contents.has_sound()), (Some("1"), Some(true)));
}

#[test]
fn a_tag_without_sound_is_refused() {
    let file = [&b"ID3\x04\0\0\0\0\0\x10"[..], &[7; 5000]].concat();
    assert_eq!(inspect(&file, 4096).0, Err(Refusal::NoSound));
}

#[test]
fn sound_is_found_behind_a_few_bytes_that_mean_nothing() {
    let sound = frame(0x90, 417).repeat(383);
    let late = [&[0xff, 0xfb][..], &[0; 2500], &sound].concat();
    let contents = inspect(&late, 4096).0.unwrap();
    assert!(contents.length.unwrap().ms.abs_diff(10_000) <= 26);
    assert_eq!((contents.mime, contents.codecs().as_deref()), ("audio/mpeg", Some("mp3")));
    // A video that holds such frames, too, and bytes too few of which are frames.
    assert!(sniff(&[&b"FLV"[..], &[0; 500], &sound].concat()[..4096]).is_none());
    assert!(sniff(&[&[0; 3400][..], &sound].concat()[..4096]).is_none());
}

#[test]
fn other_bytes_are_no_sound() {
    let one = [frame(0x90, 417), vec![1; 3000]].concat();
    for other in [&one[..], &[0xff; 4096], b"RIFF\0\0\0\0AVI LIST", b"OggX", b""] {
        assert!(sniff(other).is_none());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(tail: Vec<u8>, more: [u8; 27]) {
        let tag = b"ID3\x04\0\0\0\0\0\x10".to_vec();
        for start in [&b"fLaC"[..], b"OggS\0\x02", b"RIFF\0\0\0\0WAVE", &tag[..], b"APETAGEX"] {
            let _ = inspect(&[start, &[0; 16], &tail, &more].concat(), 64);
            let _ = inspect(&[start, &tail, &[0; 16]].concat(), 64);
        }
        let _ = sniff(&tail);
        let _ = sniff(&[&[0xff, 0xfb], &tail[..]].concat());
    }
}

/// A frame of layer III at 44.1 kHz whose third byte is `rate`.
fn frame(rate: u8, len: usize) -> Vec<u8> {
    let mut frame = vec![0; len];
    frame[..4].copy_from_slice(&[0xff, 0xfb, rate, 0]);
    frame
}

/// An APE tag with a header, whose items take so many bytes.
fn ape(items: u32) -> Vec<u8> {
    let numbers = [2000, items + 32, 1].map(u32::to_le_bytes).concat();
    let part = |flags: u32| [&b"APETAGEX"[..], &numbers, &flags.to_le_bytes(), &[0; 8]].concat();
    [part(0xa000_0000), vec![7; items as usize], part(0x8000_0000)].concat()
}

/// A frame that counts the others, and maybe the bytes of all.
fn counted(frames: u32, bytes: Option<u32>) -> Vec<u8> {
    let mut first = frame(0x90, 417);
    let flags = if bytes.is_some() { 3u32 } else { 1 };
    let numbers = [flags, frames, bytes.unwrap_or_default()].map(u32::to_be_bytes).concat();
    first[36..52].copy_from_slice(&[&b"Xing"[..], &numbers].concat());
    first
}

/// A frame of AAC at 44.1 kHz in two channels.
fn aac_frame(len: u16) -> Vec<u8> {
    let [high, low] = (len << 5).to_be_bytes();
    let mut frame = vec![0; len.into()];
    let top = 0x80 | u8::try_from(len >> 11).unwrap();
    frame[..7].copy_from_slice(&[0xff, 0xf1, 0x50, top, high, low | 0x1f, 0xfc]);
    frame
}

/// 8 kHz, 8 bits, one channel, of which the header states so many bytes.
fn wav(stated: u32, there: usize) -> Vec<u8> {
    let format = [&[1, 0, 1, 0][..], &8000u32.to_le_bytes(), &8000u32.to_le_bytes(), &[1, 0, 8, 0]];
    let head = [&b"RIFF\0\0\0\0WAVEfmt "[..], &16u32.to_le_bytes(), &format.concat()].concat();
    [&head[..], b"data", &stated.to_le_bytes(), &vec![0x80; there]].concat()
}
