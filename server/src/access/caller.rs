//! The user that a request or a socket authenticated as.

use engine::Role;

use super::Validity;

/// A user with a valid token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caller {
    /// The user's id.
    pub user_id: String,
    /// The user's display name.
    pub display_name: String,
    /// Whether the user has no account.
    pub guest: bool,
    /// When the token is valid.
    pub validity: Validity,
}

impl Caller {
    /// Returns the role that the user holds in every room without a grant.
    pub fn base(&self) -> Role {
        if self.guest { Role::Guest } else { Role::Member }
    }
}
