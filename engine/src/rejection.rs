//! Rejections: the answers to commands that a room doesn't carry out.

/// Why a command was rejected. A rejected command changes nothing.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Rejection {
    /// A playback command from a participant who doesn't command playback.
    #[error("only the host or a co-host commands playback")]
    NotHost,
    /// Any other command that the role doesn't allow.
    #[error("your role doesn't allow this")]
    Forbidden,
    /// A playback command before any media was set.
    #[error("no media is set")]
    NoMedia,
    /// Play after the end of the media; a seek must come first.
    #[error("the media has ended; seek first")]
    MediaEnded,
    /// A seek to a position outside the media.
    #[error("the position lies outside the media")]
    PositionOutOfRange {
        /// The duration of the media in milliseconds, if known.
        duration_ms: Option<u64>,
    },
    /// A seek within media in which players can't jump. They can start anew.
    #[error("players can't jump within this media")]
    SeekUnavailable,
    /// A seek to a position that a live source doesn't offer now.
    #[error("the live stream offers only the positions from {earliest_ms} to {latest_ms} now")]
    OutsideWindow {
        /// The first position that it offers, in milliseconds.
        earliest_ms: u64,
        /// The last position that it offers, in milliseconds.
        latest_ms: u64,
    },
    /// The media has no such quality.
    #[error("the media has no such quality")]
    QualityUnavailable,
    /// The media has no such text or audio track.
    #[error("the media has no such track")]
    TrackUnavailable,
    /// The room isn't at the place that the sender expected.
    #[error("the room is at version {version}")]
    VersionConflict {
        /// The current version.
        version: u64,
    },
    /// The host role has moved since the fence that the sender named.
    #[error("the host role has moved since")]
    StaleFence {
        /// The current fence.
        fence: u64,
    },
    /// The sender used the same id for another command.
    #[error("this id was used for another command")]
    IdReused,
    /// The party is over.
    #[error("the room is closed")]
    RoomClosed,
    /// The room grants as many roles as it may.
    #[error("a room holds at most {max} granted roles")]
    TooManyRoles {
        /// The maximum.
        max: usize,
    },
}
