//! Bodies of `/rooms/{room_id}/invites`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::room::Role;
use crate::whole;

/// An invite to make.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct InviteRequest {
    /// The role that people get who use it, which must be lower than that of the inviter; without it, the one that they
    /// would have in an open room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// How many people may use it; without it, any number.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(minimum = 1, maximum = 10_000)]
    pub uses: Option<u64>,
    /// When it ends, in milliseconds since the Unix epoch. Without it, it lasts as long as the room.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    pub expires_at_ms: Option<u64>,
}

/// An invite that was made. The secret is told only here: the server keeps no more than its hash.
#[derive(Clone, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct CreatedInvite {
    /// The id of the invite, by which it is revoked.
    pub invite_id: String,
    /// The invite, as `POST /rooms/{room_id}/join` takes it.
    pub invite: String,
    /// The address of the room's page with the invite in its fragment, which browsers don't send to servers.
    pub url: String,
}

impl std::fmt::Debug for CreatedInvite {
    /// Omits the invite.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedInvite").field("invite_id", &self.invite_id).finish_non_exhaustive()
    }
}

/// An invite that can still be used, without its secret.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Invite {
    /// The id of the invite.
    pub invite_id: String,
    /// The role that people get who use it; absent if it is the one that they would have in an open room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub role: Option<Role>,
    /// How many people may use it; absent if any number may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub uses: Option<u64>,
    /// How many people have used it.
    pub used: u64,
    /// The participant who made it.
    pub by: String,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// When it ends, in milliseconds since the Unix epoch; absent if it lasts as long as the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expires_at_ms: Option<u64>,
}

/// A page of the invites of a room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct InvitePage {
    /// The invites on this page, the newest first.
    pub items: Vec<Invite>,
    /// The token of the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_page_token: Option<String>,
}
