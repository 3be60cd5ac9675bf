//! The `file` provider: one MP4 or WebM file that a media element plays progressively.
//!
//! The durable id is the link itself. The duration comes from the container's own header, which a
//! walk over its boxes finds with a few small ranged requests.

mod mp4;
mod webm;

use async_trait::async_trait;
use engine::{
    Availability, Control, Cors, Delivery, DeliveryKind, DurationOrigin, Evidence, Position,
    Source, Timeline,
};
use url::Url;

use crate::egress::{Egress, PROBE_BYTES_MAX, Request, Response};
use crate::error::{Failure, ProviderError};
use crate::link::{extension, parse_link, title};
use crate::source::{Match, PlaybackSource};

/// Most requests that one inspection of a file makes.
const REQUESTS_MAX: usize = 6;
/// Bytes of the first request; the whole header of most files fits.
const FIRST_BYTES: u64 = 4096;
/// Bytes of each later request; a few box headers fit.
const NEXT_BYTES: u64 = 1024;

const EXTENSIONS: [&str; 6] = ["mp4", "m4v", "m4a", "mov", "webm", "mkv"];

/// The provider of single files: MP4, QuickTime, WebM and Matroska.
#[derive(Debug, Default)]
pub struct FileProvider;

/// What a walk over a container needs next.
#[derive(Debug, Eq, PartialEq)]
enum Step {
    /// More bytes, from this offset on.
    ReadAt(u64),
    /// Nothing: the walk is over. The duration in milliseconds, `None` if it isn't known.
    Done(Option<u64>),
}

/// Some bytes of a file, and their offset in it.
#[derive(Clone, Copy)]
struct Window<'a> {
    start: u64,
    bytes: &'a [u8],
}

enum Walk {
    Mp4(mp4::Walk),
    Webm(webm::Walk),
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
        resolve(egress, link).await.map_err(|failure| failure.at(self.id(), "resolve"))
    }

    async fn reopen(&self, egress: &Egress, stream_id: &str) -> Result<Source, ProviderError> {
        let reopened = async { resolve(egress, &parse_link(stream_id)?).await };
        reopened.await.map_err(|failure| failure.at(self.id(), "reopen"))
    }

    async fn check(&self, egress: &Egress, source: &Source) -> Result<Availability, ProviderError> {
        let checked = async { inspect(egress, &parse_link(&source.stream_id)?).await };
        checked.await.map_err(|failure| failure.at(self.id(), "check"))?;
        Ok(Availability::Available { evidence: Evidence::FirstBytes })
    }
}

async fn resolve(egress: &Egress, link: &Url) -> Result<Source, Failure> {
    let (response, mime, walk) = inspect(egress, link).await?;
    // A media element plays a file of another origin without CORS headers.
    let cors = if response.cors == Cors::Missing { Cors::NotNeeded } else { response.cors };
    let duration_ms = find_duration(egress, link, response, walk).await?;
    let mime = Some(mime.to_owned());
    Ok(Source {
        provider: "file".to_owned(),
        stream_id: link.to_string(),
        title: title(link),
        duration: duration_ms.map(Position::from_millis),
        duration_origin: DurationOrigin::Header,
        timeline: Timeline::OF_FILE,
        live: false,
        delivery: vec![Delivery { kind: DeliveryKind::File, url: link.to_string(), mime, cors }],
        renditions: vec![],
        text_tracks: vec![],
        audio_tracks: vec![],
        poster: None,
        control: Control::ELEMENT,
        availability: Availability::Available { evidence: Evidence::FirstBytes },
    })
}

/// Reads the start of the file; fails if it isn't a supported container.
async fn inspect(egress: &Egress, link: &Url) -> Result<(Response, &'static str, Walk), Failure> {
    let response = egress.fetch(&Request::probe(link, 0..FIRST_BYTES, PROBE_BYTES_MAX)).await?;
    match sniff(&response.body) {
        Some((mime, walk)) if response.start == 0 => Ok((response, mime, walk)),
        _ => Err(Failure::not_media(&response.body)),
    }
}

/// Walks the container until its duration is known, within the limits of one inspection.
async fn find_duration(
    egress: &Egress,
    link: &Url,
    first: Response,
    mut walk: Walk,
) -> Result<Option<u64>, Failure> {
    let mut budget = PROBE_BYTES_MAX.saturating_sub(first.body.len());
    let mut response = first;
    for _ in 1..REQUESTS_MAX {
        let window = Window { start: response.start, bytes: &response.body };
        let at = match walk.read(window) {
            Step::Done(duration_ms) => return Ok(duration_ms),
            Step::ReadAt(at) => at,
        };
        let past_end = response.total.is_some_and(|total| at >= total);
        if past_end || budget < NEXT_BYTES as usize {
            break;
        }
        let request = Request::probe(link, at..at.saturating_add(NEXT_BYTES), NEXT_BYTES as usize);
        response = egress.fetch(&request).await?;
        budget -= response.body.len();
    }
    match walk.read(Window { start: response.start, bytes: &response.body }) {
        Step::Done(duration_ms) => Ok(duration_ms),
        Step::ReadAt(_) => Ok(walk.give_up()),
    }
}

impl Walk {
    fn read(&mut self, window: Window<'_>) -> Step {
        match self {
            Self::Mp4(walk) => walk.read(window),
            Self::Webm(walk) => walk.read(window),
        }
    }

    /// The duration as far as it is known without more bytes.
    fn give_up(&self) -> Option<u64> {
        match self {
            Self::Mp4(walk) => walk.duration_ms(),
            Self::Webm(_) => None,
        }
    }
}

impl<'a> Window<'a> {
    /// The `len` bytes at offset `at` of the file, if the window holds them all.
    fn get(self, at: u64, len: usize) -> Option<&'a [u8]> {
        let from = usize::try_from(at.checked_sub(self.start)?).ok()?;
        self.bytes.get(from..from.checked_add(len)?)
    }
}

/// The media type and the walk for a file that starts with `head`.
fn sniff(head: &[u8]) -> Option<(&'static str, Walk)> {
    if let Some(mime) = mp4::sniff(head) {
        return Some((mime, Walk::Mp4(mp4::Walk::default())));
    }
    webm::sniff(head).map(|mime| (mime, Walk::Webm(webm::Walk::default())))
}
