//! What is watched: a `Source` as a provider describes it, and `Media`, a source chosen for a room.

use serde::{Deserialize, Serialize};

use crate::id::MediaId;
use crate::time::Position;

/// Playable media as a provider resolved it. Holds links and facts, never bytes of the media.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Source {
    /// The adapter that resolved it, for example `hls`.
    pub provider: String,
    /// The adapter's own durable name for it; resolving it again gives the same media.
    pub stream_id: String,
    /// A title for people.
    pub title: String,
    /// Length; unknown for live media and for some files.
    pub duration: Option<Position>,
    /// Whether it is still being produced.
    pub live: bool,
    /// Ways to play it, best first; never empty.
    pub delivery: Vec<Delivery>,
    /// Qualities, best first; empty if there is only one.
    pub renditions: Vec<Rendition>,
    /// Subtitles and captions.
    pub text_tracks: Vec<TextTrack>,
    /// Sound tracks; empty if there is no choice.
    pub audio_tracks: Vec<AudioTrack>,
    /// A picture to show before it plays.
    pub poster: Option<String>,
    /// What a player can be told to do with it.
    pub control: Control,
    /// Whether it was there when it was looked at.
    pub availability: Availability,
}

/// A source in a room, under an id of its own so that a repeated link is a new choice.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Media {
    /// Names this choice of the source.
    pub media_id: MediaId,
    /// What was chosen.
    pub source: Source,
}

/// One way to play a source.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Delivery {
    /// How.
    pub kind: DeliveryKind,
    /// Where the player fetches it.
    pub url: String,
    /// Media type, if known.
    pub mime: Option<String>,
    /// Whether a page of another origin may read the bytes.
    pub cors: Cors,
}

/// The player that a delivery needs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryKind {
    /// A file that a media element plays progressively.
    File,
    /// HTTP Live Streaming.
    Hls,
    /// MPEG-DASH.
    Dash,
    /// A player of the provider's own, in a frame.
    Embed,
    /// A page outside.
    External,
}

/// What the origin answered about cross-origin reads.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cors {
    /// Every origin may read.
    Any,
    /// The asking origin may read.
    Origin,
    /// Nobody may; players that read bytes in script fail.
    Missing,
    /// The player doesn't read bytes in script.
    NotNeeded,
    /// Not looked at.
    Unknown,
}

/// One quality.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rendition {
    /// Unique within the source and the same each time it is resolved.
    pub id: String,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Peak bandwidth in bits per second, as the manifest states it.
    pub bitrate_bps: Option<u64>,
    /// RFC 6381 codecs.
    pub codecs: Option<String>,
}

/// Timed text.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TextTrack {
    /// Unique within the source and the same each time it is resolved.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// BCP 47 language.
    pub language: Option<String>,
    /// Translated dialogue, or all sound.
    pub kind: TextTrackKind,
}

/// What timed text is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextTrackKind {
    /// Translated dialogue.
    Subtitles,
    /// All sound, for people who don't hear it.
    Captions,
}

/// A sound track.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AudioTrack {
    /// Unique within the source and the same each time it is resolved.
    pub id: String,
    /// Name for people.
    pub label: String,
    /// BCP 47 language.
    pub language: Option<String>,
    /// Played unless another is chosen.
    pub default: bool,
}

/// What a player can be told to do.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Control {
    /// How closely it can be steered.
    pub class: SyncClass,
    /// Whether its rate can be set finely.
    pub continuous_rate: bool,
    /// Whether it can be sent to a position.
    pub seek: bool,
}

impl Control {
    /// A media element of our own: everything, precisely.
    pub const ELEMENT: Self = Self { class: SyncClass::A, continuous_rate: true, seek: true };
}

/// How closely a player can be steered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum SyncClass {
    /// An own media element: exact position, any rate.
    A,
    /// A scriptable embed: late position, stepped rates.
    B,
    /// An embed that only reports.
    C,
    /// A page outside; nothing.
    D,
}

/// Whether the source was there when it was looked at.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Availability {
    /// It answered, by this evidence.
    Available {
        /// What was seen.
        evidence: Evidence,
    },
    /// It can't be shown from here.
    Unverified {
        /// Why, in words.
        reason: String,
    },
}

/// What an availability check saw.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The first bytes of the media.
    FirstBytes,
    /// A manifest and the first segment it names.
    Manifest,
}

impl Source {
    /// Whether `id` names one of its qualities.
    pub fn has_rendition(&self, id: &str) -> bool {
        self.renditions.iter().any(|rendition| rendition.id == id)
    }

    /// Whether `id` names one of its text tracks.
    pub fn has_text_track(&self, id: &str) -> bool {
        self.text_tracks.iter().any(|track| track.id == id)
    }

    /// Whether `id` names one of its sound tracks.
    pub fn has_audio_track(&self, id: &str) -> bool {
        self.audio_tracks.iter().any(|track| track.id == id)
    }

    /// The sound track that plays unless another is chosen.
    pub fn default_audio_track(&self) -> Option<&str> {
        let default = self.audio_tracks.iter().find(|track| track.default);
        default.or(self.audio_tracks.first()).map(|track| track.id.as_str())
    }
}
