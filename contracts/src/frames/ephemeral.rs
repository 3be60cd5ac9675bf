//! What the server's frames without a version carry: of each kind, only the newest counts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::room::Participant;

/// The connected participants.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct PresenceChanged {
    /// The host first, then the others by how long they have been connected. All of them up to 20,
    /// otherwise the first 8.
    #[schema(max_items = 20)]
    pub participants: Vec<Participant>,
    /// The number of connected participants.
    pub total: u64,
}

/// The number of connected participants, and its peak.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ViewerCountChanged {
    /// The number of connected participants.
    pub viewer_count: u64,
    /// The largest number of participants that were ever connected at once.
    pub peak_viewers: u64,
}

/// How far apart the room's players are, from their `sync_report`s of the last five seconds. Once
/// no player reports any more, the server sends it once with all values zero.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SyncChanged {
    /// The number of connections whose player reports.
    pub reporting: u64,
    /// The distance between the player furthest behind and the one furthest ahead, in
    /// milliseconds.
    #[schema(minimum = 0.0)]
    pub spread_ms: f64,
    /// The largest `uncertainty_ms` that a player reports. `spread_ms` may be off by up to twice as
    /// much.
    #[schema(minimum = 0.0)]
    pub uncertainty_ms: f64,
}

/// Those who ask to join the room now: not those who were answered, or who have stopped asking.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct KnocksChanged {
    /// The first of them, the longest waiting first.
    #[schema(max_items = 20)]
    pub knocks: Vec<Knock>,
}

/// Somebody who asks to join a room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Knock {
    /// The participant that they would be.
    pub participant_id: String,
    /// Their display name.
    pub display_name: String,
    /// What that name looks like, as `Participant` has it. At most 256 bytes of UTF-8.
    #[schema(max_length = 256)]
    pub name_skeleton: String,
}

/// Whether the server can store commands. After `welcome`, clients assume that it can until this
/// frame says otherwise.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct AuthorityChanged {
    /// False while commands are rejected with `store_unavailable`; true once they can be stored again.
    pub reachable: bool,
}

/// How much time is left until the connection closes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct TokenExpiring {
    /// How long the connection stays open, in milliseconds.
    pub expires_in_ms: u64,
}
