//! The user that a request or a socket authenticated as.

use contracts::ErrorCode;
use engine::{Role, RoomId};

use super::Validity;
use crate::clock::WallTime;
use crate::refusal::Refusal;

/// A user with a valid token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Caller {
    /// The user's id.
    pub user_id: String,
    /// The user's display name.
    pub display_name: String,
    /// When the user was given the display name, as far as the token says.
    pub named_at: WallTime,
    /// Whether the user has no account.
    pub guest: bool,
    /// The family of refresh tokens that the token was issued with. Those from before they named it have none.
    pub family_id: Option<String>,
    /// The only rooms that the token is for; `None` for every room.
    pub rooms: Option<Vec<RoomId>>,
    /// When the token is valid.
    pub validity: Validity,
}

impl Caller {
    /// Returns the role that the user holds in every room without a grant.
    pub fn base(&self) -> Role {
        if self.guest { Role::Guest } else { Role::Member }
    }

    /// Refuses a room that the token isn't for.
    pub(super) fn check_room(&self, room_id: &RoomId) -> Result<(), Refusal> {
        if self.rooms.as_ref().is_none_or(|rooms| rooms.contains(room_id)) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::Forbidden, "the token is for other rooms"))
    }

    /// Refuses a token that is for certain rooms only, where a new one is to be made.
    pub fn check_every_room(&self) -> Result<(), Refusal> {
        if self.rooms.is_none() {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::Forbidden, "the token is for certain rooms, and creates none"))
    }
}
