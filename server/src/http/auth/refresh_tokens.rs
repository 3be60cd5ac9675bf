//! `POST /auth/refresh`

use axum::extract::State;
use contracts::{GuestToken, RefreshRequest};

use super::body;
use crate::app::App;
use crate::http::Problems;
use crate::http::extract::Json;
use crate::net::Peer;
use crate::refusal::Refusal;

/// Issues new tokens to the same user, and replaces the refresh token. The replaced one still gives the
/// same answer until its successor is used, in case the answer got lost, and for 30 seconds after that, so
/// that two tabs don't end each other's session. Used later, it ends the session of all who have a token
/// of it. A token that was never issued is refused and ends nothing. A refresh token lasts 30 days, and 7
/// days unused.
#[utoipa::path(post, path = "/refresh", operation_id = "refreshTokens", tag = "auth",
    request_body = RefreshRequest,
    responses((status = 200, body = GuestToken, description = "The tokens"), Problems))]
#[tracing::instrument(name = "http.refresh_tokens", skip_all)]
pub(crate) async fn refresh_tokens(
    State(app): State<App>,
    peer: Peer,
    Json(request): Json<RefreshRequest>,
) -> Result<Json<GuestToken>, Refusal> {
    app.limiters.check_refresh(peer.address)?;
    Ok(Json(body(app.access.refresh(&request.refresh_token).await?)))
}
