//! Ogg and FLAC made byte by byte: lengths by their last pages and frames, and clocks that begin late.

use super::super::contents::Contents;
use super::super::simulated::inspect;

/// Samples of a packet of Opus, and the packets of a second.
const OPUS_SAMPLES: u64 = 960;
const OPUS_PACKETS: u64 = 50;

#[test]
fn the_last_page_of_the_longest_stream_tells_the_length() {
    // 20 s of pictures, of which a key frame begins each second, and 5 s of sound.
    let pictures = |second: u64| page(2, 0, (second * 25) << 6 | 25, &[&[0_u8; 100][..]; 5]);
    let heads = [page(2, 2, 0, &[&theora(25, 1)]), opus_head(1)].concat();
    let mut film = heads;
    for second in 0..20 {
        film.extend(pictures(second));
        if second < 5 {
            film.extend(opus_second(1, second, 0));
        }
    }
    assert_eq!(length(&film), (20_000, true));
}

#[test]
fn a_page_that_is_cut_off_does_not_count() {
    let whole = opus(1, 20, 0);
    assert_eq!(length(&whole), (20_000, true));
    let cut = &whole[..whole.len() - 300];
    assert_eq!(length(cut), (19_000, true));
}

#[test]
fn files_that_were_joined_have_no_exact_length() {
    for (second, expected) in [(1, 30_000), (7, 30_000)] {
        let joined = [opus(1, 20, 0), opus(second, 10, 0)].concat();
        let (ms, exact) = length(&joined);
        assert!(!exact && ms.abs_diff(expected) <= 1500, "{ms} {exact}");
    }
}

#[test]
fn a_clock_that_begins_late_is_no_part_of_the_length() {
    for offset_s in [1, 100, 100_000] {
        let contents = read(&opus(1, 20, offset_s));
        let length = contents.length.unwrap();
        assert_eq!((length.ms, length.exact), (20_000, true), "{offset_s}");
        let start = contents.start.unwrap();
        assert_eq!((start.timestamp, start.timescale), (offset_s as i64 * 48_000, 48_000));
    }
    assert_eq!(read(&opus(1, 20, 0)).start, None);
}

#[test]
fn the_blocks_of_flac_tell_where_its_clock_begins_if_all_have_one_size() {
    let rate_and_form = (48_000_u64 << 44).to_be_bytes();
    for (least, expected) in [(4096_u16, Some((4_800_000, 48_000))), (1024, None)] {
        let sizes = [least.to_be_bytes(), 4096_u16.to_be_bytes()].concat();
        let head = [&b"\x7fFLAC\x01\0\0\x01fLaC\0\0\0\x22"[..], &sizes, &[0; 6]].concat();
        let head = [&head[..], &rate_and_form, &[0; 16]].concat();
        let heads = [page(1, 2, 0, &[&head]), page(1, 0, 0, &[&[4; 40]])].concat();
        let sound = |granule| page(1, 0, granule, &[&[0xff; 300][..]; 10]);
        let ends = [40_960, 81_920, 96_000];
        let file = |first: u64| [&heads[..], &ends.map(|end| sound(first + end)).concat()].concat();
        assert_eq!(read(&file(0)).start, None);
        let late = read(&file(4_800_000));
        assert_eq!(late.start.map(|start| (start.timestamp, start.timescale)), expected);
        let length_ms = if expected.is_some() { 2_000 } else { 102_000 };
        assert_eq!(late.length.map(|length| length.ms), Some(length_ms));
    }
}

#[test]
fn the_blocks_of_vorbis_tell_where_its_clock_begins() {
    // Short blocks of 256 samples and long ones of 2048: 0, 576, 1024, 1024.
    let mut head = [&b"\x01vorbis\0\0\0\0\x01"[..], &48_000u32.to_le_bytes(), &[0; 16]].concat();
    head[28] = 0xb8;
    let packets: [&[u8]; 4] = [&[0], &[2], &[2], &[2]];
    let sound = |granule| page(1, 0, granule, &packets);
    let heads = [page(1, 2, 0, &[&head]), page(1, 0, 0, &[&[3; 40], &[5; 400]])].concat();
    let file = |first: u64| [heads.clone(), sound(first + 2624), sound(first + 96_000)].concat();
    assert_eq!(read(&file(0)).start, None);
    let late = read(&file(4_800_000));
    assert_eq!(
        late.start.map(|start| (start.timestamp, start.timescale)),
        Some((4_800_000, 48_000))
    );
    assert_eq!(late.length.map(|length| length.ms), Some(2000));
}

