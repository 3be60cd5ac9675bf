//! Bodies of `/auth`: access and refresh tokens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::name::display_name;

/// A request for a guest's tokens, which needs no account.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct GuestRequest {
    /// The name that other participants see.
    #[schema(schema_with = display_name)]
    pub display_name: String,
}

/// A request for new tokens of the same user.
#[derive(Clone, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RefreshRequest {
    /// The refresh token that came with the last access token.
    #[schema(max_length = 100)]
    pub refresh_token: String,
}

/// A guest's tokens.
#[derive(Clone, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct GuestToken {
    /// The id of the user, who stays the same as long as the tokens are refreshed.
    pub user_id: String,
    /// The access token, to be sent as `Authorization: Bearer`.
    pub access_token: String,
    /// How long the access token is valid, in milliseconds.
    pub expires_in_ms: u64,
    /// When the access token expires, in milliseconds since the Unix epoch. For display only: the
    /// clock of a client may be wrong.
    pub expires_at_ms: u64,
    /// The refresh token, to be sent to `POST /auth/refresh` for the next tokens. It replaces the one
    /// before.
    pub refresh_token: String,
}

impl std::fmt::Debug for RefreshRequest {
    /// Omits the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshRequest").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for GuestToken {
    /// Omits the tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuestToken").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
