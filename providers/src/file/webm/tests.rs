//! Elements made byte by byte.

use proptest::prelude::*;

use super::super::simulated::inspect;
use super::*;

#[test]
fn the_duration_is_in_the_units_of_the_file() {
    let scale = element(TIMESTAMP_SCALE, &[0x0f, 0x42, 0x40]);
    let duration = element(DURATION, &10_008f64.to_be_bytes());
    assert_eq!(length(&[scale, duration]), Some(10_008));
    let scale = element(TIMESTAMP_SCALE, &[0x01, 0x86, 0xa0]);
    let duration = element(DURATION, &5000f32.to_be_bytes());
    assert_eq!(length(&[duration, scale]), Some(500));
}

#[test]
fn a_recording_without_a_duration_has_none() {
    assert_eq!(length(&[]), None);
    assert_eq!(length(&[element(DURATION, &f64::NAN.to_be_bytes())]), None);
}

#[test]
fn nothing_is_looked_for_behind_the_beginning_of_the_media() {
    let cluster = element(CLUSTER, &[0; 100]);
    let (contents, outcome) = parse(&[header("webm"), element(SEGMENT, &cluster)].concat());
    assert_eq!((contents.length, outcome), (None, Ok(())));
    assert_eq!((contents.has_picture(), contents.codecs()), (None, None));
}

#[test]
fn a_clock_that_begins_late_is_no_part_of_the_length() {
    let info = |app: &[u8]| {
        let duration = element(DURATION, &120_021f64.to_be_bytes());
        element(INFO, &[element(WRITING_APP, app), duration].concat())
    };
    let entry = [element(TRACK_TYPE, &[1]), element(CODEC_ID, b"V_VP9")].concat();
    let tracks = element(TRACKS, &element(TRACK_ENTRY, &entry));
    let simple = |since| element(SIMPLE_BLOCK, &[0x81, 0, since, 0x80, 1, 2]);
    let group = |since| element(BLOCK_GROUP, &element(BLOCK, &[0x81, 0, since, 0, 1, 2]));
    let mkvmerge = &b"mkvmerge v74.0.0 ('You Oughta Know') 64-bit"[..];
    for (app, at, block, expected) in [
        (&b"Lavf59.27.100"[..], 100_000u32, simple(14), (Some(100_014), 20_007)),
        (b"", 100_000, group(0), (Some(100_000), 20_021)),
        (b"Lavf59.27.100", 0, simple(7), (None, 120_021)),
        // It states how much there is, not when it ends.
        (mkvmerge, 100_000, simple(14), (Some(100_014), 120_021)),
        (mkvmerge, 0, simple(7), (None, 120_021)),
    ] {
        let cluster = [element(TIMESTAMP, &at.to_be_bytes()), block].concat();
        let parts = [info(app), tracks.clone(), element(CLUSTER, &cluster)].concat();
        let (contents, outcome) = parse(&[header("webm"), element(SEGMENT, &parts)].concat());
        let start = contents.start.map(|start| start.timestamp);
        assert_eq!((start, contents.length.unwrap().ms), expected);
        assert_eq!(outcome, Ok(()));
    }
}

