//! What a client sends: `{type, id, data}`, commands imperative.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A frame without its `id`. Every one but `ping` needs one of 1 to 64 characters.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame, within five seconds.
    Hello(Hello),
    /// Measures the clock.
    Ping(Ping),
    /// Starts playback.
    Play(Expected),
    /// Stops playback.
    Pause(Expected),
    /// Moves the playhead.
    Seek(Seek),
    /// Changes the speed.
    SetRate(SetRate),
    /// Chooses a quality for all.
    ChangeQuality(ChangeQuality),
    /// Chooses subtitles for all.
    ChangeSubtitle(ChangeSubtitle),
    /// Chooses a sound track for all.
    ChangeAudio(ChangeAudio),
    /// Watches something else.
    SetMedia(SetMedia),
    /// The host's player came to the end.
    Ended(Ended),
    /// The player holds data at the waiting position.
    Ready(Ready),
    /// The player ran dry, or no longer.
    Buffering(Buffering),
    /// How far the player is from the room.
    SyncReport(SyncReport),
    /// Gives the host role away.
    HostTransfer(HostTransfer),
    /// Goes away for good; the server closes the connection.
    Leave(Leave),
}

impl ClientFrame {
    /// Every `type` there is.
    pub const TYPES: &[&str] = &[
        "hello",
        "ping",
        "play",
        "pause",
        "seek",
        "set_rate",
        "change_quality",
        "change_subtitle",
        "change_audio",
        "set_media",
        "ended",
        "ready",
        "buffering",
        "sync_report",
        "host_transfer",
        "leave",
    ];
}

/// Introduces a client.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Hello {
    /// What connects.
    pub client: ClientInfo,
    /// What it can do: `ready` joins barriers. Unknown ones are ignored.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// The session to go on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub resume: Option<Resume>,
}

/// What connects, for the log.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ClientInfo {
    /// Its name.
    #[schema(max_length = 64)]
    pub name: String,
    /// Its version.
    #[schema(max_length = 64)]
    pub version: String,
}

/// Where a client was when its connection broke.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Resume {
    /// From `welcome`.
    pub session_id: String,
    /// The last epoch it saw.
    pub epoch: u64,
    /// The last version it saw.
    pub version: u64,
}

/// Measures the clock.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Ping {
    /// The client's clock, in any unit; comes back as it is.
    pub t0: f64,
}

/// A command without arguments of its own.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Expected {
    /// The only version at which the command is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// `seek`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Seek {
    /// Where to, 0 to the duration.
    pub position_ms: i64,
    /// The only version at which the command is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// `set_rate`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SetRate {
    /// 0.25 to 4; kept to a thousandth.
    #[schema(minimum = 0.25, maximum = 4.0)]
    pub rate: f64,
    /// The only version at which the command is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// `change_quality`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ChangeQuality {
    /// A rendition's id, or `auto`.
    pub rendition: String,
    /// The only version at which the command is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// `change_subtitle`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ChangeSubtitle {
    /// A text track's id, or null for off.
    #[serde(deserialize_with = "present")]
    #[schema(required = true)]
    pub track: Option<String>,
    /// The only version at which the command is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// `change_audio`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ChangeAudio {
    /// A sound track's id.
    pub track: String,
    /// The only version at which the command is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// `set_media`: exactly one of `link` and `source`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SetMedia {
    /// A link that a person pasted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub link: Option<String>,
    /// A source that was resolved before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source: Option<SourceRef>,
    /// The only version at which the command is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// Names a source durably.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SourceRef {
    /// Its provider.
    pub provider: String,
    /// The provider's name for it.
    pub stream_id: String,
}

/// `ended`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Ended {
    /// The media that ended; about another one the command says nothing.
    pub media_id: String,
    /// The only version at which the command is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// `ready`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Ready {
    /// `since_version` of the barrier.
    pub version: u64,
}

/// `buffering`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Buffering {
    /// Whether the player is dry.
    pub on: bool,
}

/// `sync_report`, about every two seconds while the player plays. It changes no state: it feeds the
/// server's metrics and `sync_changed`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SyncReport {
    /// The player's position minus the room's, in milliseconds: above zero is ahead.
    #[schema(minimum = -86_400_000.0, maximum = 86_400_000.0)]
    pub drift_ms: f64,
    /// How far the client's idea of the room clock may be off, in milliseconds.
    #[schema(minimum = 0.0, maximum = 60_000.0)]
    pub uncertainty_ms: f64,
}

/// `host_transfer`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct HostTransfer {
    /// To whom.
    pub participant_id: String,
    /// The only version at which the command is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// `leave`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Leave {}

/// Null is an answer, absence is a mistake.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}
