//! What surrounds every request: request id, time limit, panics, refusals and CORS.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use contracts::ErrorCode;
use tokio::time::timeout;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::request_id::RequestId;

use crate::app::App;
use crate::config::Config;
use crate::net::{Peer, parse_authority};
use crate::refusal::Refusal;

/// The header of the request id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long a request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// The largest body, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
/// The longest request id that a client may choose, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;
/// The words of paths of the API and of the page.
const WORDS: [&str; 25] = [
    "api",
    "assets",
    "auth",
    "guest",
    "join",
    "jwks",
    "me",
    "meta",
    "participants",
    "bans",
    "grants",
    "invites",
    "knocks",
    "public",
    "r",
    "refresh",
    "resolve",
    "rooms",
    "sample",
    "sources",
    "state",
    "time",
    "tokens",
    "v1",
    "ws",
];
/// How ids of rooms, participants, grants and invites begin. They are shown: the log names rooms by them.
const IDS: [&str; 4] = ["r_", "p_", "g_", "i_"];

/// Refuses a request that doesn't arrive, or isn't answered, in time.
pub(crate) async fn limit_time(request: Request, next: Next) -> Response {
    match timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = "the request didn't arrive, or wasn't answered, in time";
            Refusal::new(ErrorCode::RequestTimeout, detail).into_response()
        }
    }
}

/// Refuses a request that doesn't name exactly one host, as HTTP/1.1 demands (RFC 9112, section 3.2).
pub(crate) async fn check_host(request: Request, next: Next) -> Response {
    match host_problem(&request) {
        None => next.run(request).await,
        Some(detail) => Refusal::new(ErrorCode::InvalidRequest, detail).into_response(),
    }
}

fn host_problem(request: &Request) -> Option<&'static str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => {
            (request.version() >= Version::HTTP_11).then_some("the Host header is missing")
        }
        (Some(_), Some(_)) => Some("send one Host header"),
        (Some(host), None) => {
            let named = host.to_str().ok().and_then(parse_authority);
            named.is_none().then_some("the Host header names no host")
        }
    }
}

/// Refuses a request whose proxies name different clients. The first one is logged at `warn`: it may be somebody's
/// attempt, but if it isn't, nobody gets in, and the operator has to learn why.
pub(crate) async fn check_proxies(request: Request, next: Next) -> Response {
    static IS_LOGGED: AtomicBool = AtomicBool::new(false);
    let peer = request.extensions().get::<Peer>();
    if peer.is_none_or(|peer| !peer.is_contradictory) {
        return next.run(request).await;
    }
    if !IS_LOGGED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "a proxy's X-Forwarded-For and Forwarded name different clients: such requests are refused; \
             the proxy has to overwrite or remove what clients write into these headers"
        );
    }
    let detail = "X-Forwarded-For and Forwarded name different clients";
    Refusal::new(ErrorCode::InvalidRequest, detail).into_response()
}

/// Refuses a body that is too long by its own account, and expectations that nobody here can meet, before any of the
/// body is asked for or read (RFC 9110, sections 10.1.1 and 15.5.14).
pub(crate) async fn check_body(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let mut expectations = headers.get_all(header::EXPECT).iter();
    if !expectations.all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        let detail = "the only expectation that this server meets is 100-continue";
        return unread(Refusal::new(ErrorCode::ExpectationFailed, detail));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    // A longer number than this is too large, too.
    let length = length.map(|length| length.parse().unwrap_or(usize::MAX));
    if length.is_some_and(|length| length > BODY_BYTES_MAX) {
        return unread(too_large());
    }
    next.run(request).await
}

/// Refuses a request whose body stays unread. Its connection can't serve another one, which the client has to know.
fn unread(refusal: Refusal) -> Response {
    let mut response = refusal.into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The refusal of a body that is too long.
pub(crate) fn too_large() -> Refusal {
    let detail = format!("the body is larger than {} KiB", BODY_BYTES_MAX / 1024);
    Refusal::new(ErrorCode::PayloadTooLarge, detail)
}

/// Drops a request id that is too long or unreadable: it would go into the log and the response.
pub(crate) async fn drop_long_request_id(mut request: Request, next: Next) -> Response {
    let id = request.headers().get(&REQUEST_ID);
    if id.is_some_and(|id| id.len() > REQUEST_ID_BYTES_MAX || id.to_str().is_err()) {
        request.headers_mut().remove(&REQUEST_ID);
    }
    next.run(request).await
}

/// Renders and logs each refusal exactly once. Outermost except for the request id.
pub(crate) async fn render_refusal(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    let id = id.unwrap_or_default().to_owned();
    let path = without_code(request.uri().path());
    let mut response = next.run(request).await;
    harden(response.headers_mut());
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else { return response };
    let cause = refusal.cause().map(|cause| cause as &dyn std::error::Error);
    let code = refusal.code();
    if refusal.status().is_server_error() && code != ErrorCode::UpstreamUnavailable {
        tracing::warn!(request.id = id, path, code = code.name(), cause, "request failed");
    } else {
        tracing::debug!(request.id = id, path, code = code.name(), cause, "request refused");
    }
    let mut rendered = refusal.problem(&id);
    // Keeps what inner layers added, above all CORS headers.
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE {
            rendered.headers_mut().append(name, value.clone());
        }
    }
    rendered
}

