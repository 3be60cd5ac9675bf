//! What a room watches: a `Source` as a provider describes it, and `Media`, a source chosen for a
//! room.

use serde::{Deserialize, Serialize};

use crate::id::MediaId;
use crate::live::LiveEdge;
use crate::time::{Position, Timestamp};
use crate::timeline::{DurationOrigin, Timeline, TimelineKind};

/// A playable source as a provider resolved it. It holds URLs and facts, never media data.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Source {
    /// The provider that resolved it, for example `hls`.
    pub provider: String,
    /// The provider's own durable id for it; resolving it again gives the same source.
    pub stream_id: String,
    /// The title to show.
    pub title: String,
    /// The duration; unknown for live sources and for some files.
    pub duration: Option<Position>,
    /// Where the duration comes from.
    #[serde(default, skip_serializing_if = "DurationOrigin::is_media")]
    pub duration_origin: DurationOrigin,
    /// What positions count.
    #[serde(default, skip_serializing_if = "Timeline::is_unstated")]
    pub timeline: Timeline,
    /// Whether it is live.
    pub live: bool,
    /// The edge, if it is live and its players share positions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_edge: Option<LiveEdge>,
    /// The ways to play it, best first; never empty.
    pub delivery: Vec<Delivery>,
    /// The qualities, best first; empty if there is only one.
    pub renditions: Vec<Rendition>,
    /// The subtitles and captions.
    pub text_tracks: Vec<TextTrack>,
    /// The audio tracks; empty if there is no choice.
    pub audio_tracks: Vec<AudioTrack>,
    /// The URL of an image to show before it plays.
    pub poster: Option<String>,
    /// How a player of it can be controlled.
    pub control: Control,
    /// Whether it was available when it was resolved.
    pub availability: Availability,
}

/// A source chosen for a room. Each choice has an id of its own, even of the same source.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Media {
    /// The id of this choice.
    pub media_id: MediaId,
    /// The source.
    pub source: Source,
}

/// One way to play a source.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Delivery {
    /// The player that it needs.
    pub kind: DeliveryKind,
    /// The URL that the player loads.
    pub url: String,
    /// The media type, if known.
    pub mime: Option<String>,
    /// Whether a page of another origin may read the response.
    pub cors: Cors,
    /// The codecs of its picture and sound, as a list of RFC 6381, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codecs: Option<String>,
    /// Whether it has a picture, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_picture: Option<bool>,
    /// Whether it has sound, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_sound: Option<bool>,
}

/// The player that a delivery needs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    /// A media element that plays a file progressively.
    File,
    /// A player for HTTP Live Streaming.
    Hls,
    /// A player for MPEG-DASH.
    Dash,
    /// The provider's own player, in a frame.
    Embed,
    /// An external page.
    External,
}

/// What the media's origin allows in cross-origin requests.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cors {
    /// Any origin may read.
    Any,
    /// The requesting origin may read.
    Origin,
    /// No other origin may read; players that load media by script fail.
    Missing,
    /// The player doesn't load the media by script.
    NotNeeded,
    /// It wasn't checked.
    Unknown,
}

/// One quality of a source.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rendition {
    /// Unique within the source, and stable when it is resolved again.
    pub id: String,
    /// The width in pixels.
    pub width: Option<u32>,
    /// The height in pixels.
    pub height: Option<u32>,
    /// The peak bit rate in bits per second, as the manifest states it.
    pub bitrate_bps: Option<u64>,
    /// The codecs, as in RFC 6381.
    pub codecs: Option<String>,
}

/// A text track of a source.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TextTrack {
    /// Unique within the source, and stable when it is resolved again.
    pub id: String,
    /// The label to show.
    pub label: String,
    /// The BCP 47 language tag.
    pub language: Option<String>,
    /// What it is for.
    pub kind: TextTrackKind,
    /// The ids of the renditions that have it; empty if all do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renditions: Vec<String>,
    /// Where the manifest lists it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<ManifestEntry>,
    /// The channel of captions that are part of the picture, such as `CC1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// Where a manifest lists a track, which tells it from others of the same name.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ManifestEntry {
    /// The group of tracks, as the manifest names it.
    pub group: String,
    /// The track's place among those of its kind in the group, from 0.
    pub index: u32,
}

