//! `POST /auth/guest`

use axum::extract::State;
use axum::http::StatusCode;
use contracts::{GuestRequest, GuestToken};

use crate::app::App;
use crate::http::extract::Json;
use crate::http::{Problems, field};
use crate::id;
use crate::net::Peer;
use crate::refusal::Refusal;

/// Issues an access token to a guest, valid for twelve hours.
#[utoipa::path(post, path = "/guest", operation_id = "createGuest", tag = "auth",
    request_body = GuestRequest,
    responses((status = 201, body = GuestToken, description = "The token"), Problems))]
#[tracing::instrument(name = "http.create_guest", skip_all)]
pub(crate) async fn create_guest(
    State(app): State<App>,
    peer: Peer,
    Json(body): Json<GuestRequest>,
) -> Result<(StatusCode, Json<GuestToken>), Refusal> {
    app.limiters.check_guest(peer.address)?;
    let display_name = field::name("display_name", &body.display_name, field::DISPLAY_NAME)?;
    let user_id = id::user_id();
    let issued = app.access.issue_guest(&user_id, &display_name)?;
    let token = GuestToken {
        user_id,
        access_token: issued.access_token,
        expires_at_ms: issued.expires_at_ms,
    };
    Ok((StatusCode::CREATED, Json(token)))
}
