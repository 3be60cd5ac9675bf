//! Every route and every layer, on one screen.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::any;
use tower::Layer;
use tower::util::MapRequestLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::http::layers::{
    BODY_BYTES_MAX, REQUEST_ID, check_body, check_host, check_proxies, cors, drop_long_request_id,
    limit_time, method_not_allowed, not_found, note_preflight, panicked, render_refusal,
};
use crate::{http, page, ws};

/// Returns the routes of the contract with their documentation, without state and layers.
pub(crate) fn api() -> OpenApiRouter<App> {
    let room = http::rooms::routes_of_one()
        .nest("/participants", http::participants::routes())
        .nest("/bans", http::bans::routes())
        .nest("/grants", http::grants::routes_of_room())
        .nest("/invites", http::invites::routes())
        .nest("/knocks", http::knocks::routes())
        .nest("/ws", ws::routes());
    OpenApiRouter::with_openapi(http::Document::openapi())
        .merge(http::meta::routes())
        .nest("/auth", http::auth::routes())
        .nest("/me", http::me::routes())
        .nest("/grants", http::grants::routes())
        .nest("/rooms", http::rooms::routes())
        .nest("/rooms/{room_id}", room)
        .nest("/sources", http::sources::routes())
}

/// Returns the whole service: the API and the page. Responses of the API aren't compressed: secrets and
/// text that a stranger chose must not share one dictionary.
pub fn router(app: App) -> Router {
    let (api, _) = api().split_for_parts();
    let cors = cors(&app.config);
    // CORS goes around the routes with their refusals of methods, so that a preflight never meets those.
    let api = Router::new()
        .nest("/api/v1", api.fallback(not_found))
        .route("/api", any(not_found))
        .route("/api/{*path}", any(not_found))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(check_body))
        .layer(cors)
        .layer(from_fn_with_state(app.clone(), note_preflight));
    let located = app.clone();
    let service: Router = api
        .fallback(page::serve)
        .method_not_allowed_fallback(method_not_allowed)
        // The innermost layer comes first.
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(limit_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(check_proxies))
        .layer(from_fn(check_host))
        .layer(from_fn(render_refusal))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
        .layer(from_fn(drop_long_request_id))
        .with_state(app);
    // Before routing, because the base path isn't part of any route.
    let locate = MapRequestLayer::new(move |request| http::locate(&located, request));
    Router::new().fallback_service(locate.layer(service))
}
