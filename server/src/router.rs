//! Every route and every layer, on one screen.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::HandlerWithoutStateExt;
use axum::http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header,
};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use contracts::ErrorCode;
use tokio::time::timeout;
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::request_id::{
    MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::refusal::Refusal;
use crate::{App, http, openapi, page, ws};

/// The largest body, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long a request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// The longest request id that a client may choose, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 64;

/// Below this many bytes compression doesn't pay.
const COMPRESSED_BYTES_MIN: u64 = 1024;

/// The contract's routes with their documentation, before state and layers.
pub(crate) fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::Base::openapi())
        .routes(routes!(http::find_meta::find_meta))
        .routes(routes!(http::find_time::find_time))
        .routes(routes!(http::create_guest::create_guest))
        .routes(routes!(http::create_room::create_room))
        .routes(routes!(http::list_public_rooms::list_public_rooms))
        .routes(routes!(
            http::find_room::find_room,
            http::change_room::change_room,
            http::delete_room::delete_room
        ))
        .routes(routes!(http::find_state::find_state))
        .routes(routes!(http::join_room::join_room))
        .routes(routes!(http::list_participants::list_participants))
        .routes(routes!(http::change_participant::change_participant))
        .routes(routes!(http::resolve_source::resolve_source))
        .routes(routes!(ws::connect))
}

/// The service.
pub fn router(app: App) -> Router {
    let (api, _) = api().split_for_parts();
    let cors = cors(&app.config.allowed_origins);
    // Around the routes with their refusals of methods, so that a preflight never meets those.
    let api = Router::new()
        .nest("/api/v1", api.fallback(not_found))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(cors);
    api.route("/api", axum::routing::any(not_found))
        .route("/api/{*path}", axum::routing::any(not_found))
        .fallback_service(compressed().layer(page::serve.into_service()))
        .method_not_allowed_fallback(method_not_allowed)
        // Innermost first.
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(in_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(render))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(from_fn(drop_long_request_id))
        .with_state(app)
}

/// A request takes its time to arrive and to be answered, but not for ever.
async fn in_time(request: Request, next: Next) -> Response {
    match timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = "the request didn't arrive, or wasn't answered, in time";
            Refusal::new(ErrorCode::RequestTimeout, detail).into_response()
        }
    }
}

/// A client's own request id goes into the log and the answer, so an endless one is replaced.
async fn drop_long_request_id(mut request: Request, next: Next) -> Response {
    let id = request.headers().get(&REQUEST_ID);
    if id.is_some_and(|id| id.len() > REQUEST_ID_BYTES_MAX || id.to_str().is_err()) {
        request.headers_mut().remove(&REQUEST_ID);
    }
    next.run(request).await
}

/// Outermost but for the request id: renders and logs each refusal exactly once.
async fn render(request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
    let id = id.unwrap_or_default().to_owned();
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    harden(response.headers_mut());
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else { return response };
    let cause = refusal.cause().map(|cause| cause as &dyn std::error::Error);
    if refusal.status().is_server_error() && refusal.code() != ErrorCode::UpstreamUnavailable {
        tracing::warn!(
            request.id = id,
            path,
            code = refusal.code().name(),
            cause,
            "request failed"
        );
    } else {
        tracing::debug!(
            request.id = id,
            path,
            code = refusal.code().name(),
            cause,
            "request refused"
        );
    }
    let mut rendered = refusal.problem(&id);
    // What outer layers put on, CORS above all, stays.
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH && name != header::CONTENT_TYPE {
            rendered.headers_mut().append(name, value.clone());
        }
    }
    rendered
}

fn harden(headers: &mut axum::http::HeaderMap) {
    for (name, value) in
        [(header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::REFERRER_POLICY, "no-referrer")]
    {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<_> =
        origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    if origins.is_empty() {
        return CorsLayer::new();
    }
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([REQUEST_ID, header::RETRY_AFTER])
}

async fn not_found() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "there is nothing at this path")
}

async fn method_not_allowed() -> Refusal {
    Refusal::new(ErrorCode::MethodNotAllowed, "this path doesn't take this method")
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Refusal::new(ErrorCode::Internal, "something went wrong here").into_response()
}

/// Text of the page is a third as long with it, which somebody on a long line waits less for. Answers of the API
/// stay as they are: what is secret and what a stranger chose don't go through one dictionary.
fn compressed() -> CompressionLayer<impl Predicate> {
    let is_text = |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        kind.is_some_and(|kind| kind.starts_with("text/"))
    };
    CompressionLayer::new().compress_when(SizeAbove::new(COMPRESSED_BYTES_MIN).and(is_text))
}
