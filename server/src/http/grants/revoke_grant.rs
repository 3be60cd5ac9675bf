//! `DELETE /grants/{grant_id}`

use axum::extract::State;
use axum::http::StatusCode;
use contracts::ErrorCode;
use tracing::Instrument;

use super::GrantParameter;
use crate::access::Product;
use crate::app::App;
use crate::http::Problems;
use crate::http::extract::Path;
use crate::refusal::Refusal;

/// Revokes a grant that the product whose API key is sent has made: closes the connections of whoever holds it with
/// `grant_ended`. They may come back as others may enter.
#[utoipa::path(delete, path = "/{grant_id}", operation_id = "revokeGrant", tag = "rooms",
    security(("api_key" = [])),
    params(GrantParameter),
    responses((status = 204, description = "Revoked"), Problems))]
#[tracing::instrument(name = "http.revoke_grant", skip_all)]
pub(crate) async fn revoke_grant(
    State(app): State<App>,
    product: Product,
    Path(GrantParameter { grant_id }): Path<GrantParameter>,
) -> Result<StatusCode, Refusal> {
    // A client that hangs up leaves no grant half revoked.
    let ending = async move { app.rooms.end_grant_of(&product, &grant_id).await };
    match tokio::spawn(ending.in_current_span()).await {
        Ok(ended) => ended.map(|()| StatusCode::NO_CONTENT),
        Err(_) => Err(Refusal::new(ErrorCode::Internal, "the grant couldn't be revoked")),
    }
}
