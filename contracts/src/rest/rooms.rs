//! Bodies of `/rooms`: creating, changing, listing and reading rooms.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::name::{
    optional_language, optional_password, optional_room_name, optional_tags, room_name, tags,
};
use crate::room::{Entry, HostLoss, PlaybackControl, Room};
use crate::whole;

/// A room to create.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct CreateRoom {
    /// The name of the room.
    #[schema(schema_with = room_name)]
    pub name: String,
    /// Whether the room appears in the public list.
    #[serde(default)]
    pub is_public: bool,
    /// The language that is spoken in the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = optional_language)]
    pub language: Option<String>,
    /// What the room is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = tags)]
    pub tags: Vec<String>,
    /// What happens when the host stays away. The default is `expire`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_loss: Option<HostLoss>,
    /// How long the host may stay away, in milliseconds. The default is the server's.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(maximum = 86_400_000)]
    pub host_grace_ms: Option<u64>,
    /// How long the host counts as present after its last sign of life, in milliseconds. The
    /// default is the server's.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(minimum = 1000, maximum = 600_000)]
    pub host_lease_ms: Option<u64>,
    /// Whether playback waits for participants who are re-buffering.
    #[serde(default)]
    pub rebuffer_barrier: bool,
    /// Who commands playback. The default is `hosts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playback_control: Option<PlaybackControl>,
    /// Who may enter. The default is `open`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// The password of a room whose `entry` is `password`, which needs one. Given alone, it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = optional_password)]
    pub password: Option<String>,
    /// How many people the room takes, its host included. By default as many as the server does.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub capacity: Option<u64>,
}

/// Changes to a room. Absent fields keep their value.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PatchRoom {
    /// The name of the room, 1 to 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = optional_room_name)]
    pub name: Option<String>,
    /// Whether the room appears in the public list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_public: Option<bool>,
    /// The language that is spoken in the room; null names none.
    #[serde(default, deserialize_with = "super::present", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = optional_language)]
    pub language: Option<Option<String>>,
    /// What the room is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = optional_tags)]
    pub tags: Option<Vec<String>>,
    /// The settings of the room's chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<PatchChat>,
    /// What happens when the host stays away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_loss: Option<HostLoss>,
    /// How long the host may stay away, in milliseconds.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(maximum = 86_400_000)]
    pub host_grace_ms: Option<u64>,
    /// Whether playback waits for participants who are re-buffering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuffer_barrier: Option<bool>,
    /// Who commands playback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playback_control: Option<PlaybackControl>,
    /// Who may enter from now on. Nobody has to leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// Another password, which is what lets people in from now on. Those who entered by the one before needn't know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = optional_password)]
    pub password: Option<String>,
    /// How many people the room takes from now on; null for as many as the server does. Nobody has to leave.
    #[serde(default, deserialize_with = "super::present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 1, maximum = 1_000_000)]
    pub capacity: Option<Option<u64>>,
}

/// Changes to a room's chat. Absent fields keep their value.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PatchChat {
    /// Whether participants can send messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The minimum time between two messages of one participant, in milliseconds.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(maximum = 3_600_000)]
    pub slow_mode_ms: Option<u64>,
}

/// A room in the public list.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RoomSummary {
    /// The id of the room.
    pub room_id: String,
    /// The code that people type to find the room.
    pub code: String,
    /// The name of the room.
    pub name: String,
    /// The title of the room's media; null if it has none.
    #[schema(required = true)]
    pub media_title: Option<String>,
    /// The provider of the room's media, for example `hls`; null if the room has none.
    #[schema(required = true)]
    pub provider: Option<String>,
    /// The URL of an image of the room's media; null if there is none.
    #[schema(required = true)]
    pub poster: Option<String>,
    /// The language that is spoken in the room, a BCP 47 tag; null if its host named none.
    #[schema(required = true)]
    pub language: Option<String>,
    /// What the room is about.
    pub tags: Vec<String>,
    /// Who may enter the room.
    pub entry: Entry,
    /// The number of connected participants.
    pub viewer_count: u64,
}

/// What public rooms are sorted by.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoomSort {
    /// The most watched first.
    #[default]
    Viewers,
    /// The newest first.
    Newest,
    /// By name, whatever its case and accents.
    Name,
}

/// A page of public rooms.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RoomPage {
    /// The rooms on this page, in the order that was asked for.
    pub items: Vec<RoomSummary>,
    /// The token of the next page; absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_page_token: Option<String>,
}

/// The state of a room at one version.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct RoomState {
    /// The room's epoch. `(epoch, version)` orders all states of a room.
    pub epoch: u64,
    /// The room's version within the epoch: the number of commits so far.
    pub version: u64,
    /// When the state was read, in milliseconds on the room clock.
    pub at_ms: u64,
    /// The room.
    pub room: Room,
}
