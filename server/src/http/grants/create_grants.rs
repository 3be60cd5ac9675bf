//! `POST /grants`

use axum::extract::State;
use axum::http::StatusCode;
use contracts::{ErrorCode, GRANTED_ROOMS_MAX, GrantsRequest, MadeGrants, USER_ID_MAX};
use tracing::Instrument;

use super::encode_made;
use crate::access::Product;
use crate::app::App;
use crate::http::extract::Json;
use crate::http::{Problems, field};
use crate::refusal::Refusal;
use crate::rooms::NewGrant;
use crate::wire;

/// Grants one of its users access to rooms, to the backend of the product whose API key is sent: for a time that the
/// user has paid for, or until the grant is revoked. Each grant replaces an earlier one of the user in that room. If a
/// room isn't there, the rooms that are named before it are granted.
#[utoipa::path(post, path = "", operation_id = "createGrants", tag = "rooms",
    security(("api_key" = [])), request_body = GrantsRequest,
    responses((status = 201, body = MadeGrants, description = "The grants"), Problems))]
#[tracing::instrument(name = "http.create_grants", skip_all)]
pub(crate) async fn create_grants(
    State(app): State<App>,
    product: Product,
    Json(body): Json<GrantsRequest>,
) -> Result<(StatusCode, Json<MadeGrants>), Refusal> {
    let own = field::user_id(&body.user_id, USER_ID_MAX)?;
    let rooms = field::room_ids(&body.rooms, GRANTED_ROOMS_MAX)?;
    let new = NewGrant {
        role: body.role.map(wire::role_from_wire),
        until: field::end("expires_at_ms", body.expires_at_ms)?,
    };
    let user_id = product.user_id(own);
    // A client that hangs up leaves no grant half made.
    let granting = async move { app.rooms.grant_for(&product, &user_id, &rooms, &new).await };
    match tokio::spawn(granting.in_current_span()).await {
        Ok(grants) => {
            let grants = grants?.iter().map(encode_made).collect();
            Ok((StatusCode::CREATED, Json(MadeGrants { grants })))
        }
        Err(_) => Err(Refusal::new(ErrorCode::Internal, "the grants couldn't be made")),
    }
}
