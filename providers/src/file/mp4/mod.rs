//! MP4 and QuickTime: recognized by their boxes, measured by the tables of their tracks.

mod boxes;
mod fragments;
mod sample_entry;
#[cfg(test)]
mod tests;
mod track;

use super::bytes::{Bytes, Read, Stop};
use super::contents::{Contents, Kind, Length, Refusal, START_MIN_MS};
use boxes::{Boxes, Header};
use track::Track;

/// The kinds of box that a file may begin with.
const TOP_LEVEL: [[u8; 4]; 14] = [
    *b"ftyp", *b"styp", *b"moov", *b"mdat", *b"free", *b"skip", *b"wide", *b"pnot", *b"pdin",
    *b"sidx", *b"moof", *b"emsg", *b"prft", *b"uuid",
];
/// Brands of still images, which use the same boxes.
const STILL: [[u8; 4]; 7] = [*b"avif", *b"avis", *b"heic", *b"heix", *b"mif1", *b"msf1", *b"crx "];
/// Requests for a file with its index in front, …
const FRONT_REQUESTS: usize = 2;
/// … unless its size tells that it is cut off.
const DOUBTFUL_REQUESTS: usize = 3;
/// The longest head of a box.
const HEAD_BYTES: usize = 16;
/// Bit rates are rounded: what is missing of the media may be this part of it and still be nothing.
const ROUNDED_PART: u64 = 200;
/// How far the lengths of two headers may be apart and still agree.
const AGREE_MS: u64 = 50;

/// What `moov` says.
#[derive(Debug, Default)]
struct Movie {
    timescale: u64,
    /// By its header.
    stated: Option<Length>,
    tracks: Vec<Track>,
    /// Whether the media is in fragments.
    fragmented: bool,
    /// With all fragments, in units of the timescale, as `mehd` states it.
    with_fragments: Option<u64>,
    /// Whether every track was seen.
    complete: bool,
}

/// The boxes of media that were seen.
#[derive(Debug, Default)]
struct Media {
    /// Whether there is any.
    found: bool,
    /// Whether the file ends before one does.
    cut_off: bool,
}

/// Whether a file that starts with `head` consists of boxes; still images don't count.
pub(super) fn sniff(head: &[u8]) -> bool {
    let mut bytes = Bytes::of(None);
    bytes.add(0, head.to_vec());
    let mut boxes = Boxes::between(&bytes, 0, u64::MAX);
    let mut seen = 0;
    while let Ok(next) = boxes.next() {
        match next {
            Some(header) if TOP_LEVEL.contains(&header.kind) => seen += 1,
            Some(_) | None if seen == 0 => return false,
            // Junk may follow, which players skip.
            _ => break,
        }
    }
    let brand = head.get(8..12).filter(|_| head.get(4..8) == Some(b"ftyp"));
    seen > 0 && !brand.is_some_and(|brand| STILL.iter().any(|still| still == brand))
}

/// Reads the boxes as far as the bytes allow.
pub(super) fn read(bytes: &Bytes) -> (Contents, Read<()>) {
    let mut contents = Contents::new(mime(bytes));
    let outcome = read_file(bytes, &mut contents);
    if outcome.is_ok() && contents.has_picture() == Some(false) {
        contents.mime = "audio/mp4";
    }
    (contents, outcome)
}

/// The media type by the brand; without one it is a QuickTime file of old.
fn mime(bytes: &Bytes) -> &'static str {
    let mut boxes = Boxes::between(bytes, 0, u64::MAX);
    while let Ok(Some(header)) = boxes.next() {
        if header.kind == *b"ftyp" || header.kind == *b"styp" {
            return match bytes.get(header.payload, 4) {
                Ok(b"qt  ") => "video/quicktime",
                Ok(b"M4A " | b"M4B ") => "audio/mp4",
                _ => "video/mp4",
            };
        }
        if matches!(&header.kind, b"moov" | b"mdat" | b"wide" | b"pnot") {
            return "video/quicktime";
        }
    }
    "video/mp4"
}

