//! A request to make, and what came back.

use std::ops::Range;

use engine::Cors;
use reqwest::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_ENCODING, CONTENT_RANGE, HeaderName};
use reqwest::{Response, StatusCode};
use url::Url;

use super::{PROBE_ORIGIN, classify};
use crate::error::{ErrorKind, Failure};

/// A manifest is read whole up to this many bytes, or refused.
const MANIFEST_BYTES_MAX: usize = 2 * 1024 * 1024;
/// A probe stops reading after this many bytes.
pub(crate) const PROBE_BYTES_MAX: usize = 256 * 1024;

/// One request.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    pub(super) url: &'a Url,
    pub(super) named_by: Option<&'a Url>,
    pub(super) range: Option<Range<u64>>,
    cap: usize,
    over_cap: OverCap,
}

/// What to do with an answer longer than its cap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum OverCap {
    Stop,
    Refuse,
}

/// What came back: a success, read up to the cap.
#[derive(Debug)]
pub struct Answer {
    /// Where it came from after redirects; relative links in it start here.
    pub url: Url,
    /// Where in the whole file `body` starts, in bytes.
    pub start: u64,
    /// Length of the whole file in bytes, if the origin said.
    pub total: Option<u64>,
    /// Whether a page of another origin may read it.
    pub cors: Cors,
    /// The bytes.
    pub body: Vec<u8>,
}

impl<'a> Ask<'a> {
    /// Asks for a manifest of at most 2 MiB, whole.
    pub fn manifest(url: &'a Url) -> Self {
        let (cap, over_cap) = (MANIFEST_BYTES_MAX, OverCap::Refuse);
        Self { url, named_by: None, range: None, cap, over_cap }
    }

    /// Asks for some bytes of a file. An origin without ranges answers from the start instead, and
    /// is read no further than `cap` bytes (256 KiB at most).
    pub fn probe(url: &'a Url, range: Range<u64>, cap: usize) -> Self {
        // Invariant: a range holds at least one byte, so that its header can be written.
        let range = range.start..range.end.max(range.start.saturating_add(1));
        let cap = cap.min(PROBE_BYTES_MAX);
        Self { url, named_by: None, range: Some(range), cap, over_cap: OverCap::Stop }
    }

    /// Says that the link stood in an answer from `parent`, not in what a person pasted.
    pub fn named_by(mut self, parent: &'a Url) -> Self {
        self.named_by = Some(parent);
        self
    }
}

impl Answer {
    pub(super) async fn read(response: Response, url: Url, ask: &Ask<'_>) -> Result<Self, Failure> {
        judge_status(response.status())?;
        if header(&response, CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            let detail = "The server that holds this media sends it only compressed.";
            return Err(Failure::new(ErrorKind::Unsupported, detail));
        }
        let cors = read_cors(header(&response, ACCESS_CONTROL_ALLOW_ORIGIN));
        let (start, total) = if response.status() == StatusCode::PARTIAL_CONTENT {
            header(&response, CONTENT_RANGE).and_then(parse_content_range).unwrap_or((0, None))
        } else {
            (0, response.content_length())
        };
        let body = read_body(response, ask).await?;
        Ok(Self { url, start, total, cors, body })
    }
}

async fn read_body(mut response: Response, ask: &Ask<'_>) -> Result<Vec<u8>, Failure> {
    let too_large = || Failure::new(ErrorKind::TooLarge, "The playlist is too large.");
    let announced = response.content_length().unwrap_or(0);
    if ask.over_cap == OverCap::Refuse && announced > ask.cap as u64 {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(classify)? {
        let room = ask.cap - body.len();
        if chunk.len() <= room {
            body.extend_from_slice(&chunk);
            continue;
        }
        if ask.over_cap == OverCap::Refuse {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk[..room]);
        break;
    }
    Ok(body)
}

fn judge_status(status: StatusCode) -> Result<(), Failure> {
    let (kind, detail) = match status.as_u16() {
        200 | 206 => return Ok(()),
        404 => (ErrorKind::NotFound, "There is no media behind this link."),
        410 => (ErrorKind::Gone, "The media behind this link was removed."),
        401 | 403 | 407 | 451 => {
            (ErrorKind::Forbidden, "The server that holds this media doesn't give it out.")
        }
        408 | 504 => {
            (ErrorKind::Timeout, "The server that holds this media didn't answer in time.")
        }
        429 => (
            ErrorKind::RateLimited,
            "The server that holds this media is asked too often; try again a little later.",
        ),
        500.. => (ErrorKind::Unavailable, "The server that holds this media has a fault."),
        _ => (ErrorKind::Unsupported, "The server that holds this media refuses the request."),
    };
    Err(Failure::new(kind, detail))
}

fn header(response: &Response, name: HeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok().map(str::trim)
}

fn read_cors(allow_origin: Option<&str>) -> Cors {
    match allow_origin {
        Some("*") => Cors::Any,
        Some(origin) if origin == PROBE_ORIGIN => Cors::Origin,
        _ => Cors::Missing,
    }
}

/// Reads `bytes 0-99/1000` as (0, 1000); the total may be `*`.
fn parse_content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.parse().ok()?, total.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_kind() {
        for (status, code) in [
            (304, "media_unsupported"),
            (400, "media_unsupported"),
            (401, "media_forbidden"),
            (403, "media_forbidden"),
            (404, "media_not_found"),
            (408, "upstream_timeout"),
            (410, "media_gone"),
            (416, "media_unsupported"),
            (429, "upstream_rate_limited"),
            (451, "media_forbidden"),
            (500, "upstream_unavailable"),
            (503, "upstream_unavailable"),
            (504, "upstream_timeout"),
        ] {
            let failure = judge_status(StatusCode::from_u16(status).unwrap()).unwrap_err();
            assert_eq!(failure.kind.code(), code, "{status}");
        }
    }

    #[test]
    fn only_a_right_answer_lets_other_origins_read() {
        for (answer, cors) in [
            (Some("*"), Cors::Any),
            (Some(PROBE_ORIGIN), Cors::Origin),
            (Some("https://example.test"), Cors::Missing),
            (Some("*, *"), Cors::Missing),
            (Some("null"), Cors::Missing),
            (None, Cors::Missing),
        ] {
            assert_eq!(read_cors(answer), cors, "{answer:?}");
        }
    }

    #[test]
    fn a_content_range_is_read() {
        assert_eq!(parse_content_range("bytes 5-99/1000"), Some((5, Some(1000))));
        assert_eq!(parse_content_range("bytes 5-99/*"), Some((5, None)));
        assert_eq!(parse_content_range("bytes */1000"), None);
        assert_eq!(parse_content_range("items 0-1/2"), None);
    }
}
