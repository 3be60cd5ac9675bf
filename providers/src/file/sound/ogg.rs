//! Ogg: the codecs on its first pages, the length by its last ones, and where its clock begins.

use super::super::bytes::{Bytes, Read, Stop, le};
use super::super::contents::{Contents, Length, Refusal, START_MIN_MS};
use super::ogg_clock::Clock;

/// The most streams that a file begins with.
const STREAMS_MAX: usize = 8;
/// The most pages of headers that follow the first ones.
const HEADER_PAGES_MAX: usize = 16;
/// How much of the end is read at first, and at most: the longest page, and one byte less.
const TAIL_BYTES: [u64; 2] = [8 * 1024, 130 * 1024];
/// How much of the middle is read: the longest page and the head of the next.
const MIDDLE_BYTES: u64 = 66 * 1024;
/// Files that are too short for the middle to tell anything, in bytes.
const SHORT_BYTES: u64 = 32 * 1024;
const PAGE_BYTES: usize = 27;
/// The most of a first packet that is read.
const PACKET_BYTES_MAX: usize = 64;

/// A stream, and how its pages tell the time, if they do.
struct Stream {
    serial: u64,
    clock: Option<Clock>,
}

/// The head of a page.
struct Page<'a> {
    /// Where the packets begin.
    body: u64,
    /// How long they are.
    len: usize,
    /// The time of the last packet that ends here, as its stream counts it; `None` if none ends here.
    granule: Option<u64>,
    serial: u64,
    /// The lengths of the parts that packets are made of: a part of less than 255 bytes ends one.
    parts: &'a [u8],
}

/// Reads the file whose first page is at `at`.
pub(super) fn read(bytes: &Bytes, mut at: u64, contents: &mut Contents) -> Read<()> {
    let mut streams = vec![];
    for _ in 0..STREAMS_MAX {
        let head = bytes.get(at, PAGE_BYTES)?;
        let is_first = head[..4] == *b"OggS" && head[5] & 2 != 0;
        if !is_first {
            break;
        }
        let page = Page::at(bytes, at)?;
        let packet = bytes.get(page.body, page.len.min(PACKET_BYTES_MAX))?;
        let (kind, codec, clock) = Clock::describe(packet);
        contents.add(kind, codec);
        let clock = clock.filter(|clock| clock.per_second() > 0);
        streams.push(Stream { serial: page.serial, clock });
        at = page.body + page.len as u64;
    }
    contents.complete = true;
    match (contents.has_picture(), contents.has_sound()) {
        (Some(false), Some(false)) => return Err(Stop::Refused(Refusal::Empty)),
        (Some(true), _) => contents.mime = "video/ogg",
        _ => {}
    }
    if let [Stream { serial, clock: Some(clock) }] = streams[..] {
        let start = find_start(bytes, at, serial, clock)?;
        if clock.ms(start) >= START_MIN_MS {
            contents.begins_at(start, clock.per_second());
        }
    }
    contents.length = find_length(bytes, &streams, contents.start_ms())?;
    Ok(())
}

/// The time at which the first sample is heard, by the first page that holds sound.
fn find_start(bytes: &Bytes, mut at: u64, serial: u64, clock: Clock) -> Read<u64> {
    for _ in 0..HEADER_PAGES_MAX {
        let page = match Page::at(bytes, at) {
            Err(Stop::End) => break,
            page => page?,
        };
        let granule = page.granule.filter(|granule| *granule > 0);
        let Some(granule) = granule.filter(|_| page.serial == serial) else {
            at = page.body.saturating_add(page.len as u64);
            continue;
        };
        let packets = page.parts.iter().filter(|part| **part < 255).count() as u64;
        // Most files begin at 0, which the number of packets alone shows.
        let latest_ms = clock.ms(clock.usual(packets)).saturating_add(START_MIN_MS);
        if clock.ms(granule) < latest_ms {
            return Ok(0);
        }
        let body = match bytes.get(page.body, page.len) {
            Err(Stop::End) => break,
            body => body?,
        };
        return Ok(granule.saturating_sub(clock.samples(page.packets(body))));
    }
    Ok(0)
}

