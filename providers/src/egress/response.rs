//! The response to a request, read up to the request's size limit.

use std::error::Error;
use std::future::ready;
use std::io;
use std::iter::successors;

use engine::Cors;
use reqwest::StatusCode;
use reqwest::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE,
    HeaderName,
};
use url::Url;

use super::request::{OverCap, Request};
use super::turns::{SLICE_BYTES, Turns};
use super::{PROBE_ORIGIN, Take, classify};
use crate::error::{ErrorKind, Failure};

/// A successful response, read up to the cap.
#[derive(Debug)]
pub struct Response {
    /// The URL after redirects; relative links in the body resolve against it.
    pub url: Url,
    /// Whether the origin sent the range that was asked for, rather than the whole file.
    pub ranged: bool,
    /// Whether the origin says that it sends ranges, whatever it sent this time.
    pub claims_ranges: bool,
    /// Offset of `body` in the whole file, in bytes.
    pub start: u64,
    /// Length of the whole file in bytes, if the origin stated it.
    pub total: Option<u64>,
    /// Whether a page of another origin may read the response.
    pub cors: Cors,
    /// The media type that the origin states, in lower case and without parameters.
    pub mime: Option<String>,
    /// The bytes read; empty if they were streamed.
    pub body: Vec<u8>,
}

impl Response {
    /// Hands the body of a response to `request` that came from `url` to `take`; a status other than
    /// 200 and 206 is a failure. What is compressed in a way that the client knows arrives here
    /// decompressed, without its `Content-Encoding`.
    pub(super) async fn read(
        response: reqwest::Response,
        url: Url,
        request: &Request<'_>,
        turns: &Turns,
        take: &mut Take<'_>,
    ) -> Result<Self, Failure> {
        check_status(response.status(), is_of_nothing(&response))?;
        if header(&response, CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            let detail = "The server that holds this media compresses it in an unknown way.";
            return Err(Failure::new(ErrorKind::Unsupported, detail));
        }
        let cors = read_cors(header(&response, ACCESS_CONTROL_ALLOW_ORIGIN));
        let ranged = response.status() == StatusCode::PARTIAL_CONTENT;
        let (start, total) = if ranged {
            header(&response, CONTENT_RANGE).and_then(parse_content_range).unwrap_or((0, None))
        } else {
            (0, response.content_length())
        };
        let claims_ranges =
            header(&response, ACCEPT_RANGES).is_some_and(|unit| unit.eq_ignore_ascii_case("bytes"));
        let mime = header(&response, CONTENT_TYPE).map(media_type);
        read_body(response, request, turns, &mut |chunk| take(&url, chunk)).await?;
        Ok(Self { url, ranged, claims_ranges, start, total, cors, mime, body: vec![] })
    }
}

async fn read_body(
    mut response: reqwest::Response,
    request: &Request<'_>,
    turns: &Turns,
    take: &mut (dyn FnMut(&[u8]) -> Result<(), Failure> + Send),
) -> Result<(), Failure> {
    let too_large = || Failure::new(ErrorKind::TooLarge, "The playlist is too large.");
    let announced = response.content_length().unwrap_or(0);
    if request.over_cap == OverCap::Refuse && announced > request.cap as u64 {
        return Err(too_large());
    }
    let mut remaining = request.cap;
    let mut turn = turns.take().await;
    // Nothing is read beyond the cap of a probe, not even to see that there is more.
    while remaining > 0 || request.over_cap == OverCap::Refuse {
        let ready_now = tokio::select! {
            biased;
            chunk = response.chunk() => Some(chunk),
            () = ready(()) => None,
        };
        let chunk = match ready_now {
            Some(chunk) => chunk,
            // A body whose bytes haven't arrived keeps no other waiting.
            None => {
                drop(turn);
                let chunk = response.chunk().await;
                turn = turns.take().await;
                chunk
            }
        };
        let Some(chunk) = chunk.map_err(broken)? else { break };
        if chunk.len() > remaining && request.over_cap == OverCap::Refuse {
            return Err(too_large());
        }
        let kept = &chunk[..chunk.len().min(remaining)];
        remaining -= kept.len();
        for slice in kept.chunks(SLICE_BYTES) {
            take(slice)?;
            turn = turn.spend(slice.len()).await;
        }
    }
    Ok(())
}

