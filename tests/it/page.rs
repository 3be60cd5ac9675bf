//! The page as the binary serves it.

use std::collections::BTreeSet;

use harness::ServerProcess;
use reqwest::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG,
    HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, IF_RANGE, RANGE, VARY,
};
use reqwest::{Method, Response};

use crate::party::options;

#[tokio::test]
async fn only_the_text_of_the_page_is_compressed_and_only_on_request() {
    let server = options().start().await.unwrap();
    let script = script(&server).await;
    let plain = get(&server, &script, &[]).await;
    assert!(!plain.headers().contains_key(CONTENT_ENCODING));
    let plain = plain.bytes().await.unwrap();
    for coding in ["gzip", "br"] {
        let packed = get(&server, &script, &[(ACCEPT_ENCODING, coding)]).await;
        assert_eq!(packed.headers()[CONTENT_ENCODING], coding);
        let packed = packed.bytes().await.unwrap();
        assert!(packed.len() * 2 < plain.len(), "{coding}: {} of {}", packed.len(), plain.len());
    }

    for path in ["api/v1/meta", "sample/clip.mp4", "sample/poster.jpg"] {
        let other = get(&server, path, &[(ACCEPT_ENCODING, "gzip, br")]).await;
        assert!(!other.headers().contains_key(CONTENT_ENCODING), "{path}");
        let varies = |vary: &HeaderValue| vary == "accept-encoding";
        assert!(!other.headers().get_all(VARY).iter().any(varies), "{path}");
    }
}

#[tokio::test]
async fn each_coding_of_a_file_has_an_etag_of_its_own() {
    let server = options().start().await.unwrap();
    let script = script(&server).await;
    let codings = ["identity", "gzip", "br"];
    let mut etags = BTreeSet::new();
    for coding in codings {
        let found = get(&server, &script, &[(ACCEPT_ENCODING, coding)]).await;
        assert_eq!(found.headers()[VARY], "accept-encoding", "{coding}");
        let etag = found.headers()[ETAG].to_str().unwrap().to_owned();
        assert!(etag.starts_with('"'), "a strong one: {etag}");

        let known = [(ACCEPT_ENCODING, coding), (IF_NONE_MATCH, &etag)];
        assert_eq!(get(&server, &script, &known).await.status(), 304, "{coding}");
        for other in codings.iter().filter(|other| **other != coding) {
            let known = [(ACCEPT_ENCODING, *other), (IF_NONE_MATCH, &etag)];
            assert_eq!(get(&server, &script, &known).await.status(), 200, "{coding}, {other}");
        }
        etags.insert(etag);
    }
    assert_eq!(etags.len(), codings.len());
}