/// What a text track is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextTrackKind {
    /// Dialogue, usually translated.
    Subtitles,
    /// Dialogue and other sounds, for people who can't hear them.
    Captions,
    /// Only what people need who understand the audio, such as signs: players show them unasked.
    Forced,
}

/// An audio track of a source.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AudioTrack {
    /// Unique within the source, and stable when it is resolved again.
    pub id: String,
    /// The label to show.
    pub label: String,
    /// The BCP 47 language tag.
    pub language: Option<String>,
    /// Whether it plays unless another is chosen.
    pub default: bool,
    /// The ids of the renditions that have it; empty if all do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renditions: Vec<String>,
    /// Where the manifest lists it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<ManifestEntry>,
}

/// How a player can be controlled.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Control {
    /// How closely its position can be controlled.
    pub class: SyncClass,
    /// Whether its rate can be changed in small steps.
    pub continuous_rate: bool,
    /// Whether it can seek to any position, rather than only start anew.
    pub seek: bool,
}

impl Control {
    /// A media element of our own, which can do everything precisely.
    pub const ELEMENT: Self = Self { class: SyncClass::A, continuous_rate: true, seek: true };
}

/// How closely the position of a player can be controlled.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum SyncClass {
    /// A media element of our own: exact positions, any rate.
    A,
    /// An embedded player with a script interface: positions come late, rates in steps.
    B,
    /// An embedded player that only reports.
    C,
    /// An external page: no control at all.
    D,
}

/// Whether a source was available when it was resolved.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Availability {
    /// It was available.
    Available {
        /// What proves it.
        evidence: Evidence,
    },
    /// Its availability can't be verified from the server.
    Unverified {
        /// Why, as text to show.
        reason: String,
    },
}

/// What an availability check has seen.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The first bytes of the media.
    FirstBytes,
    /// A manifest and the first segment that it names.
    Manifest,
}

impl Source {
    /// The duration, if it is known and no estimate.
    pub fn exact_duration(&self) -> Option<Position> {
        self.duration.filter(|_| !self.duration_origin.is_estimate())
    }

    /// The edge from now on, if its playlist was read again and that says something else than what is
    /// known. Without dates, positions mean nothing but the distance from the edge, which stays.
    pub fn moved_edge(&self, read: &LiveEdge, now: Timestamp) -> Option<LiveEdge> {
        let known = self.live_edge?;
        let edge = match self.timeline.kind {
            TimelineKind::ProgramDateTime => *read,
            _ => LiveEdge { position: known.position_at(read.at), ..*read },
        };
        known.is_off(&edge, now).then_some(edge)
    }

    /// Whether players load it from other addresses, or under other conditions, by this delivery.
    pub fn is_elsewhere(&self, delivery: &[Delivery]) -> bool {
        let place = |one: &Delivery| (one.kind, one.url.clone(), one.cors);
        !delivery.iter().map(place).eq(self.delivery.iter().map(place))
    }

    /// Whether `id` is one of its renditions.
    pub fn has_rendition(&self, id: &str) -> bool {
        self.renditions.iter().any(|rendition| rendition.id == id)
    }

    /// Whether `id` is one of its text tracks.
    pub fn has_text_track(&self, id: &str) -> bool {
        self.text_tracks.iter().any(|track| track.id == id)
    }

    /// Whether `id` is one of its audio tracks.
    pub fn has_audio_track(&self, id: &str) -> bool {
        self.audio_tracks.iter().any(|track| track.id == id)
    }

    /// The audio track that plays unless another is chosen.
    pub fn default_audio_track(&self) -> Option<&str> {
        let default = self.audio_tracks.iter().find(|track| track.default);
        default.or(self.audio_tracks.first()).map(|track| track.id.as_str())
    }
}
