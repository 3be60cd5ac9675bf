//! Finds out where a request comes from: for the limits per address, and for addresses that the client can
//! use.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use contracts::ErrorCode;

use crate::app::App;
use crate::net::{Ends, Peer};
use crate::refusal::Refusal;

impl FromRequestParts<App> for Peer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let peer = parts.extensions.get::<Self>().cloned();
        peer.ok_or_else(|| Refusal::new(ErrorCode::Internal, "the connection is unknown"))
    }
}

/// Notes the peer of a request, and takes the base path off its target, before it is routed.
pub(crate) fn locate(app: &App, mut request: Request) -> Request {
    static IS_LOGGED: AtomicBool = AtomicBool::new(false);
    let Some(ends) = request.extensions().get::<Ends>() else { return request };
    let peer = Peer::of(ends, request.headers(), &app.config);
    if peer.is_prefix_unusable && !IS_LOGGED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            "a proxy's X-Forwarded-Prefix isn't used: write it like /watch, of letters, digits and - . _ ~, \
             or name the URL that people use in PLAYHEAD_PUBLIC_URL"
        );
    }
    if let Some(target) = peer.base.strip(request.uri()) {
        *request.uri_mut() = target;
    }
    request.extensions_mut().insert(peer);
    request
}
