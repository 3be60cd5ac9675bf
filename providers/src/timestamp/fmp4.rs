//! Fragmented MP4: a header (`moov`) with the timescale of each track, and fragments (`moof`) with a
//! base decode time and the offset from decoding to presentation. Players of HLS don't apply edit
//! lists, so these don't count here.

use super::Stamp;

/// What the header says about the track whose timestamps count: the picture, else the sound.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Init {
    track_id: u32,
    timescale: u32,
    /// How long a sample lasts if its fragment doesn't say.
    sample_duration: u32,
}

impl Init {
    /// Reads a header.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let moov = boxes(bytes).find(|one| one.kind == *b"moov")?;
        let tracks: Vec<_> = moov.children().filter(|one| one.kind == *b"trak").collect();
        let of_kind = |wanted| tracks.iter().find(|track| handler(track) == Some(wanted));
        let (track_id, timescale) = track(of_kind(*b"vide").or_else(|| of_kind(*b"soun"))?)?;
        let extends = moov.child(*b"mvex").and_then(|mvex| {
            let is_ours = |trex: &Atom<'_>| u32_at(trex.body, 4) == Some(track_id);
            mvex.children().find(|one| one.kind == *b"trex" && is_ours(one))
        });
        let sample_duration = extends.and_then(|trex| u32_at(trex.body, 12)).unwrap_or(0);
        Some(Self { track_id, timescale, sample_duration })
    }
}

/// The timestamp of the first sample of a piece.
pub(super) fn first(head: &[u8], init: &Init) -> Option<Stamp> {
    let traf = fragment(head, init)?;
    let value = presented(traf.child(*b"tfdt")?.body, traf.child(*b"trun")?.body)?;
    Some(Stamp { value, timescale: init.timescale })
}

/// When the first sample of a fragment is presented, by the bodies of its `tfdt` and its first `trun`.
pub(super) fn presented(tfdt: &[u8], trun: &[u8]) -> Option<i64> {
    let decoded = match *tfdt.first()? {
        0 => u64::from(u32_at(tfdt, 4)?),
        _ => u64::from(u32_at(tfdt, 4)?) << 32 | u64::from(u32_at(tfdt, 8)?),
    };
    i64::try_from(decoded).ok()?.checked_add(composition_offset(trun)?)
}

/// How long the first fragment of a piece lasts, in microseconds; `None` if `head` doesn't hold all that says so.
pub(super) fn fragment_us(head: &[u8], init: &Init) -> Option<u64> {
    let traf = fragment(head, init)?;
    let usual = default_duration(traf.child(*b"tfhd")?.body)?.unwrap_or(init.sample_duration);
    let runs = traf.children().filter(|one| one.kind == *b"trun");
    let units = runs
        .map(|trun| run_units(trun.body, usual))
        .try_fold(0_u64, |sum, units| sum.checked_add(units?))?;
    (units > 0).then_some(units.checked_mul(1_000_000)? / u64::from(init.timescale))
}

/// The part of a piece's first fragment that holds the track whose timestamps count.
fn fragment<'a>(head: &'a [u8], init: &Init) -> Option<Atom<'a>> {
    let moof = boxes(head).find(|one| one.kind == *b"moof")?;
    let is_ours = |traf: &Atom<'_>| {
        let tfhd = traf.child(*b"tfhd");
        tfhd.and_then(|tfhd| u32_at(tfhd.body, 4)) == Some(init.track_id)
    };
    moof.children().find(|one| one.kind == *b"traf" && is_ours(one))
}

/// How long samples last unless a `trun` says, if its `tfhd` says that; `None` if it is cut off.
fn default_duration(tfhd: &[u8]) -> Option<Option<u32>> {
    let flags = u32_at(tfhd, 0)?;
    if flags & 0x8 == 0 {
        return Some(None);
    }
    let before = if flags & 0x1 == 0 { 0 } else { 8 } + if flags & 0x2 == 0 { 0 } else { 4 };
    u32_at(tfhd, 8 + before).map(Some)
}

