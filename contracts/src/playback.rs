//! Playback on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What every player of a room shows. At room time `t` its position is `position_ms`, plus
/// `max(0, t - anchor_at_ms) * rate` while `playing`, at most the duration.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Playback {
    /// What plays.
    #[schema(required = true)]
    pub media_id: Option<String>,
    /// Whether the playhead moves.
    pub status: Status,
    /// Where the playhead was at `anchor_at_ms`.
    pub position_ms: u64,
    /// Room clock; in the future it is a scheduled start.
    pub anchor_at_ms: u64,
    /// 0.25 to 4, in thousandths.
    pub rate: f64,
    /// A rendition's id, or `auto`.
    pub rendition: String,
    /// The chosen text track; null is off.
    #[schema(required = true)]
    pub text_track: Option<String>,
    /// The chosen sound track; null where there is no choice.
    #[schema(required = true)]
    pub audio_track: Option<String>,
    /// There exactly while `status` is `waiting`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub waiting: Option<Waiting>,
}

/// Whether the playhead moves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// From the anchor on.
    Playing,
    /// It stands.
    Paused,
    /// It stands until everybody is ready, or the deadline.
    Waiting,
    /// It stands at the end.
    Ended,
}

/// A start that waits for players to load.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Waiting {
    /// What a `ready` names.
    pub since_version: u64,
    /// Playback starts then, whoever is missing. Room clock.
    pub deadline_ms: u64,
    /// Who was waited for at the start of the wait.
    pub waiting_for: WaitingFor,
}

/// Who a start waits for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct WaitingFor {
    /// How many participants.
    pub count: u32,
    /// The first 20 of them.
    #[schema(max_items = 20)]
    pub participant_ids: Vec<String>,
}
