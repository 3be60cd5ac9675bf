//! The state of playback, from which every player computes the playhead.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The state of a room's playback. At time `t` on the room clock, the playhead is at
/// `position_ms`, plus `max(0, t - anchor_at_ms) * rate` while `status` is `playing`, but at most
/// at the duration of the media.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Playback {
    /// The room's media; null if it has none.
    #[schema(required = true)]
    pub media_id: Option<String>,
    /// Whether the playhead moves, and if not, why.
    pub status: Status,
    /// The position of the playhead at `anchor_at_ms`, in milliseconds.
    pub position_ms: u64,
    /// The time to which `position_ms` refers, in milliseconds on the room clock. While `playing`,
    /// a time in the future is a scheduled start.
    pub anchor_at_ms: u64,
    /// The playback rate, from 0.25 to 4, with up to three decimal places. 1 is normal speed.
    pub rate: f64,
    /// The id of the selected rendition, or `auto`.
    pub rendition: String,
    /// The id of the selected text track; null if text tracks are off.
    #[schema(required = true)]
    pub text_track: Option<String>,
    /// The id of the selected audio track; null if the media offers no choice.
    #[schema(required = true)]
    pub audio_track: Option<String>,
    /// The barrier that playback waits for. Present exactly while `status` is `waiting`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub waiting: Option<Waiting>,
}

/// Whether the playhead moves, and if not, why.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The playhead moves from `anchor_at_ms` on.
    Playing,
    /// Playback is paused.
    Paused,
    /// Playback starts when every player is ready, or at the deadline of the barrier.
    Waiting,
    /// The playhead is at the end of the media.
    Ended,
}

/// A barrier: playback waits until every player is ready.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Waiting {
    /// The version at which the wait began. `ready` refers to the barrier by it.
    pub since_version: u64,
    /// When playback starts even if some players aren't ready, in milliseconds on the room clock.
    pub deadline_ms: u64,
    /// The participants whose players weren't ready when the wait began.
    pub waiting_for: WaitingFor,
}

/// The participants that a barrier waits for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct WaitingFor {
    /// The number of participants.
    pub count: u32,
    /// The ids of the first 20 of them.
    #[schema(max_items = 20)]
    pub participant_ids: Vec<String>,
}
