//! The `file` provider: one file that a media element plays progressively: MP4, WebM and their
//! relatives, or sound alone.
//!
//! The durable id is the link itself. Length and codecs come from the container's own headers and
//! tables, which are found with a few small ranged requests.

mod bytes;
mod codec;
mod contents;
mod mp4;
#[cfg(test)]
mod simulated;
mod sound;
mod webm;

use async_trait::async_trait;
use engine::{
    Availability, Control, Cors, Delivery, DeliveryKind, DurationOrigin, Evidence, Origin,
    Position, Source, Timeline, TimelineKind,
};
use url::Url;

use crate::egress::{Egress, PROBE_BYTES_MAX, Request, Response};
use crate::error::{ErrorKind, Failure, ProviderError};
use crate::foreign;
use crate::link::{extension, parse_link, title};
use crate::source::{EXTRAS_DEADLINE, Match, PlaybackSource};
use bytes::{Bytes, Read, Stop};
use contents::{Contents, Start};

/// Most requests that one inspection of a file makes.
const REQUESTS_MAX: usize = 6;
/// Bytes of a request, unless more are needed in one piece: the header of most files fits.
const STEP_BYTES: usize = 4096;

const EXTENSIONS: [&str; 21] = [
    "mp4", "m4v", "m4a", "m4b", "mov", "qt", "3gp", "webm", "weba", "mkv", "mka", "mp3", "ogg",
    "oga", "ogv", "opus", "flac", "wav", "wave", "aac", "adts",
];

/// The provider of single files: MP4, QuickTime, WebM, Matroska, Ogg, MP3, AAC, FLAC and WAV.
#[derive(Debug, Default)]
pub struct FileProvider;

/// What kind of file it is, by its first bytes.
#[derive(Clone, Copy, Debug)]
enum Container {
    Mp4,
    Webm(&'static str),
    Sound(sound::Form),
}

#[async_trait]
impl PlaybackSource for FileProvider {
    fn id(&self) -> &'static str {
        "file"
    }

    fn matches(&self, link: &Url) -> Match {
        match link.scheme() {
            "http" | "https" if extension(link).is_some_and(|e| EXTENSIONS.contains(&&*e)) => {
                Match::Yes
            }
            "http" | "https" => Match::Maybe(50),
            _ => Match::No,
        }
    }

    fn recognizes(&self, head: &[u8]) -> bool {
        sniff(head).is_some()
    }

    async fn resolve(&self, egress: &Egress, link: &Url) -> Result<Source, ProviderError> {
        resolve(egress, link, None).await.map_err(|failure| failure.at(self.id(), "resolve"))
    }

    async fn resolve_from(
        &self,
        egress: &Egress,
        link: &Url,
        head: Response,
    ) -> Result<Source, ProviderError> {
        // Of a whole file more is read than was, since nothing else can be asked for.
        let head = Some(head).filter(|head| head.ranged);
        resolve(egress, link, head).await.map_err(|failure| failure.at(self.id(), "resolve"))
    }

    async fn reopen(&self, egress: &Egress, stream_id: &str) -> Result<Source, ProviderError> {
        let reopened = async { resolve(egress, &parse_link(stream_id)?, None).await };
        reopened.await.map_err(|failure| failure.at(self.id(), "reopen"))
    }

    async fn check(&self, egress: &Egress, source: &Source) -> Result<Availability, ProviderError> {
        let checked = async { inspect(egress, &parse_link(&source.stream_id)?, STEP_BYTES).await };
        checked.await.map_err(|failure| failure.at(self.id(), "check"))?;
        Ok(Availability::Available { evidence: Evidence::FirstBytes })
    }
}

/// Resolves a link; `head` is the answer to a request for its first bytes if there was one.
async fn resolve(egress: &Egress, link: &Url, head: Option<Response>) -> Result<Source, Failure> {
    let (response, container) = match head {
        Some(head) => identify(head)?,
        None => inspect(egress, link, PROBE_BYTES_MAX).await?,
    };
    // A media element plays a file of another origin without CORS headers.
    let cors = if response.cors == Cors::Missing { Cors::NotNeeded } else { response.cors };
    let sends_ranges = response.ranged || sends_ranges(egress, link, &response).await;
    // A media element reaches a position far ahead only by asking for its bytes.
    let control = Control { seek: sends_ranges, ..Control::ELEMENT };
    let contents = read_contents(egress, link, response, container, sends_ranges).await?;
    let is_exact = contents.length.is_some_and(|length| length.exact);
    let delivery = Delivery {
        kind: DeliveryKind::File,
        url: link.to_string(),
        mime: Some(contents.mime.to_owned()),
        cors,
        codecs: contents.codecs(),
        has_picture: contents.has_picture(),
        has_sound: contents.has_sound(),
    };
    Ok(Source {
        provider: "file".to_owned(),
        stream_id: link.to_string(),
        title: title(link),
        duration: contents.length.map(|length| Position::from_millis(length.ms)),
        duration_origin: if is_exact { DurationOrigin::Media } else { DurationOrigin::Header },
        timeline: timeline_of(&contents),
        live: false,
        live_edge: None,
        delivery: vec![delivery],
        renditions: vec![],
        text_tracks: vec![],
        audio_tracks: vec![],
        poster: None,
        control,
        availability: Availability::Available { evidence: Evidence::FirstBytes },
    })
}