/// By the last page of each stream: the longest counts. An estimate if other streams follow, or the
/// middle shows that it's only a part; `None` if nothing tells.
fn find_length(bytes: &Bytes, streams: &[Stream], start_ms: u64) -> Read<Option<Length>> {
    let Some(total) = bytes.total else { return Ok(None) };
    let timed = streams.iter().filter(|stream| stream.clock.is_some()).count();
    let (mut longest_ms, mut is_last) = (None, false);
    for tail in TAIL_BYTES {
        let at = total.saturating_sub(tail);
        let part = bytes.get(at, (total - at) as usize)?;
        let last = |stream: &Stream| pages(part).filter_map(|page| stream.ms(&page)).last();
        let ends: Vec<u64> = streams.iter().filter_map(last).collect();
        longest_ms = ends.iter().max().map(|ms| ms.saturating_sub(start_ms));
        let is_known = |page: Page<'_>| streams.iter().any(|stream| stream.serial == page.serial);
        is_last = pages(part).last().is_some_and(is_known);
        if ends.len() == timed || at == 0 {
            break;
        }
    }
    let by_pages = longest_ms.and_then(|ms| Length::of(ms, 1000, is_last));
    if total < SHORT_BYTES || timed == 0 {
        return Ok(by_pages);
    }
    let guess_ms = guess_by_middle(bytes, streams, start_ms, total)?;
    Ok(match (longest_ms, guess_ms) {
        (Some(ms), Some(guess)) if is_last && guess.abs_diff(ms) <= ms / 3 => by_pages,
        // The times start anew where files were joined.
        (longest, guess) => longest.max(guess).and_then(|ms| Length::of(ms, 1000, false)),
    })
}

/// How long all would last if it went on as it does up to the first page behind the middle.
fn guess_by_middle(
    bytes: &Bytes,
    streams: &[Stream],
    start_ms: u64,
    total: u64,
) -> Read<Option<u64>> {
    let at = total / 2;
    let part = bytes.get(at, MIDDLE_BYTES.min(total - at) as usize)?;
    let found = pages(part).find_map(|page| {
        let ms = streams.iter().find_map(|stream| stream.ms(&page))?;
        Some((ms.saturating_sub(start_ms), at + page.body + page.len as u64))
    });
    Ok(found.and_then(|(ms, end)| {
        u64::try_from(u128::from(ms) * u128::from(total) / u128::from(end)).ok()
    }))
}

/// The pages that are whole in `part`, wherever it begins.
fn pages(part: &[u8]) -> impl Iterator<Item = Page<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at + PAGE_BYTES <= part.len() {
            let page = Page::of(&part[at..], at as u64);
            let end = page.as_ref().map(|page| page.body as usize + page.len);
            match (page, end.filter(|end| *end <= part.len())) {
                (Some(page), Some(end)) => {
                    at = end;
                    return Some(page);
                }
                _ => at += 1,
            }
        }
        None
    })
}

impl Stream {
    /// The time on a page of this stream, in milliseconds.
    fn ms(&self, page: &Page<'_>) -> Option<u64> {
        let granule = page.granule.filter(|_| page.serial == self.serial)?;
        Some(self.clock?.end_ms(granule))
    }
}

impl<'a> Page<'a> {
    fn at(bytes: &'a Bytes, at: u64) -> Read<Self> {
        let parts = usize::from(bytes.get(at, PAGE_BYTES)?[26]);
        Self::of(bytes.get(at, PAGE_BYTES + parts)?, at).ok_or(Stop::End)
    }

    /// The page that `head` begins with, which is at `at`; `None` if it begins with something else or is
    /// too short.
    fn of(head: &'a [u8], at: u64) -> Option<Self> {
        if !head.starts_with(b"OggS\0") {
            return None;
        }
        let parts = head.get(PAGE_BYTES..PAGE_BYTES + usize::from(*head.get(26)?))?;
        let granule = Some(le(&head[6..14])).filter(|granule| *granule != u64::MAX);
        let len = parts.iter().map(|part| usize::from(*part)).sum();
        let (body, serial) = (at + (PAGE_BYTES + parts.len()) as u64, le(&head[14..18]));
        Some(Self { body, len, granule, serial, parts })
    }

    /// The packets that end on this page, which holds `body`.
    fn packets<'b>(&self, body: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
        let (mut from, mut at) = (0, 0);
        let ends = self.parts.iter().filter_map(move |part| {
            at += usize::from(*part);
            (*part < 255).then_some(at)
        });
        ends.filter_map(move |end| body.get(std::mem::replace(&mut from, end)..end))
    }
}
