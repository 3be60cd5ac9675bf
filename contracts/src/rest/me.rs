//! Bodies of `/me`: the caller.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::name::display_name;

/// The caller.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Me {
    /// The user's id.
    pub user_id: String,
    /// The name that other participants see.
    pub display_name: String,
    /// Whether the user has no account.
    pub is_guest: bool,
}

/// A change to the caller.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PatchMe {
    /// The name that other participants see from now on.
    #[schema(schema_with = display_name)]
    pub display_name: String,
}

/// The caller after a change, with an access token that says so.
#[derive(Clone, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PatchedMe {
    /// The user's id, which never changes.
    pub user_id: String,
    /// The name that other participants see from now on.
    pub display_name: String,
    /// The access token, to be sent as `Authorization: Bearer` from now on. The previous one stays valid, with the
    /// previous name; the refresh token stays the same.
    pub access_token: String,
    /// How long the access token is valid, in milliseconds: it ends when the one before does.
    pub expires_in_ms: u64,
    /// When the access token expires, in milliseconds since the Unix epoch. For display only: the clock of a client
    /// may be wrong.
    pub expires_at_ms: u64,
}

impl std::fmt::Debug for PatchedMe {
    /// Omits the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PatchedMe").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