/// What positions in a file count: its player's own clock, which may not begin at 0 and may not be exact.
fn timeline_of(contents: &Contents) -> Timeline {
    if contents.inexact {
        return Timeline::of(TimelineKind::Playlist, Vec::new());
    }
    let Some(Start { timestamp, timescale }) = contents.start else { return Timeline::OF_FILE };
    let origin = Origin { discontinuity: 0, start: Position::START, timestamp, timescale };
    Timeline::of(TimelineKind::Media, vec![origin])
}

/// Reads the start of the file, from an origin without ranges up to `cap` bytes; fails if it isn't a
/// supported container.
async fn inspect(
    egress: &Egress,
    link: &Url,
    cap: usize,
) -> Result<(Response, Container), Failure> {
    let first = Request::probe(link, 0..STEP_BYTES as u64, cap);
    identify(egress.fetch(&first).await?)
}

fn identify(response: Response) -> Result<(Response, Container), Failure> {
    match sniff(&response.body) {
        Some(container) if response.start == 0 => Ok((response, container)),
        _ => Err(Failure::not_media(&response.body)),
    }
}

/// Whether an origin that has sent the whole file, but says that it sends ranges, does so. Some send
/// everything as long as they don't hold it themselves, or if the range begins where the file does; players
/// ask for other ranges.
async fn sends_ranges(egress: &Egress, link: &Url, whole: &Response) -> bool {
    let middle = whole.total.map_or(STEP_BYTES as u64, |total| total / 2).max(1);
    whole.claims_ranges && egress.sends_byte(link, middle, None).await.unwrap_or(false)
}

/// Reads the container, fetching what that takes, within the limits of one inspection.
async fn read_contents(
    egress: &Egress,
    link: &Url,
    first: Response,
    container: Container,
    sends_ranges: bool,
) -> Result<Contents, Failure> {
    // Where the whole file was sent at first, that and the second ask come on top.
    let (mut requests, read) = if first.ranged { (1, first.body.len()) } else { (2, 0) };
    let mut budget = PROBE_BYTES_MAX.saturating_sub(read);
    let mut bytes = Bytes::of(first.total);
    bytes.add(first.start, first.body);
    let mut extras = None;
    loop {
        let (contents, outcome) = container.read(&bytes);
        let (at, len) = match outcome {
            Ok(()) | Err(Stop::End) => return Ok(contents),
            Err(Stop::Refused(refusal)) => return Err(refusal.into()),
            Err(Stop::Need { at, len }) => (at, len),
        };
        let step = len.max(STEP_BYTES);
        // Without ranges, each further response would only repeat the start.
        if !sends_ranges || requests == REQUESTS_MAX || step > budget {
            return Ok(contents);
        }
        let request = Request::probe(link, at..at.saturating_add(step as u64), step);
        // Optional reads have a time limit of their own and may fail.
        let is_extra = contents.is_enough();
        let egress = if is_extra {
            extras.get_or_insert_with(|| egress.within(EXTRAS_DEADLINE))
        } else {
            egress
        };
        let response = match egress.fetch(&request).await {
            Ok(response) => response,
            Err(_) if is_extra => return Ok(contents),
            // The file ends before, although its origin didn't say so.
            Err(failure) if failure.kind == ErrorKind::Unsupported => return Ok(contents),
            Err(failure) => return Err(failure),
        };
        requests += 1;
        budget = budget.saturating_sub(response.body.len());
        bytes.add(response.start, response.body);
        if bytes.get(at, len).is_err() {
            // The origin ignores ranges this time, or sends less than it said.
            return Ok(contents);
        }
    }
}

impl Container {
    /// Reads as much as the bytes allow, and says why it stopped.
    fn read(self, bytes: &Bytes) -> (Contents, Read<()>) {
        match self {
            Self::Mp4 => mp4::read(bytes),
            Self::Webm(mime) => webm::read(bytes, mime),
            Self::Sound(form) => sound::read(bytes, form),
        }
    }
}

/// The container of a file that starts with `head`.
fn sniff(head: &[u8]) -> Option<Container> {
    if mp4::sniff(head) {
        return Some(Container::Mp4);
    }
    let webm = || webm::sniff(head).map(Container::Webm);
    let sound = || sound::sniff(head).or_else(|| sound_behind(head)).map(Container::Sound);
    webm().or_else(sound)
}

/// Sound behind bytes that mean nothing; what is known to be something else may hold frames as well.
fn sound_behind(head: &[u8]) -> Option<sound::Form> {
    sound::sniff_behind(head).filter(|_| foreign::describe(head).is_none())
}