#[test]
fn subtitles_that_come_first_are_not_where_the_film_begins() {
    let info = |app: &[u8], ms: f64| {
        let duration = element(DURATION, &ms.to_be_bytes());
        element(INFO, &[element(WRITING_APP, app), duration].concat())
    };
    let entry = |number, kind| {
        let parts = [element(TRACK_NUMBER, &[number]), element(TRACK_TYPE, &[kind])];
        element(TRACK_ENTRY, &parts.concat())
    };
    let tracks = element(TRACKS, &[entry(1, 1), entry(2, 2), entry(3, 17)].concat());
    let at = |ms: u16| element(TIMESTAMP, &ms.to_be_bytes());
    let words =
        element(BLOCK_GROUP, &[element(BLOCK, &[0x83, 0, 0, 0, 9]), element(0x9b, &[9])].concat());
    let [seen, heard] = [0x81, 0x82].map(|track| element(SIMPLE_BLOCK, &[track, 0, 0, 0x80, 1]));
    let cluster = |parts: &[&[u8]]| element(CLUSTER, &parts.concat());
    let apart = |av| [cluster(&[&at(500), &words]), cluster(&[&at(3000), av])].concat();
    let wide = element(BLOCK, &[0x40, 1, 0x09, 0xc4, 0, 1]);
    let one = |from, av: &[u8]| cluster(&[&at(from), &words, av]);
    let late = element(SIMPLE_BLOCK, &[0x81, 0x09, 0xc4, 0x80, 1]);
    for (app, stated, clusters, expected) in [
        (&b"mkvmerge v74"[..], 22_532.0, apart(&seen), (Some(3000), 20_032)),
        (b"Lavf59.27.100", 23_032.0, apart(&heard), (Some(3000), 20_032)),
        (b"mkvmerge v74", 22_532.0, one(500, &late), (Some(3000), 20_032)),
        (b"Lavf59.27.100", 23_032.0, one(500, &wide), (Some(3000), 20_032)),
        (b"mkvmerge v74", 23_032.0, one(0, &seen), (None, 23_032)),
        // None of picture or sound.
        (b"mkvmerge v74", 2000.0, one(500, &[]), (None, 2000)),
    ] {
        let parts = [info(app, stated), tracks.clone(), clusters].concat();
        let (contents, outcome) = parse(&[header("matroska"), element(SEGMENT, &parts)].concat());
        let start = contents.start.map(|start| start.timestamp);
        assert_eq!((start, contents.length.unwrap().ms), expected);
        assert!(matches!(outcome, Ok(()) | Err(Stop::End)), "{outcome:?}");
    }
}

#[test]
fn a_length_that_the_index_contradicts_counts_for_nothing() {
    let entry = [element(TRACK_TYPE, &[1]), element(CODEC_ID, b"V_VP9")].concat();
    let tracks = element(TRACKS, &element(TRACK_ENTRY, &entry));
    let cluster = |at: u16| {
        let block = element(SIMPLE_BLOCK, &[0x81, 0, 0, 0x80, 1, 2]);
        element(CLUSTER, &[element(TIMESTAMP, &at.to_be_bytes()), block].concat())
    };
    // Numbers of entries, so that the index takes one read or two, and of bytes behind it.
    for (begins, entries, behind) in [(0, 10, 0), (0, 1000, 9000), (2000, 1000, 0)] {
        let times = (0..entries).map(|n| u32::from(begins) + 500 * n);
        let last = times.clone().next_back().unwrap();
        let points = times.map(|time| {
            let place = element(0xb7, &[element(0xf7, &[1]), element(0xf1, &[0xbb; 8])].concat());
            element(0xbb, &[element(0xb3, &time.to_be_bytes()), place].concat())
        });
        let cues = element(0x1c53_bb6b, &points.collect::<Vec<_>>().concat());
        for (told, expected) in [
            (last + 400, Some(u64::from(last + 400 - u32::from(begins)))),
            (last, Some(u64::from(last - u32::from(begins)))),
            (last - 300, None),
            (begins.into(), None),
        ] {
            let duration = element(DURATION, &f64::from(told).to_be_bytes());
            let film = [element(INFO, &duration), tracks.clone(), cluster(begins)].concat();
            let at = |position: u64| {
                let id = element(0x53ab, &0x1c53_bb6bu32.to_be_bytes());
                let entry = [id, element(0x53ac, &position.to_be_bytes())].concat();
                element(SEEK_HEAD, &element(0x4dbb, &entry))
            };
            let head = at((at(0).len() + film.len()) as u64);
            let parts = [head, film, cues.clone(), element(0xec, &vec![0; behind])].concat();
            let file = [header("webm"), element(SEGMENT, &parts)].concat();
            let (contents, reads) = inspect(&file, 4096);
            let length = contents.unwrap().length.map(|length| length.ms);
            assert_eq!(length, expected.filter(|ms| *ms > 0), "{told} of {last} from {begins}");
            assert!(reads.len() <= 2, "{reads:?}");
        }
    }
}

