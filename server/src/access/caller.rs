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
    /// The family of refresh tokens that the token was issued with. Those from before they named it have none.
    pub family_id: Option<String>,
    /// When the token is valid.
    pub validity: Validity,
}

impl Caller {
    /// Returns the role that the user holds in every room without a grant.
    pub fn base(&self) -> Role {
        if self.guest { Role::Guest } else { Role::Member }
    }
}
