//! The `file` adapter: one MP4 or WebM file that a media element plays progressively.
//!
//! The durable id is the link itself. Length comes from the container's own header, found by
//! walking its boxes with a few small ranged requests.

mod mp4;
mod webm;

use async_trait::async_trait;
use engine::{Availability, Control, Cors, Delivery, DeliveryKind, Evidence, Position, Source};
use url::Url;

use crate::egress::{Answer, Ask, Egress, PROBE_BYTES_MAX};
use crate::error::{ErrorKind, Failure, SourceError};
use crate::link::{extension, parse_link, title};
use crate::source::{Match, PlaybackSource};

/// Requests for one look at a file.
const REQUESTS_MAX: usize = 6;
/// Bytes of the first request: enough for the whole header of most files.
const FIRST_BYTES: u64 = 4096;
/// Bytes of each later request: a few headers.
const NEXT_BYTES: u64 = 1024;

const EXTENSIONS: [&str; 6] = ["mp4", "m4v", "m4a", "mov", "webm", "mkv"];

/// Plays single files: MP4, QuickTime, WebM and Matroska.
#[derive(Debug, Default)]
pub struct FileSource;

/// What a walk over a container wants next.
#[derive(Debug, Eq, PartialEq)]
enum Step {
    /// Bytes from this offset on.
    ReadAt(u64),
    /// Nothing: this is the length in milliseconds, or it isn't known.
    Done(Option<u64>),
}

/// Bytes of a file and where they stand in it.
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
impl PlaybackSource for FileSource {
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

    async fn resolve(&self, egress: &Egress, link: &Url) -> Result<Source, SourceError> {
        resolve(egress, link).await.map_err(|failure| failure.at(self.id(), "resolve"))
    }

    async fn reopen(&self, egress: &Egress, stream_id: &str) -> Result<Source, SourceError> {
        let reopened = async { resolve(egress, &parse_link(stream_id)?).await };
        reopened.await.map_err(|failure| failure.at(self.id(), "reopen"))
    }

    async fn check(&self, egress: &Egress, source: &Source) -> Result<Availability, SourceError> {
        let checked = async { look(egress, &parse_link(&source.stream_id)?).await };
        checked.await.map_err(|failure| failure.at(self.id(), "check"))?;
        Ok(Availability::Available { evidence: Evidence::FirstBytes })
    }
}

async fn resolve(egress: &Egress, link: &Url) -> Result<Source, Failure> {
    let (answer, mime, walk) = look(egress, link).await?;
    // A media element plays without cross-origin leave.
    let cors = if answer.cors == Cors::Missing { Cors::NotNeeded } else { answer.cors };
    let duration_ms = measure(egress, link, answer, walk).await?;
    let mime = Some(mime.to_owned());
    Ok(Source {
        provider: "file".to_owned(),
        stream_id: link.to_string(),
        title: title(link),
        duration: duration_ms.map(Position::from_millis),
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

async fn look(egress: &Egress, link: &Url) -> Result<(Answer, &'static str, Walk), Failure> {
    let answer = egress.fetch(&Ask::probe(link, 0..FIRST_BYTES, PROBE_BYTES_MAX)).await?;
    match sniff(&answer.body) {
        Some((mime, walk)) if answer.start == 0 => Ok((answer, mime, walk)),
        _ => Err(not_media(&answer.body)),
    }
}

/// Walks the container to its length, within the caps of one look.
async fn measure(
    egress: &Egress,
    link: &Url,
    first: Answer,
    mut walk: Walk,
) -> Result<Option<u64>, Failure> {
    let mut budget = PROBE_BYTES_MAX.saturating_sub(first.body.len());
    let mut answer = first;
    for _ in 1..REQUESTS_MAX {
        let window = Window { start: answer.start, bytes: &answer.body };
        let at = match walk.read(window) {
            Step::Done(duration_ms) => return Ok(duration_ms),
            Step::ReadAt(at) => at,
        };
        let past_end = answer.total.is_some_and(|total| at >= total);
        if past_end || budget < NEXT_BYTES as usize {
            break;
        }
        let ask = Ask::probe(link, at..at.saturating_add(NEXT_BYTES), NEXT_BYTES as usize);
        answer = egress.fetch(&ask).await?;
        budget -= answer.body.len();
    }
    match walk.read(Window { start: answer.start, bytes: &answer.body }) {
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

    /// The best answer without more bytes.
    fn give_up(&self) -> Option<u64> {
        match self {
            Self::Mp4(walk) => walk.duration_ms(),
            Self::Webm(_) => None,
        }
    }
}

impl<'a> Window<'a> {
    /// The `len` bytes at `at` of the file, if the window holds them all.
    fn get(self, at: u64, len: usize) -> Option<&'a [u8]> {
        let from = usize::try_from(at.checked_sub(self.start)?).ok()?;
        self.bytes.get(from..from.checked_add(len)?)
    }
}

fn sniff(head: &[u8]) -> Option<(&'static str, Walk)> {
    if let Some(mime) = mp4::sniff(head) {
        return Some((mime, Walk::Mp4(mp4::Walk::default())));
    }
    webm::sniff(head).map(|mime| (mime, Walk::Webm(webm::Walk::default())))
}

/// Says in words what a link that isn't media leads to.
pub(crate) fn not_media(head: &[u8]) -> Failure {
    let text = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head).trim_ascii_start();
    let detail = if text.starts_with(b"<") {
        "This link leads to a web page, not to media."
    } else {
        "This link doesn't lead to media that can be played here."
    };
    Failure::new(ErrorKind::Unsupported, detail)
}
