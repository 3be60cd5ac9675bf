//! Sources that providers resolve, and the media that rooms choose from them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::timeline::Timeline;

/// A source: playable media, as a provider resolved it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Source {
    /// The provider that resolved the source, for example `hls`.
    pub provider: String,
    /// The provider's own id for the source, which doesn't change.
    pub stream_id: String,
    /// A title to display.
    pub title: String,
    /// The duration in milliseconds; null if unknown.
    #[schema(required = true)]
    pub duration_ms: Option<u64>,
    /// Where the duration comes from: `media`, the media itself; `playlist`, the sum of what a playlist
    /// states; `header`, the header of a file or an estimate by a part of it; `measured`, a player of the
    /// host or a co-host. A duration from a playlist or a header is an estimate: playback doesn't stop
    /// there, and a measurement may replace it. Null if the duration is unknown.
    #[serde(default)]
    #[schema(required = true)]
    pub duration_origin: Option<String>,
    /// What positions count.
    #[serde(default)]
    #[schema(required = true)]
    pub timeline: Timeline,
    /// Whether the source is a live stream.
    pub live: bool,
    /// The position of the edge of a live stream, where its newest media ended, at `edge_at_ms`. It
    /// advances with the room clock: at *t* it is `edge_ms` + *t* − `edge_at_ms`. Absent unless the
    /// source is live and its players share positions, as are the next four.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub edge_ms: Option<u64>,
    /// The room time at which the edge was at `edge_ms`, in milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub edge_at_ms: Option<u64>,
    /// How much media before the edge can be played, in milliseconds. A seek before that is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub window_ms: Option<u64>,
    /// Whether the window keeps its beginning and grows, as that of an event does, instead of moving on
    /// with the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub window_grows: Option<bool>,
    /// How far behind the edge players stay, in milliseconds, unless the window is shorter. A seek
    /// nearer to the edge is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hold_back_ms: Option<u64>,
    /// The ways to play the source, best first.
    #[schema(min_items = 1)]
    pub delivery: Vec<Delivery>,
    /// The available renditions, best first.
    pub renditions: Vec<Rendition>,
    /// The available subtitles and captions.
    pub text_tracks: Vec<TextTrack>,
    /// The available audio tracks; empty if there is no choice.
    pub audio_tracks: Vec<AudioTrack>,
    /// The URL of an image to show before playback; null if there is none.
    #[schema(required = true)]
    pub poster: Option<String>,
    /// How far a page can control the player.
    pub control: Control,
    /// Whether the source was available when it was resolved.
    pub availability: Availability,
}

/// A source that was chosen for a room.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Media {
    /// The id of this choice. Choosing the same source again gives a new id.
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
    /// The URL that the player loads.
    pub url: String,
    /// The media type, for example `video/mp4`; absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mime: Option<String>,
    /// Whether scripts of a page may read the bytes: `any`, `origin`, `missing`, `not_needed` or
    /// `unknown`.
    pub cors: String,
    /// The codecs of the picture and the sound, as a list of RFC 6381, for example
    /// `avc1.64001f,mp4a.40.2`; null if unknown. Codecs without a name there have a short one of
    /// their own, such as `dts`. Those of a playlist stand with its renditions
    /// where it lists any, and here if it has one quality.
    #[schema(required = true)]
    pub codecs: Option<String>,
    /// Whether there is a picture; null if unknown.
    #[schema(required = true)]
    pub has_picture: Option<bool>,
    /// Whether there is sound; null if unknown.
    #[schema(required = true)]
    pub has_sound: Option<bool>,
}

/// A rendition of a source: one quality.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Rendition {
    /// An id that is unique within the source and the same each time the source is resolved.
    pub id: String,
    /// The width in pixels; null if unknown.
    #[schema(required = true)]
    pub width: Option<u32>,
    /// The height in pixels; null if unknown.
    #[schema(required = true)]
    pub height: Option<u32>,
    /// The bit rate that the manifest states, in bits per second; null if unknown.
    #[schema(required = true)]
    pub bitrate_bps: Option<u64>,
    /// The codecs, as defined by RFC 6381; null if unknown.
    #[schema(required = true)]
    pub codecs: Option<String>,
}

/// A text track: subtitles or captions.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct TextTrack {
    /// An id that is unique within the source and the same each time the source is resolved.
    pub id: String,
    /// A label to display.
    pub label: String,
    /// The language, as a BCP 47 tag; null if unknown.
    #[schema(required = true)]
    pub language: Option<String>,
    /// `subtitles`, `captions` (which describe sounds, too), or `forced`: what people need who
    /// understand the audio. Forced tracks are shown with audio of their language unless another
    /// track is selected; they aren't offered.
    pub kind: String,
    /// The ids of the renditions that have the track; absent if all do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renditions: Vec<String>,
    /// Where the manifest lists the track; absent if it can be told by label and language.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<ManifestEntry>,
    /// The channel of captions that are part of the picture, for example `CC1`; absent for others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub channel: Option<String>,
}

/// Where a manifest lists a track, which tells it from others of the same name.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ManifestEntry {
    /// The group of tracks, as the manifest names it.
    pub group: String,
    /// The track's place among those of its kind in the group, from 0.
    pub index: u32,
}

/// An audio track.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct AudioTrack {
    /// An id that is unique within the source and the same each time the source is resolved.
    pub id: String,
    /// A label to display.
    pub label: String,
    /// The language, as a BCP 47 tag; null if unknown.
    #[schema(required = true)]
    pub language: Option<String>,
    /// Whether this track plays unless another is selected.
    pub default: bool,
    /// The ids of the renditions that have the track; absent if all do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renditions: Vec<String>,
    /// Where the manifest lists the track; absent if it can be told by label and language.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<ManifestEntry>,
}

/// How far a page can control the player of a source.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Control {
    /// `A`: a media element of the page. `B`: an embed that scripts can control. `C`: an embed that
    /// only reports its state. `D`: an external page.
    pub class: String,
    /// Whether the playback rate can be set to any value rather than to one of a few.
    pub continuous_rate: bool,
    /// Whether players can seek to any position. If false, for example because the server that
    /// holds the media doesn't support byte ranges, `seek` is only possible to 0.
    pub seek: bool,
}

/// Whether a source was available when it was resolved.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Availability {
    /// Whether the server could verify that the source is available.
    pub state: AvailabilityState,
    /// What the server verified, or why it couldn't.
    pub evidence: String,
}

/// Whether the server could verify that a source is available.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AvailabilityState {
    /// The server fetched part of the source.
    Available,
    /// The server can't verify it.
    Unverified,
}
