//! The reference page and its sample clip, embedded in the binary. Text is there three times: as it is,
//! and as `build.rs` compressed it. No request compresses anything.

mod coding;
mod shell;

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use contracts::ErrorCode;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

use self::coding::Coding;
use crate::conditional;
use crate::net::Peer;
use crate::refusal::Refusal;

#[derive(RustEmbed)]
#[folder = "../web/dist"]
struct Dist;

/// The path of the sample clip below the base, the only thing on this server that providers may fetch.
pub const SAMPLE_FOLDER: &str = "sample/";
/// The page's Content-Security-Policy without `script-src`, which follows from the page itself.
const POLICY: &str = "default-src 'self'; img-src 'self' https: http: data:; \
    media-src 'self' https: http: blob: data:; connect-src 'self' https: http: ws: wss:; \
    worker-src 'self' blob:; frame-ancestors 'self'; base-uri 'self'; form-action 'self'; \
    object-src 'none'";
static CONTENT_SECURITY_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let page = Dist::get("index.html").map(|file| file.data).unwrap_or_default();
    let sources = script_sources(&String::from_utf8_lossy(&page));
    HeaderValue::from_str(&format!("{POLICY}; script-src {sources}"))
        .expect("names and base64 are a header")
});

/// Serves a file of the page. `/` and a party's `/r/…` are the page itself. A browser that asks for an
/// unknown path gets the page too, which explains that there is nothing there.
pub async fn serve(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let refusal = Refusal::new(ErrorCode::MethodNotAllowed, "the page can only be read");
        let mut response = refusal.into_response();
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = request.uri().path();
    if path.starts_with("//") {
        // Below such a path, what the page loads would come from another host.
        return Refusal::new(ErrorCode::NotFound, "there is nothing at this path").into_response();
    }
    let name = if path == "/" || is_party(path) {
        "index.html"
    } else {
        // A request may have no path at all.
        path.strip_prefix('/').unwrap_or_default()
    };
    if let Some(file) = Dist::get(name) {
        return respond(&request, name, &file);
    }
    match Dist::get("index.html").filter(|_| is_reader(request.headers())) {
        // Served without the request's conditions, so that the response is the whole page.
        Some(index) => {
            let way = way_home(path);
            let page = if base_of(&request).is_empty() && !way.is_empty() {
                shell::respond(&HeaderMap::new(), &index, &way)
            } else {
                let mut unconditional = Request::default();
                unconditional.extensions_mut().extend(request.extensions().clone());
                respond(&unconditional, "index.html", &index)
            };
            (StatusCode::NOT_FOUND, page).into_response()
        }
        None => Refusal::new(ErrorCode::NotFound, "there is nothing at this path").into_response(),
    }
}

/// Whether the path is that of a party, `/r/` and its code.
fn is_party(path: &str) -> bool {
    let code = path.strip_prefix("/r/");
    code.is_some_and(|code| !code.strip_suffix('/').unwrap_or(code).contains('/'))
}

/// Returns the way from the folder of `path` to that of the home page, such as `../..`; empty if they are
/// the same. It holds below a path that a proxy removes, too.
fn way_home(path: &str) -> String {
    let depth = path.matches('/').count().saturating_sub(1);
    vec![".."; depth].join("/")
}

/// Returns the path below which the request's proxy serves the page; empty if there is none.
fn base_of(request: &Request) -> &str {
    request.extensions().get::<Peer>().map_or("", |peer| peer.base.path.as_str())
}

/// Returns the sources of `script-src`: this server's own scripts, and each inline script of the page by
/// its hash, so that no other script runs.
fn script_sources(page: &str) -> String {
    let inline = page.split("<script>").skip(1).filter_map(|rest| rest.split("</script>").next());
    let hash = |script| BASE64_STANDARD.encode(Sha256::digest(script));
    inline
        .fold("'self'".to_owned(), |sources, script| format!("{sources} 'sha256-{}'", hash(script)))
}

/// Whether the request comes from a person's browser rather than from a program.
fn is_reader(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn respond(request: &Request, name: &str, plain: &EmbeddedFile) -> Response {
    let base = base_of(request);
    if name == "index.html" && !base.is_empty() {
        return shell::respond(request.headers(), plain, base);
    }
    // Only GET knows ranges (RFC 9110, section 14.2).
    let is_get = request.method() == Method::GET;
    let asked = asked_range(request.headers(), &etag(plain)).filter(|_| is_get);
    let is_packed = coding::is_packed(name);
    // A range counts the bytes of the file as it is.
    let coding = if is_packed && asked.is_none() {
        Coding::preferred(request.headers())
    } else {
        Coding::Identity
    };
    let packed = coding::find_packed(name, coding);
    let file = packed.as_ref().unwrap_or(plain);
    let etag = etag(file);
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, content_type(name, plain));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control(name)));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    if is_packed {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if let Some(coding) = coding.name().filter(|_| packed.is_some()) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    if name == "index.html" {
        headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY.clone());
    }
    if is_sample(name) {
        // Pages of other origins may play it too.
        let any = HeaderValue::from_static("*");
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    }
    if conditional::is_known(request.headers(), &etag) {
        return conditional::not_modified(&headers);
    }
    let length = file.data.len();
    match asked.map(|asked| range(asked, length)) {
        None | Some(Range::Whole) => {
            (StatusCode::OK, headers, bytes(file, 0, length)).into_response()
        }
        Some(Range::Part(from, to)) => {
            headers.insert(header::CONTENT_RANGE, content_range(from, to, length));
            (StatusCode::PARTIAL_CONTENT, headers, bytes(file, from, to + 1)).into_response()
        }
        Some(Range::Unsatisfiable) => {
            let unknown = HeaderValue::from_str(&format!("bytes */{length}"));
            headers.insert(header::CONTENT_RANGE, unknown.expect("digits are a header"));
            (StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response()
        }
    }
}

