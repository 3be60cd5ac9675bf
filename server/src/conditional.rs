//! Conditional requests (RFC 9110, section 13): a client that has a file or a page already gets no second copy.

use std::fmt::Write;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// How many bytes of a body's hash make its validator.
const TAG_BYTES: usize = 12;

/// What a 304 repeats of the response that it stands for.
const REPEATED: [HeaderName; 4] =
    [header::ETAG, header::CACHE_CONTROL, header::VARY, header::ACCESS_CONTROL_ALLOW_ORIGIN];

/// Whether the client has the file: its `If-None-Match` lists the validator, weak or not, or is `*`.
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    })
}

/// Answers in place of a response with these headers.
pub(crate) fn not_modified(whole: &HeaderMap) -> Response {
    let kept =
        REPEATED.into_iter().filter_map(|name| Some((name.clone(), whole.get(&name)?.clone())));
    (StatusCode::NOT_MODIFIED, kept.collect::<HeaderMap>()).into_response()
}

/// Answers with a body whose validator is made of it, or that the client has it already.
pub(crate) fn respond(asked: &HeaderMap, mut headers: HeaderMap, body: Vec<u8>) -> Response {
    let mut etag = String::from("\"");
    for byte in &Sha256::digest(&body)[..TAG_BYTES] {
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    if let Ok(value) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, value);
    }
    if is_known(asked, &etag) { not_modified(&headers) } else { (headers, body).into_response() }
}

/// Answers with JSON that the client may keep, if it asks each time whether it is still the same. What it is may depend on
/// who asks.
pub(crate) fn revalidated(asked: &HeaderMap, body: &impl Serialize) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "authorization"),
        (header::CONTENT_TYPE, "application/json"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let json = serde_json::to_vec(body).expect("a body always serializes");
    respond(asked, HeaderMap::from_iter(headers), json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validator_is_found_in_a_list_whether_weak_or_not() {
        for (lists, known) in [
            (&[][..], false),
            (&["\"a\""], true),
            (&["W/\"a\""], true),
            (&["\"b\", \"a\""], true),
            (&["\"b\",W/\"a\",\"c\""], true),
            (&["\"b\"", "\"a\""], true),
            (&["*"], true),
            (&["\"b\""], false),
            (&["a"], false),
            (&["\"A\""], false),
            (&[""], false),
        ] {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(header::IF_NONE_MATCH, list.parse().expect("a header"));
            }
            assert_eq!(is_known(&headers, "\"a\""), known, "{lists:?}");
        }
    }
}
