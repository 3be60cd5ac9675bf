//! Bodies of `/grants` and `/rooms/{room_id}/grants`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::name::granted_rooms;
use crate::room::Role;
use crate::whole;

/// A grant to make for one room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct GrantRequest {
    /// The id of the user.
    #[schema(min_length = 1, max_length = 128, pattern = "^[!-~]+$")]
    pub user_id: String,
    /// The role that the user gets, which must be lower than that of the giver; without it, the one that they would have
    /// in an open room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// When the grant ends, in milliseconds since the Unix epoch. Without it, it lasts as long as the room.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    pub expires_at_ms: Option<u64>,
}

/// Grants to make for one user in several rooms, by the API key of the product that the user belongs to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct GrantsRequest {
    /// The product's own id of the user: 1 to 64 visible ASCII characters.
    #[schema(min_length = 1, max_length = 64, pattern = "^[!-~]+$")]
    pub user_id: String,
    /// The role that the user gets, any but `host`; without it, the one that they would have in an open room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The ids of the rooms.
    #[schema(schema_with = granted_rooms)]
    pub rooms: Vec<String>,
    /// When the grants end, in milliseconds since the Unix epoch. Without it, they last as long as the rooms.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    pub expires_at_ms: Option<u64>,
}

/// The grants that were made, in the order of the rooms.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct MadeGrants {
    /// The grants.
    pub grants: Vec<MadeGrant>,
}

/// A grant that was made.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct MadeGrant {
    /// The room.
    pub room_id: String,
    /// The participant that the user is in the room.
    pub participant_id: String,
    /// The id of the grant, by which it is revoked.
    pub grant_id: String,
}

/// A grant: the participant may enter the room until it ends or is revoked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Grant {
    /// The id of the grant.
    pub grant_id: String,
    /// The participant.
    pub participant_id: String,
    /// The participant's display name when the grant was made; absent if it wasn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub display_name: Option<String>,
    /// What that name looks like, as `Participant` has it; absent if there is no name. At most 256 bytes of UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 256)]
    pub name_skeleton: Option<String>,
    /// The role that the grant gives; absent if it is the one that the participant would have in an open room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub role: Option<Role>,
    /// By what the participant got it.
    pub via: GrantVia,
    /// Who gave it or made the invite: a participant, or an API key.
    pub by: String,
    /// When it was made, in milliseconds since the Unix epoch.
    pub granted_at_ms: u64,
    /// When it ends, in milliseconds since the Unix epoch; absent if it lasts as long as the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expires_at_ms: Option<u64>,
}

/// By what a participant got a grant.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantVia {
    /// An invite.
    Invite,
    /// The room's password.
    Password,
    /// A knock that was answered.
    Knock,
    /// It was given.
    Given,
}

/// A page of the grants of a room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct GrantPage {
    /// The grants on this page, the newest first.
    pub items: Vec<Grant>,
    /// The token of the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_page_token: Option<String>,
}