/// Returns a path for the log. A room's code lets anybody in, and may stand in any path that somebody got wrong, so only
/// words of this server's paths and ids are shown.
fn without_code(path: &str) -> String {
    let is_shown = |segment: &&str| {
        segment.is_empty()
            || WORDS.contains(segment)
            || IDS.iter().any(|id| segment.starts_with(id))
    };
    let shown = path.split('/').map(|segment| if is_shown(&segment) { segment } else { "(…)" });
    shown.collect::<Vec<_>>().join("/")
}

fn harden(headers: &mut HeaderMap) {
    for (name, value) in
        [(header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::REFERRER_POLICY, "no-referrer")]
    {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Allows pages of named origins, and of the public URL's, to call the API. Pages of the origin that a
/// request goes to need no permission.
pub(crate) fn cors(config: &Config) -> CorsLayer {
    let public = config.public_url.as_ref().map(|url| url.origin().ascii_serialization());
    let origins = config.allowed_origins.iter().chain(&public);
    let origins: Vec<_> = origins.filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    if origins.is_empty() {
        return CorsLayer::new();
    }
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([REQUEST_ID, header::RETRY_AFTER, header::ETAG])
}

/// Has the origin of a refused preflight logged: the page never gets as far as joining, and its browser tells it
/// nothing.
pub(crate) async fn note_preflight(
    State(app): State<App>,
    peer: Peer,
    request: Request,
    next: Next,
) -> Response {
    if request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    {
        // The answer is that of the CORS layer, which lets no such page read it.
        drop(app.origins.check(request.headers(), &peer, &app.config));
    }
    next.run(request).await
}

/// Answers a request for a path that doesn't exist.
pub(crate) async fn not_found() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "there is nothing at this path")
}

/// Answers a request by a method that the path doesn't take.
pub(crate) async fn method_not_allowed() -> Refusal {
    Refusal::new(ErrorCode::MethodNotAllowed, "this path doesn't take this method")
}

/// Answers a request whose handler panicked.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Refusal::new(ErrorCode::Internal, "something went wrong here").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_apis_paths_is_shown() {
        let (_, document) = crate::router::api().split_for_parts();
        for path in document.paths.paths.keys() {
            for segment in path.split('/').filter(|segment| !segment.starts_with('{')) {
                assert!(segment.is_empty() || WORDS.contains(&segment), "{segment} of {path}");
            }
        }
    }

    #[test]
    fn a_path_is_shown_without_the_code_that_it_holds_however_it_is_written() {
        for (path, shown) in [
            ("/api/v1/rooms/ABCDE-FGHJK", "/api/v1/rooms/(…)"),
            ("/api/v1/rooms/ABCDE-FGHJK/join", "/api/v1/rooms/(…)/join"),
            ("/api/v1/rooms/ABCDE-FGHJK/participants/p_x", "/api/v1/rooms/(…)/participants/p_x"),
            ("/api/v1/rooms/ABCDE/FGHJK", "/api/v1/rooms/(…)/(…)"),
            ("/api/v1/rooms/r_7/state", "/api/v1/rooms/r_7/state"),
            ("/api/v1/rooms/public", "/api/v1/rooms/public"),
            ("/api/v1/rooms", "/api/v1/rooms"),
            ("/api/v1/nope/ABCDE-FGHJK", "/api/v1/(…)/(…)"),
            ("/r/ABCDE-FGHJK", "/r/(…)"),
            ("/r/ABCDE/FGHJK/", "/r/(…)/(…)/"),
            ("//r//ABCDE", "//r//(…)"),
            ("/watch/r/ABCDE-FGHJK", "/(…)/r/(…)"),
            ("/ABCDE-FGHJK", "/(…)"),
            ("/r", "/r"),
            ("", ""),
        ] {
            assert_eq!(without_code(path), shown, "{path}");
        }
    }
}
