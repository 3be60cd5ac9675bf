//! `POST /auth/guest`

use axum::extract::State;
use axum::http::StatusCode;
use contracts::{GuestRequest, GuestToken};

use super::body;
use crate::app::App;
use crate::http::extract::Json;
use crate::http::{Problems, field};
use crate::id;
use crate::net::Peer;
use crate::refusal::Refusal;

/// Issues tokens to a new guest.
#[utoipa::path(post, path = "/guest", operation_id = "createGuest", tag = "auth",
    request_body = GuestRequest,
    responses((status = 201, body = GuestToken, description = "The tokens"), Problems))]
#[tracing::instrument(name = "http.create_guest", skip_all)]
pub(crate) async fn create_guest(
    State(app): State<App>,
    peer: Peer,
    Json(request): Json<GuestRequest>,
) -> Result<(StatusCode, Json<GuestToken>), Refusal> {
    let display_name = field::name("display_name", &request.display_name, field::DISPLAY_NAME)?;
    app.limiters.check_guest(peer.address)?;
    app.limiters.check_guest_of_day(peer.address)?;
    app.limiters.check_guest_of_all()?;
    let issued = app.access.issue_guest(&id::user_id(), &display_name).await?;
    Ok((StatusCode::CREATED, Json(body(issued))))
}