/// How long the samples of a `trun` last, each `usual` long unless it says.
fn run_units(trun: &[u8], usual: u32) -> Option<u64> {
    let (flags, count) = (u32_at(trun, 0)?, u32_at(trun, 4)?);
    let has = |flag: u32| flags & flag != 0;
    if !has(0x100) {
        return Some(u64::from(count) * u64::from(usual));
    }
    let fields = |wanted: &[u32]| 4 * wanted.iter().filter(|flag| has(**flag)).count();
    let (begins, step) = (8 + fields(&[0x1, 0x4]), fields(&[0x100, 0x200, 0x400, 0x800]));
    // What is cut off ends this.
    (0..count as usize)
        .try_fold(0, |sum, sample| Some(sum + u64::from(u32_at(trun, begins + sample * step)?)))
}

/// From decoding to presentation of the first sample in a `trun`; 0 if it doesn't say.
fn composition_offset(trun: &[u8]) -> Option<i64> {
    let flags = u32_at(trun, 0)?;
    let has = |flag: u32| flags & flag != 0;
    if !has(0x800) {
        return Some(0);
    }
    let before = [0x1, 0x4, 0x100, 0x200, 0x400].into_iter().filter(|flag| has(*flag)).count();
    let raw = u32_at(trun, 8 + 4 * before)?;
    let is_signed = flags >> 24 > 0;
    Some(if is_signed { i64::from(raw.cast_signed()) } else { i64::from(raw) })
}

fn handler(track: &Atom<'_>) -> Option<[u8; 4]> {
    let hdlr = track.child(*b"mdia")?.child(*b"hdlr")?;
    hdlr.body.get(8..12)?.try_into().ok()
}

/// The number and the timescale of a track.
fn track(track: &Atom<'_>) -> Option<(u32, u32)> {
    let tkhd = track.child(*b"tkhd")?.body;
    let mdhd = track.child(*b"mdia")?.child(*b"mdhd")?.body;
    // Version 1 has times of 64 bits.
    let past_times = |body: &[u8]| if body.first() == Some(&0) { 12 } else { 20 };
    let timescale = u32_at(mdhd, past_times(mdhd)).filter(|timescale| *timescale > 0)?;
    let track_id = u32_at(tkhd, past_times(tkhd))?;
    Some((track_id, timescale))
}

/// A box, whose body may be cut off at the end of what was read.
struct Atom<'a> {
    kind: [u8; 4],
    body: &'a [u8],
}

impl<'a> Atom<'a> {
    fn children(&self) -> impl Iterator<Item = Atom<'a>> + use<'a> {
        boxes(self.body)
    }

    fn child(&self, kind: [u8; 4]) -> Option<Atom<'a>> {
        self.children().find(|one| one.kind == kind)
    }
}

