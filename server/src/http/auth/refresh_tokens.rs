//! `POST /auth/refresh`

use std::net::IpAddr;

use axum::extract::State;
use contracts::{ErrorCode, GuestToken, RefreshRequest};

use super::body;
use crate::access::{Access, IssuedTokens};
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
    let issued = refresh(&app, peer.address, &request.refresh_token).await?;
    Ok(Json(body(issued)))
}

/// Refreshes by a token. Only one that isn't this server's costs the address a guess, and once that has none
/// left, such tokens are refused without saying more. Others behind the address go on with theirs. A token that is
/// repeated too often is refused without a look-up, whether it is valid or not.
async fn refresh(app: &App, address: IpAddr, text: &str) -> Result<IssuedTokens, Refusal> {
    let check = || Access::hash_refresh_token(text).map(|hash| app.limiters.check_refresh(&hash));
    let no_guesses = match app.limiters.take_token_guess(address).await {
        Ok(guess) => {
            if let Some(Err(too_often)) = check() {
                guess.was_right();
                return Err(too_often);
            }
            let refreshed = app.access.refresh(text).await;
            if !is_invalid(&refreshed) {
                guess.was_right();
            }
            return refreshed;
        }
        Err(refusal) => refusal,
    };
    // Only as many of these are remembered as turns are taken.
    let Some(_turn) = app.limiters.take_token_turn().await else { return Err(no_guesses) };
    if let Some(Err(too_often)) = check() {
        return Err(too_often);
    }
    let refreshed = app.access.refresh(text).await;
    if is_invalid(&refreshed) { Err(no_guesses) } else { refreshed }
}

/// Whether a token was looked up and isn't valid. If the database is away, nothing is known of it.
fn is_invalid(refreshed: &Result<IssuedTokens, Refusal>) -> bool {
    refreshed.as_ref().is_err_and(|refusal| refusal.code() == ErrorCode::TokenInvalid)
}
