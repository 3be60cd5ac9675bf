//! A track: what it is, its codecs, and how long it plays.

use super::super::bytes::{Bytes, Read, Stop, be};
use super::super::contents::{Kind, Length};
use super::boxes::{self, Boxes, Header};
use super::sample_entry;

/// The most parts of a track that its edit list may name.
const EDITS_MAX: u64 = 64;
/// How far a stated length may be off, in milliseconds.
const NEAR_MS: u128 = 50;

#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) kind: Kind,
    /// Its number, which fragments name.
    pub(super) id: u64,
    /// Whether it plays unless another is chosen.
    pub(super) enabled: bool,
    pub(super) codecs: Vec<String>,
    /// Units per second.
    pub(super) timescale: u64,
    /// By its header, in units of its timescale.
    stated: Option<u64>,
    /// By its samples, in the same units; `None` if their table is long.
    samples: Option<u64>,
    /// Bits per second of all its samples, if its description says so.
    bit_rate: Option<u64>,
    /// How much later than decoded its first sample is presented; `None` if that lies too far behind.
    delay: Option<u64>,
    /// What of it is presented; all of it if empty.
    edits: Vec<Edit>,
}

/// One part of a presentation.
#[derive(Clone, Copy, Debug)]
struct Edit {
    /// In units of the movie's timescale; 0 means to the end of the media.
    duration: u64,
    /// Where in the media it begins; `None` for a pause in which nothing of the track is presented.
    from: Option<u64>,
    /// Whether one picture stands for all of it.
    still: bool,
}

pub(super) fn read(bytes: &Bytes, trak: &Header) -> Read<Track> {
    let mut track = Track::default();
    let mut boxes = Boxes::of(bytes, trak);
    let mut described = false;
    loop {
        let header = match boxes.next() {
            Ok(Some(header)) => header,
            Ok(None) => break,
            // Nothing that counts usually follows the tables, which are long.
            Err(Stop::Need { .. }) if described => break,
            Err(stop) => return Err(stop),
        };
        match &header.kind {
            b"tkhd" => {
                let head = bytes.get(header.payload, 24)?;
                track.enabled = head[3] & 1 == 1;
                // Version 1 has times of 64 bits.
                let id_at = if head[0] == 0 { 12 } else { 20 };
                track.id = be(&head[id_at..id_at + 4]);
            }
            b"edts" => read_edits(bytes, &header, &mut track)?,
            b"mdia" => {
                read_media(bytes, &header, &mut track)?;
                described = true;
            }
            _ => {}
        }
    }
    Ok(track)
}

impl Track {
    /// Whether its samples are listed here rather than in fragments.
    pub(super) fn has_samples(&self) -> bool {
        self.samples != Some(0)
    }

    /// Whether samples are listed here for certain.
    pub(super) fn lists_samples(&self) -> bool {
        self.samples.is_some_and(|units| units > 0)
    }

    /// How long nothing of it is presented at first, in units of the movie's timescale.
    pub(super) fn paused(&self) -> u64 {
        let pauses = self.edits.iter().take_while(|edit| edit.from.is_none());
        pauses.fold(0, |sum, edit| sum.saturating_add(edit.duration))
    }

    /// How much later than by its timestamps it is presented first, in units of its timescale.
    pub(super) fn shift(&self, movie_timescale: u64) -> i64 {
        let paused = u128::from(self.paused()) * u128::from(self.timescale);
        let later = paused.checked_div(u128::from(movie_timescale));
        let earlier = self.edits.iter().find_map(|edit| edit.from).unwrap_or(0);
        let signed = |units: u128| i64::try_from(units).unwrap_or(0);
        signed(later.unwrap_or(0)) - signed(u128::from(earlier))
    }

    /// How long all its samples are, in bytes, by their bit rate; `None` if nothing tells.
    pub(super) fn bytes(&self) -> Option<u64> {
        let units = u128::from(self.samples.or(self.stated)?);
        let bits = units * u128::from(self.bit_rate?);
        u64::try_from(bits.checked_div(u128::from(self.timescale))? / 8).ok()
    }

    /// How long it is presented; `None` if that can't be told.
    pub(super) fn length(&self, movie_timescale: u64) -> Option<Length> {
        let units = self.samples.or(self.stated).filter(|units| *units > 0)?;
        let exact = self.samples.is_some();
        if self.edits.is_empty() || movie_timescale == 0 || self.timescale == 0 {
            return Length::of(units, self.timescale, exact);
        }
        // In the units of both timescales, so that nothing is rounded.
        let (ours, theirs) = (u128::from(self.timescale), u128::from(movie_timescale));
        let near = ours * theirs * NEAR_MS / 1000;
        // Where all edits end well before the media does, it doesn't matter how long that is exactly.
        let mut within = self.edits.iter().any(|edit| edit.from.is_some());
        let presented = self.edits.iter().map(|edit| {
            let duration = u128::from(edit.duration) * ours;
            match edit.from {
                None => duration,
                Some(_) if edit.still => duration,
                Some(from) => {
                    let left = u128::from(units.saturating_sub(self.skipped(from))) * theirs;
                    within &= edit.duration != 0 && duration + near < left;
                    if edit.duration == 0 { left } else { duration.min(left) }
                }
            }
        });
        let total = presented.fold(0u128, u128::saturating_add);
        let ms = (total.saturating_mul(1000) + ours * theirs / 2) / (ours * theirs);
        let ms = u64::try_from(ms).ok().filter(|ms| *ms > 0)?;
        Some(Length { ms, exact: exact || within })
    }
}

