//! Films in fragments.

use super::*;

#[test]
fn a_fragmented_file_has_the_length_it_states_or_none() {
    let mehd = boxed(b"mehd", &[0, 0, 0, 0, 0, 0, 0x75, 0x30]);
    let stated = moov(&[mvhd(1000, 0), picture(0), boxed(b"mvex", &mehd)]);
    assert_eq!(length(&[ftyp(), stated].concat()).0, Some(30_000));
    let unstated = moov(&[mvhd(1000, 2000), picture(0), boxed(b"mvex", &boxed(b"trex", &[0; 24]))]);
    assert_eq!(length(&[ftyp(), unstated].concat()).0, None);
}

#[test]
fn a_film_that_announces_fragments_and_has_none_is_a_plain_one() {
    let index = moov(&[mvhd(1000, UNITS), picture(UNITS), boxed(b"mvex", &[])]);
    let piece = [boxed(b"moof", &[0; 92]), mdat(892)].concat();
    for (film, expected) in [
        ([ftyp(), mdat(5_000), index.clone()].concat(), Some(30_021)),
        ([ftyp(), index.clone(), mdat(5_000)].concat(), Some(30_021)),
        // The first of its fragments is in the index.
        ([ftyp(), index, mdat(5_000), piece].concat(), None),
    ] {
        assert_eq!(length(&film).0, expected);
    }
}

#[test]
fn an_index_of_fragments_counts_only_if_it_covers_the_file() {
    let moov = moov(&[mvhd(1000, 0), picture(0), boxed(b"mvex", &[])]);
    let piece = [boxed(b"moof", &[0; 92]), mdat(892)].concat();
    for (pieces, tail, expected) in
        [(1, vec![], Some(4000)), (1, boxed(b"mfra", &[0; 8]), Some(4000)), (2, vec![], None)]
    {
        let film = [ftyp(), moov.clone(), sidx(1000, 4000), piece.repeat(pieces), tail].concat();
        let contents = inspect(&film, 4096).0.unwrap();
        assert_eq!(contents.length.map(|length| length.ms), expected, "{pieces}");
    }
}

#[test]
fn of_fragments_that_an_index_names_those_count_that_are_there() {
    let moov = moov(&[mvhd(1000, 0), picture(0), boxed(b"mvex", &[])]);
    let piece = [boxed(b"moof", &[0; 92]), mdat(892)].concat();
    let index = sidx_of(1000, &[4000, 3000]);
    let film = [ftyp(), moov, index, piece.repeat(2)].concat();
    let [whole, first] = [Some((7000, true)), Some((4000, false))];
    for (missing, expected) in [(0, whole), (1, first), (900, first), (1001, None), (1900, None)] {
        let contents = inspect(&film[..film.len() - missing], 4096).0.unwrap();
        let length = contents.length.map(|length| (length.ms, length.exact));
        assert_eq!(length, expected, "{missing}");
    }
}

#[test]
fn a_file_in_fragments_begins_where_its_first_one_and_the_edits_say() {
    let pause = u32::MAX;
    let moof = |decoded: u32| {
        let part = |kind, words: &[u32]| {
            boxed(kind, &words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>())
        };
        let tfhd = part(b"tfhd", &[0, 0]);
        let run = part(b"trun", &[0x800, 1, 80]);
        let traf = boxed(b"traf", &[tfhd, part(b"tfdt", &[0, decoded]), run].concat());
        [boxed(b"moof", &traf), mdat(900)].concat()
    };
    for (samples, edits, decoded, begins) in [
        (0, &[][..], 10_000, Some(10_080)),
        (0, &[(0, 80)], 10_000, Some(10_000)),
        (0, &[(500, pause), (0, 80)], 10_000, Some(10_500)),
        (0, &[(0, 80)], 99, None),
        (0, &[(0, 99_000)], 10_000, None),
        // The film begins in the index.
        (UNITS, &[], 10_000, None),
    ] {
        let track = track(b"vide", edits, &mdhd(1000, 0), b"avc1", &stts(samples));
        let moov = moov(&[mvhd(1000, 0), track, boxed(b"mvex", &[])]);
        for sidx in [vec![], sidx(1000, 4000), boxed(b"sidx", &[0; 40_000])] {
            let film = [ftyp(), moov.clone(), sidx, moof(decoded)].concat();
            let contents = inspect(&film, 4096).0.unwrap();
            let start = contents.start.map(|start| (start.timestamp, start.timescale));
            assert_eq!(start, begins.map(|begins| (begins, 1000)), "{edits:?} {decoded}");
        }
    }
}
