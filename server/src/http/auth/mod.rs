//! Access and refresh tokens.

mod create_guest;
mod create_token;
mod list_keys;
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
        .routes(routes!(create_token::create_token))
        .routes(routes!(list_keys::list_keys))
        .routes(routes!(refresh_tokens::refresh_tokens))
}

/// Encodes tokens.
fn body(issued: IssuedTokens) -> GuestToken {
    let IssuedTokens { user_id, display_name, access, refresh_token } = issued;
    GuestToken {
        user_id,
        display_name,
        access_token: access.text,
        expires_in_ms: access.valid_for_ms,
        expires_at_ms: access.expires_at.as_millis(),
        refresh_token,
    }
}