#[tokio::test]
async fn browsers_are_told_what_the_page_may_do_and_to_take_nothing_for_what_it_is_not() {
    let server = options().start().await.unwrap();
    for path in ["", "r/ABCDEFGHJK"] {
        let page = get(&server, path, &[]).await;
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        for part in ["default-src 'self'", "frame-ancestors 'self'", "object-src 'none'"] {
            assert!(policy.split("; ").any(|one| one == part), "{part} in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    for path in ["", "api/v1/meta", "api/v1/time", "sample/poster.jpg"] {
        let response = get(&server, path, &[]).await;
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(response.headers()["referrer-policy"], "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn a_head_request_is_answered_with_the_headers_of_the_same_coding() {
    let server = options().start().await.unwrap();
    let script = script(&server).await;
    for coding in ["identity", "gzip", "br"] {
        let accepted = [(ACCEPT_ENCODING, coding)];
        let found = get(&server, &script, &accepted).await;
        let head = send(&server, Method::HEAD, &script, &accepted).await;
        let named = |headers: &HeaderMap| {
            [CONTENT_LENGTH, CONTENT_ENCODING, ETAG, VARY].map(|name| headers.get(name).cloned())
        };
        assert_eq!(named(head.headers()), named(found.headers()), "{coding}");
        assert!(head.headers().contains_key(CONTENT_LENGTH), "{coding}");
        assert!(head.bytes().await.unwrap().is_empty(), "{coding}");
    }
}

#[tokio::test]
async fn a_range_counts_the_bytes_of_the_file_as_it_is() {
    let server = options().start().await.unwrap();
    let script = script(&server).await;
    let plain = get(&server, &script, &[]).await;
    let etag = plain.headers()[ETAG].to_str().unwrap().to_owned();
    let plain = plain.bytes().await.unwrap();
    let asked = [(ACCEPT_ENCODING, "gzip"), (RANGE, "bytes=0-1999")];
    for started in [None, Some(etag.as_str())] {
        let started = started.map(|etag| (IF_RANGE, etag));
        let part = get(&server, &script, &[&asked[..], started.as_slice()].concat()).await;
        assert_eq!(part.headers()[ETAG], etag);
        assert!(!part.headers().contains_key(CONTENT_ENCODING));
        assert!(part.headers().contains_key(CONTENT_RANGE));
        assert_eq!(part.bytes().await.unwrap(), plain[..2000]);
    }

    // Part of another coding is of no use.
    let packed = get(&server, &script, &asked[..1]).await;
    let other = packed.headers()[ETAG].to_str().unwrap();
    let whole = get(&server, &script, &[&asked[..], &[(IF_RANGE, other)]].concat()).await;
    assert_eq!(whole.status(), 200);
    assert_eq!(whole.headers()[ETAG], other);
    assert_eq!(whole.bytes().await.unwrap(), packed.bytes().await.unwrap());
}

/// Returns the path of the page's main script.
async fn script(server: &ServerProcess) -> String {
    let index = get(server, "", &[]).await.text().await.unwrap();
    // The page loads it from wherever it is served.
    let mut quoted = index.split('"').map(|text| text.trim_start_matches('/'));
    let script = quoted.find(|text| text.starts_with("assets/index-"));
    script.expect("the page has a script").to_owned()
}

#[tokio::test]
async fn a_file_that_the_client_has_is_answered_with_304_and_its_headers() {
    let server = options().start().await.unwrap();
    for path in ["", "favicon.svg", "sample/clip.m3u8"] {
        let whole = get(&server, path, &[]).await;
        let etag = whole.headers()[ETAG].to_str().unwrap().to_owned();
        for (condition, status) in [
            (etag.clone(), 304),
            (format!("W/{etag}"), 304),
            (format!("\"other\", W/{etag} , \"more\""), 304),
            ("*".to_owned(), 304),
            ("\"other\"".to_owned(), 200),
            ("W/\"other\", \"more\"".to_owned(), 200),
        ] {
            let asked = client().get(format!("{}{path}", server.page()));
            let found = asked.header(IF_NONE_MATCH, &condition).send().await.unwrap();
            assert_eq!(found.status().as_u16(), status, "{path}: {condition}");
            for name in [ETAG, CACHE_CONTROL, DATE] {
                let named = (found.headers().get(&name).is_some(), &name);
                assert_eq!(
                    named,
                    (whole.headers().get(&name).is_some(), &name),
                    "{path}: {condition}"
                );
            }
            assert_eq!(found.headers()[ETAG], whole.headers()[ETAG], "{path}");
        }
    }
}

/// Sends a GET request without automatic decompression.
async fn get(server: &ServerProcess, path: &str, headers: &[(HeaderName, &str)]) -> Response {
    send(server, Method::GET, path, headers).await
}

async fn send(
    server: &ServerProcess,
    method: Method,
    path: &str,
    headers: &[(HeaderName, &str)],
) -> Response {
    let client = client();
    let mut asked = client.request(method, format!("{}{path}", server.page()));
    for (name, value) in headers {
        asked = asked.header(name, *value);
    }
    let response = asked.send().await.unwrap();
    let status = response.status();
    assert!(status.is_success() || status == 304, "{path}: {status}");
    response
}

/// A client that takes responses as they come.
fn client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy().no_gzip().no_brotli().no_deflate();
    client.build().unwrap()
}
