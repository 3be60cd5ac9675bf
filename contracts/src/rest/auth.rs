//! Bodies of `/auth`: access tokens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::name::display_name;

/// A request for a guest's access token, which needs no account.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct GuestRequest {
    /// The name that other participants see.
    #[schema(schema_with = display_name)]
    pub display_name: String,
}

/// A guest's access token.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct GuestToken {
    /// The id of the new user.
    pub user_id: String,
    /// The token, to be sent as `Authorization: Bearer`.
    pub access_token: String,
    /// When the token expires, in milliseconds since the Unix epoch.
    pub expires_at_ms: u64,
}
