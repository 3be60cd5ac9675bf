//! Frames that a client sends: `{type, id, data}`, named as commands.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::frames::hello::Hello;
use crate::timeline::TimelineOrigin;
use crate::whole;

/// A frame sent by a client, without its `id`. Every frame except `ping` needs an `id` of 1 to 64
/// characters, chosen by the client and unique among its commands.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Introduces the client. Must be the first frame, within five seconds of connecting.
    Hello(Hello),
    /// Measures the room clock.
    Ping(Ping),
    /// Starts playback.
    Play(Expected),
    /// Pauses playback.
    Pause(Expected),
    /// Moves the playhead.
    Seek(Seek),
    /// Changes the playback rate.
    SetRate(SetRate),
    /// Selects a rendition for the whole room.
    ChangeQuality(ChangeQuality),
    /// Selects a text track for the whole room, or turns text tracks off.
    ChangeSubtitle(ChangeSubtitle),
    /// Selects an audio track for the whole room.
    ChangeAudio(ChangeAudio),
    /// Replaces the room's media.
    SetMedia(SetMedia),
    /// Reports that the host's player reached the end of the media.
    Ended(Ended),
    /// Reports facts of the media that the host's player has measured.
    Measured(Measured),
    /// Reports that the player has buffered enough to start at the position of the barrier.
    Ready(Ready),
    /// Reports that the player started or stopped re-buffering.
    Buffering(Buffering),
    /// Reports that the player can't load the media any more.
    MediaFailed(MediaFailed),
    /// Reports how far the player is from the room's playhead.
    SyncReport(SyncReport),
    /// Transfers the host role to another participant.
    HostTransfer(HostTransfer),
    /// Keeps the connection open beyond the end of its access token. Best sent at `token_expiring`.
    AuthRefresh(AuthRefresh),
    /// Leaves the room for good: the participant is no member any more, unless the room names them (its host,
    /// its creator, a granted role). The server then closes the connection.
    Leave(Leave),
}

/// Writes `TYPES` and `type_name` from one table.
macro_rules! frame_types {
    ($($variant:ident => $name:literal,)*) => {
        impl ClientFrame {
            /// The `type` of every client frame.
            pub const TYPES: &[&str] = &[$($name),*];

            /// Returns the frame's `type`.
            pub const fn type_name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }
        }
    };
}

frame_types! {
    Hello => "hello",
    Ping => "ping",
    Play => "play",
    Pause => "pause",
    Seek => "seek",
    SetRate => "set_rate",
    ChangeQuality => "change_quality",
    ChangeSubtitle => "change_subtitle",
    ChangeAudio => "change_audio",
    SetMedia => "set_media",
    Ended => "ended",
    Measured => "measured",
    Ready => "ready",
    Buffering => "buffering",
    MediaFailed => "media_failed",
    SyncReport => "sync_report",
    HostTransfer => "host_transfer",
    AuthRefresh => "auth_refresh",
    Leave => "leave",
}

/// Measures the room clock.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Ping {
    /// The client's clock, in any unit. `pong` returns it unchanged.
    pub t0: f64,
}

/// The data of a command that has no arguments of its own.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Expected {
    /// Applies the command only if the room is at this version.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// The data of `seek`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Seek {
    /// The target position in milliseconds, from 0 to the duration; only 0 if the media's `control.seek`
    /// is false.
    #[serde(deserialize_with = "whole::required")]
    #[schema(minimum = 0)]
    pub position_ms: i64,
    /// Applies the command only if the room is at this version.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// The data of `set_rate`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SetRate {
    /// The playback rate, from 0.25 to 4, rounded to three decimal places. 1 is normal speed.
    #[schema(minimum = 0.25, maximum = 4.0)]
    pub rate: f64,
    /// Applies the command only if the room is at this version.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// The data of `change_quality`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ChangeQuality {
    /// The id of a rendition, or `auto`.
    #[schema(max_length = 64)]
    pub rendition: String,
    /// Applies the command only if the room is at this version.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// The data of `change_subtitle`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ChangeSubtitle {
    /// The id of a text track, or null to turn text tracks off.
    #[serde(deserialize_with = "deserialize_required")]
    #[schema(required = true, max_length = 64)]
    pub track: Option<String>,
    /// Applies the command only if the room is at this version.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// The data of `change_audio`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct ChangeAudio {
    /// The id of an audio track.
    #[schema(max_length = 64)]
    pub track: String,
    /// Applies the command only if the room is at this version.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// The data of `set_media`: exactly one of `link` and `source`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SetMedia {
    /// A link that a person pasted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2048)]
    pub link: Option<String>,
    /// A source that was resolved before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source: Option<SourceRef>,
    /// Applies the command only if the room is at this version.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// A durable reference to a source.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SourceRef {
    /// The provider of the source.
    #[schema(max_length = 32)]
    pub provider: String,
    /// The provider's own id for the source.
    #[schema(max_length = 8192)]
    pub stream_id: String,
}

