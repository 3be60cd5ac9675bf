//! Conditional requests (RFC 9110, section 13): a client that has a file already gets no second copy.

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What a 304 repeats of the response that it stands for.
const REPEATED: [HeaderName; 4] =
    [header::ETAG, header::CACHE_CONTROL, header::VARY, header::ACCESS_CONTROL_ALLOW_ORIGIN];

/// Whether the client has the file: its `If-None-Match` lists the validator, weak or not, or is `*`.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    })
}

/// Answers in place of a response with these headers.
pub(super) fn not_modified(whole: &HeaderMap) -> Response {
    let kept =
        REPEATED.into_iter().filter_map(|name| Some((name.clone(), whole.get(&name)?.clone())));
    (StatusCode::NOT_MODIFIED, kept.collect::<HeaderMap>()).into_response()
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
