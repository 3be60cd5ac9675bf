//! `POST /auth/tokens`

use axum::extract::State;
use axum::http::StatusCode;
use contracts::{
    TOKEN_MS_MAX, TOKEN_MS_MIN, TOKEN_ROOMS_MAX, TokenRequest, USER_ID_MAX, UserToken,
};

use crate::access::Product;
use crate::app::App;
use crate::http::extract::Json;
use crate::http::{Problems, field};
use crate::refusal::Refusal;

/// How long a token may be valid, in milliseconds.
const TOKEN_MS: std::ops::RangeInclusive<u64> = TOKEN_MS_MIN..=TOKEN_MS_MAX;

/// Issues an access token to a user of the product whose API key is sent, by HTTP Basic authentication: the id as the user,
/// the secret as the password. For backends: a page must never have the key. The same user is the same participant,
/// whatever their name; the product issues the next token when one ends.
#[utoipa::path(post, path = "/tokens", operation_id = "createToken", tag = "auth",
    security(("api_key" = [])), request_body = TokenRequest,
    responses((status = 201, body = UserToken, description = "The token"), Problems))]
#[tracing::instrument(name = "http.create_token", skip_all)]
pub(crate) async fn create_token(
    State(app): State<App>,
    product: Product,
    Json(request): Json<TokenRequest>,
) -> Result<(StatusCode, Json<UserToken>), Refusal> {
    let display_name = field::name("display_name", &request.display_name, field::DISPLAY_NAME)?;
    let own = field::user_id(&request.user_id, USER_ID_MAX)?;
    let rooms = request.rooms.as_deref();
    let rooms = rooms.map(|ids| field::room_ids(ids, TOKEN_ROOMS_MAX)).transpose()?;
    let valid_for_ms = request
        .expires_in_ms
        .map(|ms| field::within("expires_in_ms", ms, &TOKEN_MS))
        .transpose()?;
    let (user_id, access) =
        app.access.issue_for(&product, own, &display_name, rooms.as_deref(), valid_for_ms)?;
    let token = UserToken {
        user_id,
        display_name,
        access_token: access.text,
        expires_in_ms: access.valid_for_ms,
        expires_at_ms: access.expires_at.as_millis(),
    };
    Ok((StatusCode::CREATED, Json(token)))
}