/// Returns the range that is asked for, unless the client has part of another version of the file.
fn asked_range<'a>(headers: &'a HeaderMap, etag: &str) -> Option<&'a str> {
    let started = headers.get(header::IF_RANGE);
    if started.is_some_and(|started| started.as_bytes() != etag.as_bytes()) {
        return None;
    }
    headers.get(header::RANGE)?.to_str().ok()
}

#[derive(Debug, Eq, PartialEq)]
enum Range {
    Whole,
    Part(usize, usize),
    Unsatisfiable,
}

/// One byte range; several, or anything unknown, is answered with the whole.
fn range(asked: &str, length: usize) -> Range {
    let Some((from, to)) = asked.strip_prefix("bytes=").and_then(|text| text.split_once('-'))
    else {
        return Range::Whole;
    };
    let last = length.saturating_sub(1);
    let part = match (from.trim().parse::<usize>(), to.trim().parse::<usize>()) {
        (Ok(from), Ok(to)) if from <= to => (from, to.min(last)),
        (Ok(from), Err(_)) if to.trim().is_empty() => (from, last),
        (Err(_), Ok(suffix)) if from.trim().is_empty() => (length.saturating_sub(suffix), last),
        _ => return Range::Whole,
    };
    if part.0 < length { Range::Part(part.0, part.1) } else { Range::Unsatisfiable }
}

fn bytes(file: &EmbeddedFile, from: usize, to: usize) -> Body {
    match &file.data {
        std::borrow::Cow::Borrowed(data) => Body::from(&data[from..to]),
        std::borrow::Cow::Owned(data) => Body::from(data[from..to].to_vec()),
    }
}

fn content_range(from: usize, to: usize, length: usize) -> HeaderValue {
    let text = format!("bytes {from}-{to}/{length}");
    HeaderValue::from_str(&text).expect("digits are a header")
}

/// Returns the validator of these very bytes, so that each coding of a file has its own.
fn etag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let text: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{text}\"")
}

fn content_type(name: &str, file: &EmbeddedFile) -> HeaderValue {
    // The general table takes these extensions for other formats.
    let mime = match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("ts") => "video/mp2t",
        Some("m4s") => "video/iso.segment",
        Some("m3u8") => "application/vnd.apple.mpegurl",
        Some("vtt") => "text/vtt; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        _ => file.metadata.mimetype(),
    };
    HeaderValue::from_str(mime).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

fn cache_control(name: &str) -> &'static str {
    if name.starts_with("assets/") {
        // Their names carry a hash of their content.
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

fn is_sample(name: &str) -> bool {
    name.starts_with(SAMPLE_FOLDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inline_script_may_run_by_its_hash() {
        assert_eq!(script_sources("<script src=\"/a.js\"></script>"), "'self'");
        // As `printf %s 'f()' | openssl dgst -sha256 -binary | base64` has it.
        let page = "<script>f()</script><p></p>";
        let hash = "GcEEE0IkDzIP5EQ6DXZaDPORqT5RTBELX8Fyzyg9yvo=";
        assert_eq!(script_sources(page), format!("'self' 'sha256-{hash}'"));
    }

    #[test]
    fn the_page_at_an_unknown_path_finds_its_way_home() {
        for (path, way) in [
            ("/nowhere", ""),
            ("/far/away", ".."),
            ("/far/away/", "../.."),
            ("/far//away", "../.."),
            ("/r/abc/def", "../.."),
        ] {
            assert_eq!(way_home(path), way, "{path}");
        }
        for path in ["/r/abc", "/r/abc/"] {
            assert!(is_party(path), "{path}");
        }
        for path in ["/r", "/r/abc/def", "/r/abc//"] {
            assert!(!is_party(path), "{path}");
        }
    }

    #[test]
    fn ranges_are_served_as_browsers_request_them() {
        for (asked, served) in [
            ("bytes=0-", Range::Part(0, 99)),
            ("bytes=10-19", Range::Part(10, 19)),
            ("bytes=10-1000", Range::Part(10, 99)),
            ("bytes=-10", Range::Part(90, 99)),
            ("bytes=-1000", Range::Part(0, 99)),
            ("bytes=100-", Range::Unsatisfiable),
            ("bytes=19-10", Range::Whole),
            ("bytes=0-1,5-6", Range::Whole),
            ("items=0-1", Range::Whole),
            ("bytes=", Range::Whole),
        ] {
            assert_eq!(range(asked, 100), served, "{asked}");
        }
    }
}
