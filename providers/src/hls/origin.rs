//! Reads where the timeline of a playlist begins: the first timestamp of each discontinuity.
//!
//! The durations in a playlist may be nominal, and players place what they load by the first piece
//! that they happen to get. The media's own timestamps are the same for every player. What can't be
//! read (encrypted, without timestamps, refused) is left out, and the source says so.

use std::ops::Range;

use engine::{Origin, Position, Reading, Span, Timeline, TimelineKind};
use url::Url;

use super::media::{Media, Segment};
use super::pieces::{Bytes, Piece, Pieces};
use super::resolve_uri;
use crate::egress::{Egress, Request, Response};
use crate::error::Failure;
use crate::source::EXTRAS_DEADLINE;
use crate::timestamp::{self, Init, Stamp};

/// Bytes read of a piece or of a header.
pub(super) const HEAD_BYTES: usize = 8 * 1024;
/// Requests in all, that for the first piece included.
const REQUESTS_MAX: usize = 8;
/// Timestamps of MPEG-TS start over after so many units.
const WRAP: i64 = 1 << 33;
/// A stated duration may be off by this fraction of it. Beyond that, the second piece must be off by the same
/// factor; otherwise the timestamps have jumped without a discontinuity tag.
const LENGTH_OFF_PART: u64 = 4;

/// A length that is off by less is as the playlist states it, in microseconds.
const LENGTH_SAME_US: u64 = 1_000;

/// Where a timeline begins and ends.
#[derive(Debug, Default)]
pub(super) struct Origins {
    pub(super) timeline: Timeline,
    /// Where it ends, in milliseconds, if that was read and differs from what the playlist states.
    pub(super) end_ms: Option<u64>,
}

/// The range of the first bytes of a piece that begins at `first_byte`.
pub(super) fn head_from(first_byte: u64) -> Range<u64> {
    first_byte..first_byte.saturating_add(HEAD_BYTES as u64)
}

/// Reads the origins of a playlist's discontinuities; `probed` is the segment that was probed, and its
/// first bytes. A live playlist with dates needs none. What isn't read in time is left for later.
pub(super) async fn read(
    egress: &Egress,
    base: &Url,
    media: &Media,
    probed: (&Segment, &Response),
) -> Origins {
    let egress = &egress.within(EXTRAS_DEADLINE);
    let mut reader = Reader { egress, base, requests: 1, map: None, cut_short: None };
    match reader.timeline(media, probed).await {
        Some(origins) => origins,
        // Positions of live media count from what is listed now, which a later look doesn't know.
        None if reader.cut_short.is_some() && media.live.is_none() => {
            Origins { timeline: Timeline::unread(), end_ms: None }
        }
        None => Origins::default(),
    }
}

/// Reads the origins of the discontinuity at `from` and of those after it; `media` was read for these.
/// Fails if even the first can't be read now, but may be later.
pub(super) async fn read_on(
    egress: &Egress,
    base: &Url,
    media: &Media,
    from: Position,
) -> Result<Reading, Failure> {
    let egress = &egress.within(EXTRAS_DEADLINE);
    let mut reader = Reader { egress, base, requests: 0, map: None, cut_short: None };
    let reading = reader.read(media, from, None).await;
    match reader.cut_short.filter(|_| !reading.span.contains(from)) {
        Some(failure) => Err(failure),
        None => Ok(reading),
    }
}

fn origin(piece: &Piece, stamp: Stamp) -> Origin {
    Origin {
        discontinuity: piece.discontinuity,
        start: position(piece.start_us),
        timestamp: stamp.value,
        timescale: stamp.timescale,
    }
}

fn position(us: u64) -> Position {
    Position::from_millis(us / 1_000)
}

struct Reader<'a> {
    egress: &'a Egress,
    base: &'a Url,
    requests: usize,
    /// The last header that was read; most playlists have one.
    map: Option<(Bytes, Option<Init>)>,
    /// Why something couldn't be read that may be read later.
    cut_short: Option<Failure>,
}

