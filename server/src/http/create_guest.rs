use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use contracts::{GuestRequest, GuestToken};

use super::field;
use crate::App;
use crate::extract::Json;
use crate::id;
use crate::peer::Peer;
use crate::refusal::Refusal;

/// The longest display name, in characters.
const DISPLAY_NAME_MAX: usize = 40;

/// Gives a token to somebody without an account, for twelve hours.
#[utoipa::path(post, path = "/auth/guest", operation_id = "createGuest", tag = "auth",
    request_body = GuestRequest,
    responses((status = 201, body = GuestToken, description = "The token"),
              crate::openapi::Problems))]
#[tracing::instrument(name = "http.create_guest", skip_all)]
pub(crate) async fn create_guest(
    State(app): State<App>,
    peer: Peer,
    Json(body): Json<GuestRequest>,
) -> Result<(StatusCode, Answer<GuestToken>), Refusal> {
    app.limiters.check_guest(peer.address)?;
    let display_name = field::text("display_name", &body.display_name, DISPLAY_NAME_MAX)?;
    let user_id = id::user_id();
    let (access_token, expires_at_ms) =
        app.tokens.issue_guest(&user_id, &display_name, &app.clock)?;
    Ok((StatusCode::CREATED, Answer(GuestToken { user_id, access_token, expires_at_ms })))
}