fn boxes(bytes: &[u8]) -> impl Iterator<Item = Atom<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let kind = rest.get(4..8)?.try_into().ok()?;
        let (header, size) = match u32_at(rest, 0)? {
            0 => (8, rest.len()),
            1 => {
                let long = u64::from(u32_at(rest, 8)?) << 32 | u64::from(u32_at(rest, 12)?);
                (16, usize::try_from(long).ok()?)
            }
            size => (8, usize::try_from(size).ok()?),
        };
        if size < header {
            return None;
        }
        let end = size.min(rest.len());
        let body = rest.get(header..end)?;
        rest = &rest[end..];
        Some(Atom { kind, body })
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let size = u32::try_from(body.len() + 8).unwrap().to_be_bytes();
        [&size, kind.as_slice(), body].concat()
    }

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    fn trak(id: u32, kind: &[u8; 4], timescale: u32, elst: &[u32]) -> Vec<u8> {
        let tkhd = boxed(b"tkhd", &words(&[0, 0, 0, id, 0]));
        let mdhd = boxed(b"mdhd", &words(&[0, 0, 0, timescale, 0]));
        let hdlr = boxed(b"hdlr", &[&words(&[0, 0]), kind.as_slice(), &[0; 12]].concat());
        let edts = boxed(b"edts", &boxed(b"elst", &words(elst)));
        boxed(b"trak", &[tkhd, edts, boxed(b"mdia", &[mdhd, hdlr].concat())].concat())
    }

    fn moov(tracks: &[Vec<u8>]) -> Vec<u8> {
        [boxed(b"ftyp", b"iso6"), boxed(b"moov", &tracks.concat())].concat()
    }

    fn traf(id: u32, tfdt: &[u32], trun: &[u32]) -> Vec<u8> {
        let parts = [
            boxed(b"tfhd", &words(&[0, id])),
            boxed(b"tfdt", &words(tfdt)),
            boxed(b"trun", &words(trun)),
        ];
        boxed(b"traf", &parts.concat())
    }

    fn moof(trafs: &[Vec<u8>]) -> Vec<u8> {
        [boxed(b"styp", b"msdh"), boxed(b"moof", &trafs.concat())].concat()
    }

    #[test]
    fn the_picture_counts_by_its_own_timescale() {
        let init = moov(&[
            trak(1, b"soun", 48_000, &[0, 1, 0, 0, 0x1_0000]),
            trak(2, b"vide", 15_360, &[0, 1, 0, 1_024, 0x1_0000]),
        ]);
        let init = Init::read(&init).unwrap();
        let audio = traf(1, &[0, 99], &[0, 1]);
        let video = traf(2, &[0x0100_0000, 1, 0], &[0x0000_0801, 1, 0, 2_048]);
        let stamp = first(&moof(&[audio, video]), &init).unwrap();
        assert_eq!(stamp, Stamp { value: (1 << 32) + 2_048, timescale: 15_360 });
    }

    #[test]
    fn an_offset_may_be_negative_and_edits_do_not_count() {
        let init = moov(&[trak(7, b"vide", 90_000, &[0, 2, 5, u32::MAX, 1, 9, 3_000, 1])]);
        let init = Init::read(&init).unwrap();
        let run = [0x0100_0F05, 1, 0, 0, 1, 1, 1, (-500_i32).cast_unsigned()];
        let stamp = first(&moof(&[traf(7, &[0, 10_000], &run)]), &init).unwrap();
        assert_eq!(stamp, Stamp { value: 10_000 - 500, timescale: 90_000 });
    }

    #[test]
    fn without_a_picture_the_sound_counts() {
        let init = Init::read(&moov(&[trak(3, b"soun", 44_100, &[0, 0])])).unwrap();
        let stamp = first(&moof(&[traf(3, &[0, 441], &[0, 1])]), &init).unwrap();
        assert_eq!(stamp, Stamp { value: 441, timescale: 44_100 });
    }

    #[test]
    fn the_first_fragment_lasts_as_long_as_its_samples() {
        let mvex = |duration| boxed(b"mvex", &boxed(b"trex", &words(&[0, 7, 1, duration, 0, 0])));
        let trak = || trak(7, b"vide", 1_000, &[0, 0]);
        let plain = Init::read(&moov(&[trak()])).unwrap();
        let usual = Init::read(&moov(&[trak(), mvex(40)])).unwrap();
        let lasts = |trun: &[u32], init| fragment_us(&moof(&[traf(7, &[0, 9], trun)]), init);
        // Each sample says how long it lasts and how large it is, or none does.
        let told = [0x0000_0305, 2, 0, 0, 30, 999, 50, 999];
        assert_eq!(lasts(&told, &usual), Some(80_000));
        assert_eq!(lasts(&told[..6], &usual), None);
        assert_eq!(lasts(&[0x1, 50, 0], &usual), Some(2_000_000));
        assert_eq!(lasts(&[0x1, 50, 0], &plain), None);
        let tfhd = boxed(b"tfhd", &words(&[0x0000_000b, 7, 0, 8, 1, 20]));
        let traf = boxed(b"traf", &[tfhd, boxed(b"trun", &words(&[0, 100]))].concat());
        assert_eq!(fragment_us(&moof(&[traf]), &usual), Some(2_000_000));
    }

    #[test]
    fn nothing_is_made_up() {
        let init = Init::read(&moov(&[trak(3, b"soun", 44_100, &[0, 0])])).unwrap();
        let whole = moof(&[traf(3, &[0, 441], &[0x800, 1, 7])]);
        for cut in 0..whole.len() {
            assert_eq!(first(&whole[..cut], &init), None, "{cut}");
        }
        assert_eq!(first(&moof(&[traf(4, &[0, 441], &[0, 1])]), &init), None);
        for odd in [moov(&[]), moov(&[trak(1, b"text", 1, &[0, 0])]), vec![], vec![0; 64]] {
            assert_eq!(Init::read(&odd), None);
        }
        assert_eq!(Init::read(&moov(&[trak(1, b"vide", 0, &[0, 0])])), None);
    }
}
