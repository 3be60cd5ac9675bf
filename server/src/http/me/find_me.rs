//! `GET /me`

use contracts::Me;

use crate::access::Caller;
use crate::http::Problems;
use crate::http::extract::Json;

/// Returns the caller, as the access token names them.
#[utoipa::path(get, path = "", operation_id = "findMe", tag = "me", security(("token" = [])),
    responses((status = 200, body = Me, description = "The caller"), Problems))]
#[tracing::instrument(name = "http.find_me", skip_all)]
pub(crate) async fn find_me(caller: Caller) -> Json<Me> {
    let Caller { user_id, display_name, guest: is_guest, .. } = caller;
    Json(Me { user_id, display_name, is_guest })
}