impl Reader<'_> {
    /// The timeline, if the first timestamp of all can be read: later ones keep their places without
    /// those before them, but the first must be known.
    async fn timeline(
        &mut self,
        media: &Media,
        (probed, response): (&Segment, &Response),
    ) -> Option<Origins> {
        let first = media.pieces.first.first();
        let first = first.filter(|first| !media.is_dated() && !first.is_encrypted)?;
        let is_live = media.live.is_some();
        let asked;
        let head = if probed.uri == first.bytes.uri && response.start == start_of(&first.bytes) {
            &response.body
        } else if is_live {
            // The newest was probed, for the oldest may be gone.
            asked = self.head(&first.bytes).await?;
            &asked
        } else {
            return None;
        };
        self.first_stamp(first, Some(head)).await?;
        let Reading { origins, span } = self.read(media, Position::START, Some(head)).await;
        let is_read = !is_live && self.is_end_worth_reading(media, first, head);
        let end_ms = if is_read { self.end_ms(media, &origins).await } else { None };
        let mut timeline = Timeline::of(TimelineKind::Media, origins);
        // A later look at live media would count from elsewhere.
        if !is_live && span.until < Span::END {
            timeline.read = vec![span];
        }
        Some(Origins { timeline, end_ms })
    }

    /// The origins of the discontinuities from `from` on whose first pieces `media` has, as far as
    /// requests and time are left; `head` are the first bytes of the first piece if they are there already.
    async fn read(&mut self, media: &Media, from: Position, mut head: Option<&[u8]>) -> Reading {
        let Pieces { first, more_us, .. } = &media.pieces;
        let begins = first.first().map_or(from, |piece| position(piece.start_us).min(from));
        let (mut origins, mut ends_us) = (Vec::new(), *more_us);
        for piece in first {
            let head = head.take();
            if head.is_none() && self.requests + self.cost_of(piece) > REQUESTS_MAX {
                ends_us = Some(piece.start_us);
                break;
            }
            let stamp = self.first_stamp(piece, head).await;
            if stamp.is_none() && self.cut_short.is_some() {
                ends_us = Some(piece.start_us);
                break;
            }
            origins.extend(stamp.map(|stamp| origin(piece, stamp)));
        }
        Reading { origins, span: Span::new(begins, ends_us.map_or(Span::END, position)) }
    }

    /// How many requests the timestamp of a piece takes.
    fn cost_of(&self, piece: &Piece) -> usize {
        let is_known = |map: &Bytes| self.map.as_ref().is_some_and(|(known, _)| known == map);
        match &piece.map {
            _ if piece.is_encrypted => 0,
            Some(map) if !is_known(map) => 2,
            _ => 1,
        }
    }

    /// The first timestamp of a piece; `head` are its first bytes if they are there already.
    async fn first_stamp(&mut self, piece: &Piece, head: Option<&[u8]>) -> Option<Stamp> {
        if piece.is_encrypted {
            return None;
        }
        let init = match &piece.map {
            Some(map) => Some(self.init(map).await?),
            None => None,
        };
        match head {
            Some(head) => timestamp::first(head, init.as_ref()),
            None => timestamp::first(&self.head(&piece.bytes).await?, init.as_ref()),
        }
    }

    async fn init(&mut self, map: &Bytes) -> Option<Init> {
        if let Some((_, init)) = self.map.as_ref().filter(|(known, _)| known == map) {
            return *init;
        }
        let init = self.head(map).await.and_then(|head| Init::read(&head));
        self.map = Some((map.clone(), init));
        init
    }

    /// The first bytes of a piece or header.
    async fn head(&mut self, bytes: &Bytes) -> Option<Vec<u8>> {
        if self.requests >= REQUESTS_MAX {
            return None;
        }
        self.requests += 1;
        let url = resolve_uri(self.base, &bytes.uri).ok()?;
        let start = start_of(bytes);
        let mut range = head_from(start);
        if let Some(whole) = &bytes.range {
            range.end = range.end.min(whole.end);
        }
        let request = Request::probe(&url, range, HEAD_BYTES).named_by(self.base);
        let response = match self.egress.fetch(&request).await {
            Ok(response) => response,
            Err(failure) => {
                self.cut_short = Some(failure).filter(|failure| failure.kind.is_temporary());
                return None;
            }
        };
        (response.start == start).then_some(response.body)
    }

    /// Whether the playlist's durations are nominal, so that the end of the media is worth another request. In
    /// fragmented MP4, whose origin takes two already, that of the first piece has to be far off, too.
    fn is_end_worth_reading(&self, media: &Media, first: &Piece, head: &[u8]) -> bool {
        let Some(map) = &first.map else { return media.pieces.is_nominal };
        let init = self.map.as_ref().filter(|(known, _)| known == map).and_then(|(_, init)| *init);
        let lasts_us = init.and_then(|init| timestamp::fragment_us(head, &init));
        lasts_us
            .is_some_and(|us| us.abs_diff(first.duration_us) > first.duration_us / LENGTH_OFF_PART)
    }

    /// Where the media ends, if that isn't what the playlist states: what it states for the last piece alone is
    /// nearly exact.
    async fn end_ms(&mut self, media: &Media, origins: &[Origin]) -> Option<u64> {
        let last = media.pieces.last.as_ref()?;
        let begins = origins.iter().find(|one| one.discontinuity == last.discontinuity)?;
        let (told_us, passed_us) = self.told_and_passed_us(last, begins).await?;
        if passed_us.abs_diff(told_us) < LENGTH_SAME_US {
            return None;
        }
        let begins_us = begins.start.as_millis().checked_mul(1_000)?;
        let is_near = passed_us.abs_diff(told_us) <= told_us / LENGTH_OFF_PART;
        let duration_us = if is_near {
            last.duration_us
        } else {
            let second = media.pieces.second.as_ref();
            let second =
                second.filter(|one| one.discontinuity == last.discontinuity && *one != last)?;
            let (second_told_us, second_us) = self.told_and_passed_us(second, begins).await?;
            let expected_us = scaled(second_told_us, passed_us, told_us)?;
            if second_us.abs_diff(expected_us) > expected_us / LENGTH_OFF_PART {
                return None;
            }
            scaled(last.duration_us, passed_us, told_us)?
        };
        Some(begins_us.checked_add(passed_us)?.checked_add(duration_us)? / 1_000)
    }

    /// How long after the beginning of its discontinuity a piece begins, as the playlist tells and as its
    /// timestamp says, in microseconds.
    async fn told_and_passed_us(&mut self, piece: &Piece, begins: &Origin) -> Option<(u64, u64)> {
        let stamp = self.first_stamp(piece, None).await?;
        let told_us = piece.start_us.checked_sub(begins.start.as_millis() * 1_000)?;
        let units = stamp.value.checked_sub(begins.timestamp)?;
        let units = if piece.map.is_some() { units } else { units.rem_euclid(WRAP) };
        let passed_us = u64::try_from(units).ok()?.checked_mul(1_000_000)?;
        Some((told_us, passed_us / u64::from(stamp.timescale)))
    }
}

/// `us` times `part` by `whole`.
fn scaled(us: u64, part: u64, whole: u64) -> Option<u64> {
    let scaled = (u128::from(us) * u128::from(part)).checked_div(u128::from(whole))?;
    u64::try_from(scaled).ok()
}

fn start_of(bytes: &Bytes) -> u64 {
    bytes.range.as_ref().map_or(0, |range| range.start)
}