/// Whether the response says that there are no bytes at all.
fn is_of_nothing(response: &reqwest::Response) -> bool {
    header(response, CONTENT_RANGE).is_some_and(|range| range.trim_start_matches("bytes ") == "*/0")
}

/// The kind of failure that ends a body before it is there: the server was reached.
fn broken(error: reqwest::Error) -> Failure {
    if error.is_timeout() {
        return classify(error);
    }
    let (kind, detail) = if is_miscoded(&error) {
        let detail = "The server that holds this media says that it compresses it, but doesn't.";
        (ErrorKind::Unsupported, detail)
    } else {
        (ErrorKind::Unavailable, "The server that holds this media broke off its answer.")
    };
    Failure::new(kind, detail).because(error.without_url())
}

/// Whether a body isn't compressed as its header says. One that broke off can't be decoded either.
fn is_miscoded(error: &reqwest::Error) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof,
    };
    let mut causes = successors(error.source(), |&cause| cause.source());
    let cause = causes.find_map(|cause| cause.downcast_ref::<io::Error>());
    let broke_off = [BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof];
    error.is_decode() && cause.is_some_and(|cause| !broke_off.contains(&cause.kind()))
}

fn check_status(status: StatusCode, is_of_nothing: bool) -> Result<(), Failure> {
    let (kind, detail) = match status.as_u16() {
        200 | 206 => return Ok(()),
        204 | 205 => {
            (ErrorKind::Unsupported, "The server that holds this media answers with nothing.")
        }
        416 if is_of_nothing => (ErrorKind::Unsupported, "This file is empty."),
        416 => (ErrorKind::Unsupported, "This file is shorter than the server that holds it says."),
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

fn header(response: &reqwest::Response, name: HeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok().map(str::trim)
}

fn media_type(value: &str) -> String {
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn read_cors(allow_origin: Option<&str>) -> Cors {
    match allow_origin {
        Some("*") => Cors::Any,
        Some(origin) if origin == PROBE_ORIGIN => Cors::Origin,
        _ => Cors::Missing,
    }
}

/// Parses `bytes 0-99/1000` as start 0 and total 1000; the total may be `*`.
fn parse_content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.parse().ok()?, total.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_maps_to_a_kind_of_error() {
        for (status, kind) in [
            (204, ErrorKind::Unsupported),
            (304, ErrorKind::Unsupported),
            (400, ErrorKind::Unsupported),
            (401, ErrorKind::Forbidden),
            (403, ErrorKind::Forbidden),
            (404, ErrorKind::NotFound),
            (408, ErrorKind::Timeout),
            (410, ErrorKind::Gone),
            (416, ErrorKind::Unsupported),
            (429, ErrorKind::RateLimited),
            (451, ErrorKind::Forbidden),
            (500, ErrorKind::Unavailable),
            (503, ErrorKind::Unavailable),
            (504, ErrorKind::Timeout),
        ] {
            let failure = check_status(StatusCode::from_u16(status).unwrap(), false).unwrap_err();
            assert_eq!(failure.kind, kind, "{status}");
        }
    }

    #[test]
    fn only_an_exact_header_lets_other_origins_read() {
        for (allow_origin, cors) in [
            (Some("*"), Cors::Any),
            (Some(PROBE_ORIGIN), Cors::Origin),
            (Some("https://example.test"), Cors::Missing),
            (Some("*, *"), Cors::Missing),
            (Some("null"), Cors::Missing),
            (None, Cors::Missing),
        ] {
            assert_eq!(read_cors(allow_origin), cors, "{allow_origin:?}");
        }
    }

    #[test]
    fn a_content_range_is_parsed() {
        assert_eq!(parse_content_range("bytes 5-99/1000"), Some((5, Some(1000))));
        assert_eq!(parse_content_range("bytes 5-99/*"), Some((5, None)));
        assert_eq!(parse_content_range("bytes */1000"), None);
        assert_eq!(parse_content_range("items 0-1/2"), None);
    }
}
