//! The engine's refusals: answers, not failures.

/// Why a command changed nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// A playback command from somebody who doesn't command playback.
    #[error("only the host or a co-host commands playback")]
    NotHost,
    /// Anything else that the role doesn't allow.
    #[error("your role doesn't allow this")]
    Forbidden,
    /// Nothing to play.
    #[error("no media is set")]
    NoMedia,
    /// Play after the end; a seek comes first.
    #[error("the media has ended; seek first")]
    MediaEnded,
    /// A seek outside the media.
    #[error("the position lies outside the media")]
    PositionOutOfRange {
        /// The length, if known, in milliseconds.
        duration_ms: Option<u64>,
    },
    /// No such quality.
    #[error("the media has no such quality")]
    QualityUnavailable,
    /// No such subtitle or sound track.
    #[error("the media has no such track")]
    TrackUnavailable,
    /// The room is at another version than the sender expected.
    #[error("the room is at version {version}")]
    VersionConflict {
        /// The current version.
        version: u64,
    },
    /// The host role moved since the sender last heard.
    #[error("the host role has moved since")]
    StaleFence {
        /// The current fence.
        fence: u64,
    },
    /// The same name for another command.
    #[error("this id was used for another command")]
    IdReused,
    /// The party is over.
    #[error("the room is closed")]
    RoomClosed,
    /// Too many granted roles.
    #[error("a room holds at most {max} granted roles")]
    TooManyRoles {
        /// The limit.
        max: usize,
    },
}

impl Rejection {
    /// The frozen name of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotHost => "not_host",
            Self::Forbidden => "forbidden",
            Self::NoMedia => "no_media",
            Self::MediaEnded => "media_ended",
            Self::PositionOutOfRange { .. } => "position_out_of_range",
            Self::QualityUnavailable => "quality_unavailable",
            Self::TrackUnavailable => "track_unavailable",
            Self::VersionConflict { .. } => "version_conflict",
            Self::StaleFence { .. } => "stale_fence",
            Self::IdReused => "id_reused",
            Self::RoomClosed => "room_closed",
            Self::TooManyRoles { .. } => "limit_reached",
        }
    }
}
