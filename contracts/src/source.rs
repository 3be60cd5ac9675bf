//! Sources and media on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Playable media as a provider resolved it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Source {
    /// The adapter that resolved it, for example `hls`.
    pub provider: String,
    /// The adapter's durable name for it.
    pub stream_id: String,
    /// A title for people.
    pub title: String,
    /// Length; null if unknown.
    #[schema(required = true)]
    pub duration_ms: Option<u64>,
    /// Whether it is still being produced.
    pub live: bool,
    /// Ways to play it, best first.
    #[schema(min_items = 1)]
    pub delivery: Vec<Delivery>,
    /// Qualities, best first.
    pub renditions: Vec<Rendition>,
    /// Subtitles and captions.
    pub text_tracks: Vec<TextTrack>,
    /// Sound tracks, if there is a choice.
    pub audio_tracks: Vec<AudioTrack>,
    /// A picture to show before it plays.
    #[schema(required = true)]
    pub poster: Option<String>,
    /// What a player can be told to do with it.
    pub control: Control,
    /// Whether it was there when it was looked at.
    pub availability: Availability,
}

/// A source that a room watches.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Media {
    /// Names this choice; the same link chosen again gets another.
    pub media_id: String,
    /// The source.
    #[serde(flatten)]
    pub source: Source,
}

/// One way to play a source.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Delivery {
    /// `file`, `hls`, `dash`, `embed` or `external`.
    #[serde(rename = "type")]
    pub type_: String,
    /// Where the player fetches it.
    pub url: String,
    /// Media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mime: Option<String>,
    /// `any`, `origin`, `missing`, `not_needed` or `unknown`: whether pages may read the bytes.
    pub cors: String,
}

/// One quality.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Rendition {
    /// Unique within the source and the same each time it is resolved.
    pub id: String,
    /// In pixels.
    #[schema(required = true)]
    pub width: Option<u32>,
    /// In pixels.
    #[schema(required = true)]
    pub height: Option<u32>,
    /// In bits per second, as the manifest states it.
    #[schema(required = true)]
    pub bitrate_bps: Option<u64>,
    /// RFC 6381.
    #[schema(required = true)]
    pub codecs: Option<String>,
}

/// Timed text.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct TextTrack {
    /// Unique within the source and the same each time it is resolved.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// BCP 47.
    #[schema(required = true)]
    pub language: Option<String>,
    /// `subtitles` or `captions`.
    pub kind: String,
}

/// A sound track.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct AudioTrack {
    /// Unique within the source and the same each time it is resolved.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// BCP 47.
    #[schema(required = true)]
    pub language: Option<String>,
    /// Played unless another is chosen.
    pub default: bool,
}

/// What a player can be told to do.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Control {
    /// `A` own element, `B` scriptable embed, `C` embed that only reports, `D` page outside.
    pub class: String,
    /// Whether its rate can be set finely.
    pub continuous_rate: bool,
    /// Whether it can be sent to a position.
    pub seek: bool,
}

/// Whether the source was there when it was looked at.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Availability {
    /// The answer.
    pub state: AvailabilityState,
    /// What was seen, or why nothing could be.
    pub evidence: String,
}

/// Whether a source was there.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AvailabilityState {
    /// It answered.
    Available,
    /// It can't be shown from the server.
    Unverified,
}
