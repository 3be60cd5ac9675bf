//! Bodies of `/rooms/{room_id}/bans`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request to ban a participant from a room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct BanRequest {
    /// The participant, who needn't be in the room any more.
    #[schema(max_length = 18, pattern = "^p_[0-9A-HJKMNP-TV-Z]{16}$")]
    pub participant_id: String,
    /// The reason, which those who moderate the room can read: at most 200 characters as people count them (grapheme
    /// clusters), at most 1000 bytes of UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    pub reason: Option<String>,
    /// When the ban ends, in milliseconds since the Unix epoch. Without it, the ban lasts as long as the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    pub until_ms: Option<u64>,
}

/// A ban: the participant can't enter the room, by any way, until it ends or is lifted.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Ban {
    /// The participant.
    pub participant_id: String,
    /// The participant's display name when the ban began; absent if it wasn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub display_name: Option<String>,
    /// What that name looks like, as `Participant` has it; absent if there is no name. At most 256 bytes of UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 256)]
    pub name_skeleton: Option<String>,
    /// The reason that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
    /// The participant who banned.
    pub by: String,
    /// When the ban began, in milliseconds since the Unix epoch.
    pub banned_at_ms: u64,
    /// When it ends, in milliseconds since the Unix epoch; absent if it lasts as long as the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub until_ms: Option<u64>,
}

/// A page of the bans of a room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct BanPage {
    /// The bans on this page, the newest first.
    pub items: Vec<Ban>,
    /// The token of the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_page_token: Option<String>,
}
