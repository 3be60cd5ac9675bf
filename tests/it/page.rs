//! The page as the binary serves it.

use harness::ServerProcess;
use reqwest::Response;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, RANGE};

use crate::party::options;

#[tokio::test]
async fn only_the_text_of_the_page_is_compressed_and_only_on_request() {
    let server = options().start().await.unwrap();
    let index = get(&server, "", &[]).await.text().await.unwrap();
    let script = index.split("src=\"/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();

    let plain = get(&server, script, &[]).await;
    assert!(!plain.headers().contains_key(CONTENT_ENCODING));
    let plain = plain.bytes().await.unwrap();
    let packed = get(&server, script, &[(ACCEPT_ENCODING, "gzip")]).await;
    assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip");
    let packed = packed.bytes().await.unwrap();
    assert!(packed.len() * 2 < plain.len(), "{} of {}", packed.len(), plain.len());

    // A range refers to the uncompressed bytes.
    let part = get(&server, script, &[(ACCEPT_ENCODING, "gzip"), (RANGE, "bytes=0-1999")]).await;
    assert!(!part.headers().contains_key(CONTENT_ENCODING));
    assert!(part.headers().contains_key(CONTENT_RANGE));
    assert_eq!(part.bytes().await.unwrap(), plain[..2000]);

    let api = get(&server, "api/v1/meta", &[(ACCEPT_ENCODING, "gzip")]).await;
    assert!(!api.headers().contains_key(CONTENT_ENCODING));
}

/// Sends a GET request without automatic decompression.
async fn get(
    server: &ServerProcess,
    path: &str,
    headers: &[(reqwest::header::HeaderName, &'static str)],
) -> Response {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut asked = client.get(format!("{}{path}", server.page()));
    for (name, value) in headers {
        asked = asked.header(name, *value);
    }
    let response = asked.send().await.unwrap();
    assert!(response.status().is_success(), "{path}: {}", response.status());
    response
}