/// The data of `ended`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Ended {
    /// The media that ended. The command has no effect if the room has other media by now.
    #[schema(max_length = 18, pattern = "^m_[0-9A-HJKMNP-TV-Z]{16}$")]
    pub media_id: String,
    /// Applies the command only if the room is at this version.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// The data of `measured`: what a player of the host or a co-host found out about the media. Each
/// fact is taken over once, as `media_changed` with the cause `measured`, where the source has only an
/// estimate or nothing: a duration within a third or 30 s of the estimate, if there is one, and not below
/// the playhead; an origin if there is none. Anything else is acknowledged and changes nothing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Measured {
    /// The media. The command has no effect if the room has other media by now.
    #[schema(max_length = 18, pattern = "^m_[0-9A-HJKMNP-TV-Z]{16}$")]
    pub media_id: String,
    /// The duration in milliseconds.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false, maximum = 9_007_199_254_740_991_i64)]
    pub duration_ms: Option<u64>,
    /// The origin of the first discontinuity, which begins at position 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub origin: Option<TimelineOrigin>,
}

/// The data of `ready`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Ready {
    /// The `since_version` of the barrier.
    #[serde(deserialize_with = "whole::required")]
    pub version: u64,
}

/// The data of `buffering`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Buffering {
    /// Whether the player is re-buffering.
    pub on: bool,
}

/// The data of `media_failed`, for example because the media's address has lapsed. The server
/// resolves the media again, at most once in ten seconds. If that fails, the command is refused with the
/// same codes as `set_media`; the media itself stays. If the media has other addresses by now,
/// `media_changed` with the cause `refreshed` brings them: on the report of the host or a co-host, and on
/// that of others if the server can't load the media at the present address either.
///
/// The commands behind it don't wait for the answer, which may take seconds. Another one of the same
/// connection meanwhile is `rate_limited`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct MediaFailed {
    /// The media. The command has no effect if the room has other media by now.
    #[schema(max_length = 18, pattern = "^m_[0-9A-HJKMNP-TV-Z]{16}$")]
    pub media_id: String,
}

/// The data of `sync_report`, sent about every two seconds during playback. It never changes the
/// room's state: it feeds the server's metrics and `sync_changed`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct SyncReport {
    /// The player's position minus the room's, in milliseconds. Positive if the player is ahead.
    #[schema(minimum = -86_400_000.0, maximum = 86_400_000.0)]
    pub drift_ms: f64,
    /// The largest possible error of the client's estimate of the room clock, in milliseconds.
    #[schema(minimum = 0.0, maximum = 60_000.0)]
    pub uncertainty_ms: f64,
}

/// The data of `host_transfer`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct HostTransfer {
    /// The participant who becomes the host.
    #[schema(max_length = 18, pattern = "^p_[0-9A-HJKMNP-TV-Z]{16}$")]
    pub participant_id: String,
    /// Applies the command only if the room is at this version.
    #[serde(
        default,
        deserialize_with = "whole::optional",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub expected_version: Option<u64>,
}

/// The data of `auth_refresh`.
#[derive(Clone, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct AuthRefresh {
    /// A newer access token of the same user.
    #[schema(max_length = 8192)]
    pub access_token: String,
}

impl std::fmt::Debug for AuthRefresh {
    /// Omits the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthRefresh").finish_non_exhaustive()
    }
}

/// The data of `leave`, which is empty.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
pub struct Leave {}

/// Deserializes a nullable field that must be present; by default serde takes absence for null.
fn deserialize_required<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}