#[test]
fn a_file_that_is_cut_off_has_no_length() {
    let info = element(INFO, &element(DURATION, &9000f64.to_be_bytes()));
    let file = [header("webm"), element(SEGMENT, &[info, vec![0; 9]].concat())].concat();
    for (missing, expected) in [(0, Some(9000)), (1, None)] {
        let (contents, _) = parse(&file[..file.len() - missing]);
        assert_eq!(contents.length.map(|length| length.ms), expected);
    }
}

#[test]
fn picture_and_sound_that_are_compressed_once_more_are_refused() {
    let algo = |number: u8| element(COMPRESSION_METHOD, &[number]);
    let encodings = |compression: &[u8]| {
        let parts = [element(0x5031, &[0]), element(CONTENT_COMPRESSION, compression)].concat();
        element(CONTENT_ENCODINGS, &element(CONTENT_ENCODING, &parts))
    };
    let film = |kind, encodings: &[u8], behind: bool| {
        let entry = |kind, more: &[u8]| {
            let parts = [&element(TRACK_TYPE, &[kind])[..], &element(CODEC_ID, b"V_VP9"), more];
            element(TRACK_ENTRY, &parts.concat())
        };
        let first = if behind { [entry(1, &[]), entry(2, &[])].concat() } else { vec![] };
        let tracks = element(TRACKS, &[first, entry(kind, encodings)].concat());
        parse(&[header("matroska"), element(SEGMENT, &tracks)].concat()).1
    };
    for (compression, name) in
        [(vec![], "zlib"), (algo(0), "zlib"), (algo(1), "bzip2"), (algo(2), "LZO")]
    {
        let refused = Err(Stop::Refused(Refusal::Compressed(name)));
        for kind in [1, 2] {
            assert_eq!(film(kind, &encodings(&compression), false), refused);
            // The first track of its kind plays.
            assert_eq!(film(kind, &encodings(&compression), true), Ok(()));
        }
        // Browsers show no subtitles of such a file.
        assert_ne!(film(17, &encodings(&compression), false), refused);
    }
    let stripped = [algo(3), element(0x4255, &[0, 0, 1])].concat();
    assert_eq!(film(1, &encodings(&stripped), false), Ok(()));
}

#[test]
fn the_document_type_decides_the_media_type() {
    assert_eq!(sniff(&header("webm")), Some("video/webm"));
    assert_eq!(sniff(&header("matroska\0\0")), Some("video/x-matroska"));
    assert_eq!(sniff(&header("other")), None);
    assert_eq!(sniff(b"<!doctype html>"), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(tail: Vec<u8>) {
        let file = [header("webm"), element(SEGMENT, &tail)].concat();
        sniff(&tail);
        let _ = parse(&file);
        let _ = parse(&[&file[..40], &tail].concat());
    }
}

fn length(info: &[Vec<u8>]) -> Option<u64> {
    let void = element(0xec, &[0; 60]);
    let segment = [void, element(INFO, &info.concat())].concat();
    let (contents, outcome) = parse(&[header("webm"), element(SEGMENT, &segment)].concat());
    assert_eq!(outcome, Ok(()));
    contents.length.map(|length| length.ms)
}

fn parse(file: &[u8]) -> (Contents, Read<()>) {
    let mut bytes = Bytes::of(Some(file.len() as u64));
    bytes.add(0, file.to_vec());
    read(&bytes, "video/webm")
}

fn header(doc_type: &str) -> Vec<u8> {
    let version = element(0x4286, &[1]);
    let padding = element(0xec, &[0; 30]);
    element(EBML, &[version, element(DOC_TYPE, doc_type.as_bytes()), padding].concat())
}

fn element(id: u64, payload: &[u8]) -> Vec<u8> {
    let id = id.to_be_bytes();
    let skip = id.iter().take_while(|byte| **byte == 0).count();
    let len = (1u64 << 56) | payload.len() as u64;
    [&id[skip..], &len.to_be_bytes(), payload].concat()
}
