//! Access and refresh tokens.

mod create_guest;
mod refresh_tokens;

use contracts::GuestToken;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::IssuedTokens;
use crate::app::App;

/// The routes under `/auth`.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create_guest::create_guest))
        .routes(routes!(refresh_tokens::refresh_tokens))
}

/// Encodes tokens.
fn body(issued: IssuedTokens) -> GuestToken {
    GuestToken {
        user_id: issued.user_id,
        access_token: issued.access_token,
        expires_in_ms: issued.expires_in_ms,
        expires_at_ms: issued.expires_at.as_millis(),
        refresh_token: issued.refresh_token,
    }
}
