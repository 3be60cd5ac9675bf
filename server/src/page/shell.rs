//! The page below a base path: its own absolute paths are rewritten, and its relative ones get a base.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use rust_embed::EmbeddedFile;

use super::{CONTENT_SECURITY_POLICY, cache_control};
use crate::conditional;

const HTML: &str = "text/html; charset=utf-8";

/// Responds with the page as it is below `path`, which may be relative to the request's.
pub(super) fn respond(asked: &HeaderMap, page: &EmbeddedFile, path: &str) -> Response {
    let text = rebase(&String::from_utf8_lossy(&page.data), path);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
    let caching = HeaderValue::from_static(cache_control("index.html"));
    headers.insert(header::CACHE_CONTROL, caching);
    headers.insert(header::VARY, HeaderValue::from_static("x-forwarded-prefix"));
    headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY.clone());
    conditional::respond(asked, headers, text.into_bytes())
}

/// Rewrites the page for a base path, which is plain enough to be written into it as it is.
fn rebase(page: &str, path: &str) -> String {
    let page = page.replace("href=\"/", &format!("href=\"{path}/"));
    let page = page.replace("src=\"/", &format!("src=\"{path}/"));
    if page.contains("<base ") {
        return page;
    }
    page.replacen("<head>", &format!("<head>\n    <base href=\"{path}/\" />"), 1)
}

#[cfg(test)]
mod tests {
    use super::super::{Dist, script_sources};
    use super::*;

    #[test]
    fn the_page_finds_its_files_below_a_base_path() {
        for (page, below) in [
            (
                "<head><link href=\"/a.css\" /><script src=\"/a.js\"></script>",
                "<head>\n    <base href=\"/watch/\" /><link href=\"/watch/a.css\" />\
                 <script src=\"/watch/a.js\"></script>",
            ),
            (
                "<head><base href=\"/\" /><link href=\"./a.css\" />",
                "<head><base href=\"/watch/\" /><link href=\"./a.css\" />",
            ),
        ] {
            assert_eq!(rebase(page, "/watch"), below);
        }
    }

    #[test]
    fn the_scripts_of_the_page_stay_those_that_its_policy_allows() {
        let page = Dist::get("index.html").expect("the page is embedded");
        let page = String::from_utf8_lossy(&page.data);
        assert_eq!(script_sources(&rebase(&page, "/watch")), script_sources(&page));
    }
}