impl Track {
    /// How much of the media an edit that begins at `from` leaves out: positions count from the
    /// first sample's decoding, which is no part of the presentation.
    fn skipped(&self, from: u64) -> u64 {
        match self.delay {
            Some(delay) => from.saturating_sub(delay),
            // Less than a second is hardly anything else.
            None if from < self.timescale => 0,
            None => from,
        }
    }
}

fn read_edits(bytes: &Bytes, edts: &Header, track: &mut Track) -> Read<()> {
    let mut boxes = Boxes::of(bytes, edts);
    while let Some(header) = boxes.next()? {
        if header.kind != *b"elst" {
            continue;
        }
        let (version, count) = boxes::full(bytes, &header, 4)?;
        let (count, wide) = (be(count), version == 1);
        let each = if wide { 20 } else { 12 };
        // Of a list that was cut off, players take what is there.
        let count = count.min(header.end.saturating_sub(header.payload + 8) / each);
        if count > EDITS_MAX {
            return Ok(());
        }
        let list = bytes.get(header.payload + 8, (count * each) as usize)?;
        track.edits = list.chunks(each as usize).map(|edit| read_edit(edit, wide)).collect();
    }
    Ok(())
}

fn read_edit(edit: &[u8], wide: bool) -> Edit {
    let (duration, from, rate) = if wide {
        (be(&edit[..8]), boxes::known(&edit[8..16]), &edit[16..])
    } else {
        (be(&edit[..4]), boxes::known(&edit[4..8]), &edit[8..])
    };
    Edit { duration, from, still: rate.iter().all(|byte| *byte == 0) }
}

fn read_media(bytes: &Bytes, mdia: &Header, track: &mut Track) -> Read<()> {
    let mut boxes = Boxes::of(bytes, mdia);
    while let Some(header) = boxes.next()? {
        match &header.kind {
            b"mdhd" => (track.timescale, track.stated) = boxes::timed(bytes, &header)?,
            b"hdlr" => {
                track.kind = match &boxes::full(bytes, &header, 8)?.1[4..] {
                    b"vide" => Kind::Picture,
                    b"soun" => Kind::Sound,
                    _ => Kind::Other,
                }
            }
            b"minf" => {
                let mut boxes = Boxes::of(bytes, &header);
                while let Some(header) = boxes.next()? {
                    if header.kind == *b"stbl" {
                        return read_tables(bytes, &header, track);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads the descriptions of the samples, and how long they last if that is already there.
fn read_tables(bytes: &Bytes, stbl: &Header, track: &mut Track) -> Read<()> {
    let mut boxes = Boxes::of(bytes, stbl);
    let mut described = false;
    loop {
        let header = match boxes.next() {
            Ok(Some(header)) => header,
            Err(Stop::Need { .. }) if described => return Ok(()),
            Ok(None) => {
                track.delay = Some(0);
                return Ok(());
            }
            Err(stop) => return Err(stop),
        };
        match &header.kind {
            b"stsd" => {
                track.codecs = sample_entry::read_all(bytes, &header, track.kind)?;
                track.bit_rate = sample_entry::bit_rate(bytes, &header, track.kind);
                described = true;
            }
            b"stts" => track.samples = read_durations(bytes, &header),
            b"ctts" => {
                track.delay = read_delay(bytes, &header);
                return Ok(());
            }
            _ => {}
        }
    }
}

/// The sum of all durations; `None` if not all of the table is there.
fn read_durations(bytes: &Bytes, stts: &Header) -> Option<u64> {
    let count = be(boxes::full(bytes, stts, 4).ok()?.1);
    let len = count.checked_mul(8).filter(|len| stts.payload + 8 + len <= stts.end)?;
    let table = bytes.get(stts.payload + 8, usize::try_from(len).ok()?).ok()?;
    let durations = table.chunks(8).map(|run| be(&run[..4]).saturating_mul(be(&run[4..])));
    Some(durations.fold(0, u64::saturating_add))
}

/// By the first run of samples; those of version 1 may be presented before they are decoded.
fn read_delay(bytes: &Bytes, ctts: &Header) -> Option<u64> {
    let (_, table) = boxes::full(bytes, ctts, 12).ok()?;
    let delay = be(&table[8..]);
    Some(if delay >> 31 == 0 { delay } else { 0 })
}