#[test]
fn the_last_frame_of_a_flac_is_held_against_what_its_head_states() {
    // 48 kHz, 250 frames of 4096 samples: 21.333 s.
    let there = 250 * 4096;
    for (stated, expected) in [
        (there, (21_333, true)),
        (there / 2, (21_333, false)),
        (there * 2, (21_333, false)),
        (0, (21_333, true)),
    ] {
        assert_eq!(length(&flac(stated, 250)), expected, "{stated}");
    }
    assert_eq!(length(&flac(96_000, 0)), (2000, false));
}

fn read(file: &[u8]) -> Contents {
    inspect(file, 4096).0.unwrap()
}

fn length(file: &[u8]) -> (u64, bool) {
    let length = read(file).length.unwrap();
    (length.ms, length.exact)
}

/// So many seconds of Opus, the clock of which begins late.
fn opus(serial: u32, seconds: u64, offset_s: u64) -> Vec<u8> {
    let mut file = opus_head(serial);
    file.extend(page(serial, 0, 0, &[b"OpusTags\0\0\0\0\0\0\0\0"]));
    file.extend((0..seconds).flat_map(|second| opus_second(serial, second, offset_s)));
    file
}

fn opus_head(serial: u32) -> Vec<u8> {
    page(serial, 2, 0, &[b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0"])
}

/// The page of one second of Opus: packets of 20 ms.
fn opus_second(serial: u32, second: u64, offset_s: u64) -> Vec<u8> {
    let packet = [[0x78].as_slice(), &[0; 80]].concat();
    let packets = vec![&packet[..]; OPUS_PACKETS as usize];
    page(serial, 0, (offset_s + second + 1) * OPUS_PACKETS * OPUS_SAMPLES, &packets)
}

fn theora(count: u32, seconds: u32) -> Vec<u8> {
    let mut head = [&b"\x80theora\x03\x02\x01"[..], &[0; 32]].concat();
    head[22..26].copy_from_slice(&count.to_be_bytes());
    head[26..30].copy_from_slice(&seconds.to_be_bytes());
    // Six bits count the pictures after a key frame.
    head[40..42].copy_from_slice(&(6u16 << 5).to_be_bytes());
    head
}

/// A page with packets of less than 510 bytes.
fn page(serial: u32, flags: u8, granule: u64, packets: &[&[u8]]) -> Vec<u8> {
    let parts: Vec<u8> = packets
        .iter()
        .flat_map(|packet| match packet.len().checked_sub(255) {
            Some(rest) => vec![255, rest as u8],
            None => vec![packet.len() as u8],
        })
        .collect();
    let head = [&b"OggS\0"[..], &[flags], &granule.to_le_bytes(), &serial.to_le_bytes(), &[0; 8]];
    [&head.concat()[..], &[parts.len() as u8], &parts, &packets.concat()].concat()
}

/// Frames of 4096 samples at 48 kHz, and a head that states so many samples.
fn flac(stated: u64, frames: u32) -> Vec<u8> {
    let rate_and_form = 48_000u64 << 44 | 0x02f << 36 | stated;
    let block = [&[0x10, 0, 0x10, 0][..], &[0; 6], &rate_and_form.to_be_bytes(), &[0; 16]].concat();
    let head = [&b"fLaC\x80\0\0\x22"[..], &block].concat();
    let frames = (0..frames).flat_map(|number| {
        let number = char::from_u32(number).unwrap().to_string();
        let head = [&[0xff, 0xf8, 0xca, 0x18][..], number.as_bytes()].concat();
        let sum = head.iter().fold(0u8, |sum, byte| {
            (0..8).fold(sum ^ byte, |sum, _| (sum << 1) ^ if sum & 0x80 == 0 { 0 } else { 7 })
        });
        [&head[..], &[sum], &[0x55; 300]].concat()
    });
    head.into_iter().chain(frames).collect()
}