fn read_file(bytes: &Bytes, contents: &mut Contents) -> Read<()> {
    let mut boxes = Boxes::between(bytes, 0, u64::MAX);
    let (mut pieces, mut media) = (false, Media::default());
    let moov = loop {
        let next = match boxes.next() {
            // The file ends, or what follows is no box, before the film is described.
            Ok(None) | Err(Stop::End) if pieces => return Err(Stop::Refused(Refusal::Piece)),
            Ok(None) | Err(Stop::End) => return Err(Stop::Refused(Refusal::CutOff)),
            Err(stop) => return Err(stop),
            Ok(Some(header)) => header,
        };
        match &next.kind {
            b"moov" => break next,
            b"moof" => pieces = true,
            b"mdat" => media.note(bytes, &next),
            _ => {}
        }
    };
    let movie = match read_movie(bytes, &moov) {
        Err(Stop::End) => return Err(Stop::Refused(Refusal::CutOff)),
        other => other?,
    };
    describe(&movie, contents)?;
    if movie.fragmented && !lacks_fragments(&movie, &moov, bytes)? {
        contents.length = movie.stated_with_fragments();
        let fragments = fragments::read(&mut boxes, bytes)?;
        contents.length = fragments.length.or(contents.length);
        return match fragments.first {
            Some(first) => read_start(bytes, &movie, &first, contents),
            None => Ok(()),
        };
    }
    contents.length = movie.length();
    start_behind_pauses(&movie, contents);
    while let Some(next) = boxes.next().transpose() {
        match next {
            Ok(next) if next.kind == *b"mdat" => media.note(bytes, &next),
            Ok(_) => {}
            Err(Stop::Need { at, .. }) if !media.found => {
                return doubt_length(bytes, &movie, &moov, at, contents);
            }
            // What lies further on isn't worth a request.
            Err(_) => break,
        }
    }
    if !media.found {
        return Err(Stop::Refused(Refusal::CutOff));
    }
    if media.cut_off {
        // Fewer samples are there than the tables list, and nothing tells how many.
        contents.length = None;
    }
    Ok(())
}

/// Makes the length an estimate until the head of the media, at `at`, tells whether all of it is there. That is worth a
/// request, unless the index took as many; then it is enough that the file isn't too short.
fn doubt_length(
    bytes: &Bytes,
    movie: &Movie,
    moov: &Header,
    at: u64,
    contents: &mut Contents,
) -> Read<()> {
    let seems_whole = seems_whole(movie, moov, bytes);
    let most = if seems_whole == Some(false) { DOUBTFUL_REQUESTS } else { FRONT_REQUESTS };
    let asks = bytes.parts() < most;
    if asks || seems_whole != Some(true) {
        contents.length = contents.length.map(|length| Length { exact: false, ..length });
    }
    if asks { Err(Stop::Need { at, len: HEAD_BYTES }) } else { Ok(()) }
}

/// Whether a film announces fragments and has none, as some programs leave it: its index lists samples, and no
/// fragment follows.
fn lacks_fragments(movie: &Movie, moov: &Header, bytes: &Bytes) -> Read<bool> {
    if !movie.playing().any(Track::lists_samples) {
        return Ok(false);
    }
    let mut boxes = Boxes::between(bytes, moov.end, u64::MAX);
    loop {
        match boxes.next() {
            Ok(Some(next)) if matches!(&next.kind, b"moof" | b"sidx") => return Ok(false),
            Ok(Some(_)) => {}
            Ok(None) | Err(Stop::End) => return Ok(true),
            // Further requests would cost more than a wrong length.
            Err(Stop::Need { .. }) if bytes.parts() >= FRONT_REQUESTS => return Ok(false),
            Err(stop) => return Err(stop),
        }
    }
}

/// Notes where the clock begins of a film whose tracks all begin with a pause, which is no part of its length: elements
/// begin behind the shortest.
fn start_behind_pauses(movie: &Movie, contents: &mut Contents) {
    let begins = movie.begins();
    if begins >= (movie.timescale * START_MIN_MS / 1000).max(1) {
        contents.begins_at(begins, movie.timescale);
        contents.take_off(contents.start_ms());
    }
}

/// Notes where the clock begins of a film that is all in fragments, of which `first` is the head of the first.
fn read_start(bytes: &Bytes, movie: &Movie, first: &Header, contents: &mut Contents) -> Read<()> {
    let of_kind = |kind| movie.tracks.iter().find(|track| track.kind == kind);
    let track = of_kind(Kind::Picture).or_else(|| of_kind(Kind::Sound));
    let Some(track) = track.filter(|track| !track.has_samples()) else { return Ok(()) };
    let stamp = match fragments::first_stamp(bytes, track, first) {
        // The file was cut off there.
        Err(Stop::End) => None,
        stamp => stamp?,
    };
    let Some(stamp) = stamp else { return Ok(()) };
    let begins = u64::try_from(stamp.saturating_add(track.shift(movie.timescale))).unwrap_or(0);
    if begins >= track.timescale * START_MIN_MS / 1000 {
        contents.begins_at(begins, track.timescale);
    }
    Ok(())
}

/// Whether what follows `moov` is as long as all samples, by the bit rates that their descriptions state; `None` if they
/// state none.
fn seems_whole(movie: &Movie, moov: &Header, bytes: &Bytes) -> Option<bool> {
    let stated = movie.playing().map(Track::bytes).try_fold(0u64, |sum, len| sum.checked_add(len?));
    let there = bytes.total?.saturating_sub(moov.end);
    stated.map(|stated| there >= stated - stated / ROUNDED_PART)
}

/// Reads `moov`, but nothing more of it once a picture and sound were seen.
fn read_movie(bytes: &Bytes, moov: &Header) -> Read<Movie> {
    let mut movie = Movie::default();
    let mut boxes = Boxes::of(bytes, moov);
    loop {
        let header = match boxes.next() {
            Ok(Some(header)) => header,
            Ok(None) => break,
            Err(Stop::Need { .. }) if movie.is_enough() => return Ok(movie),
            // It extends to the end of the file.
            Err(Stop::End) if moov.end == u64::MAX => break,
            Err(stop) => return Err(stop),
        };
        match &header.kind {
            b"mvhd" => {
                let (timescale, units) = boxes::timed(bytes, &header)?;
                movie.timescale = timescale;
                movie.stated = units.and_then(|units| Length::of(units, timescale, false));
            }
            b"trak" => match track::read(bytes, &header) {
                Ok(track) => movie.tracks.push(track),
                Err(Stop::Need { .. }) if movie.is_enough() => return Ok(movie),
                Err(stop) => return Err(stop),
            },
            b"mvex" => read_mvex(bytes, &header, &mut movie)?,
            b"cmov" => return Err(Stop::Refused(Refusal::PackedIndex)),
            b"pssh" => return Err(Stop::Refused(Refusal::Encrypted)),
            _ => {}
        }
    }
    movie.complete = true;
    Ok(movie)
}

fn read_mvex(bytes: &Bytes, mvex: &Header, movie: &mut Movie) -> Read<()> {
    movie.fragmented = true;
    let mut boxes = Boxes::of(bytes, mvex);
    while let Some(header) = boxes.next()? {
        if header.kind == *b"mehd" {
            let version = bytes.get(header.payload, 1)?[0];
            let (_, units) = boxes::full(bytes, &header, if version == 0 { 4 } else { 8 })?;
            movie.with_fragments = boxes::known(units);
        }
    }
    Ok(())
}

/// Names the tracks that play: those enabled, or all if none is.
fn describe(movie: &Movie, contents: &mut Contents) -> Read<()> {
    contents.complete = movie.complete;
    for track in movie.playing() {
        for codec in &track.codecs {
            contents.add(track.kind, codec);
        }
    }
    if movie.complete && movie.playing().next().is_none() {
        return Err(Stop::Refused(Refusal::Empty));
    }
    Ok(())
}

impl Media {
    fn note(&mut self, bytes: &Bytes, mdat: &Header) {
        self.found = true;
        self.cut_off |= mdat.end != u64::MAX && bytes.total.is_some_and(|total| mdat.end > total);
    }
}

impl Movie {
    /// The tracks of picture and sound that are enabled, or all of them if none is.
    fn playing(&self) -> impl Iterator<Item = &Track> {
        let heard_or_seen = |track: &&Track| track.kind != Kind::Other;
        let any = self.tracks.iter().filter(heard_or_seen).any(|track| track.enabled);
        self.tracks.iter().filter(heard_or_seen).filter(move |track| track.enabled || !any)
    }

    /// Whether a picture and sound were seen, and both have their samples in this very index.
    fn is_enough(&self) -> bool {
        let has = |kind| self.tracks.iter().any(|track| track.kind == kind && track.has_samples());
        has(Kind::Picture) && has(Kind::Sound)
    }

    /// That of the longest track. One that wasn't seen may be longer, unless the header disagrees.
    fn length(&self) -> Option<Length> {
        let timescale = self.timescale;
        let longest = self.playing().filter_map(|track| track.length(timescale)).max();
        let Some(mut length) = longest else { return self.stated };
        let agrees = self.stated.is_some_and(|stated| stated.ms.abs_diff(length.ms) <= AGREE_MS);
        length.exact = (length.exact && self.complete) || agrees;
        Some(length)
    }

    /// When the first of its tracks is presented, in units of its timescale.
    fn begins(&self) -> u64 {
        self.playing().map(Track::paused).min().unwrap_or(0)
    }

    fn stated_with_fragments(&self) -> Option<Length> {
        Length::of(self.with_fragments?, self.timescale, false)
    }
}
