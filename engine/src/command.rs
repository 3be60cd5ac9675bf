//! The commands that change a room.

use crate::id::{MediaId, ParticipantId};
use crate::live::LiveEdge;
use crate::media::{Delivery, Media};
use crate::participant::Role;
use crate::permission::CommandKind;
use crate::settings::RoomPatch;
use crate::time::{Position, Rate};
use crate::timeline::{Measurement, Reading};

/// A command. Participants send the first group, the server alone the second: see [`CommandKind`].
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Starts playback, or forces a start that is waiting for players.
    Play,
    /// Pauses playback, or cancels a start that is waiting for players.
    Pause,
    /// Moves the playhead.
    Seek {
        /// The new position in milliseconds. Signed, since clients may send anything.
        to_ms: i64,
    },
    /// Changes the playback rate.
    SetRate {
        /// The new rate.
        rate: Rate,
    },
    /// Chooses a quality for everybody.
    ChangeQuality {
        /// The id of the rendition; `None` lets each player choose.
        rendition: Option<String>,
    },
    /// Chooses subtitles for everybody.
    ChangeSubtitle {
        /// The id of the text track; `None` turns subtitles off.
        track: Option<String>,
    },
    /// Chooses an audio track for everybody.
    ChangeAudio {
        /// The id of the audio track.
        track: String,
    },
    /// Replaces the media.
    SetMedia {
        /// The new media.
        media: Box<Media>,
    },
    /// Reports that a player of the host or a co-host reached the end of the media.
    Ended {
        /// The media that ended.
        media_id: MediaId,
    },
    /// Reports what a player of the host or a co-host has measured of the media.
    Measured(Measurement),
    /// Transfers the host role.
    HostTransfer {
        /// The new host.
        to: ParticipantId,
    },
    /// Gives a participant a role other than host.
    SetRole {
        /// The participant.
        participant: ParticipantId,
        /// The new role.
        role: Role,
    },
    /// Changes the room's profile.
    ChangeRoom(RoomPatch),
    /// Takes back the role of a participant who is removed from the room, if that commands or moderates.
    Remove {
        /// The participant.
        participant: ParticipantId,
        /// The role that the participant holds without a grant.
        base: Role,
    },
    /// Ends the party.
    Delete,

    /// Starts playback, since every player is ready.
    StartReady {
        /// The version of the commit that began the wait.
        since_version: u64,
    },
    /// Makes the room wait, since a participant's player re-buffers.
    Rebuffer,
    /// Announces new addresses of the media, since those before have lapsed.
    Refreshed {
        /// The media.
        media_id: MediaId,
        /// The ways to play it from now on, best first.
        delivery: Vec<Delivery>,
    },
    /// Announces further origins of the media's timeline, since the room nears them.
    OriginsRead {
        /// The media.
        media_id: MediaId,
        /// What was read.
        reading: Reading,
    },
    /// Announces where the edge of live media is, by its playlist.
    EdgeRead {
        /// The media.
        media_id: MediaId,
        /// The edge as it was read.
        edge: LiveEdge,
    },
    /// Announces that live media has ended.
    Finished {
        /// The live media.
        media_id: MediaId,
        /// The film that it has become.
        media: Box<Media>,
        /// The position at which it ended, where positions are dates.
        ends: Option<Position>,
    },
    /// Announces a participant's first connection.
    Connected {
        /// The participant.
        participant: ParticipantId,
    },
    /// Announces that the host's lease has ended.
    HostLost,
    /// Announces that nobody has been connected for `INACTIVE_MS`.
    Idle,
    /// Carries out the committed deadline that is due.
    Deadline,
    /// Moves the room to a new epoch, after its store has lost or rebuilt its state.
    Rebase {
        /// The new epoch, issued by the SQL database.
        epoch: u64,
        /// Whether an acknowledged commit may be missing.
        lost: bool,
        /// For how long before it nothing could be carried out, in milliseconds.
        outage_ms: u64,
    },
}

impl Command {
    /// The kind of the command.
    pub fn kind(&self) -> CommandKind {
        match self {
            Self::Play => CommandKind::Play,
            Self::Pause => CommandKind::Pause,
            Self::Seek { .. } => CommandKind::Seek,
            Self::SetRate { .. } => CommandKind::SetRate,
            Self::ChangeQuality { .. } => CommandKind::ChangeQuality,
            Self::ChangeSubtitle { .. } => CommandKind::ChangeSubtitle,
            Self::ChangeAudio { .. } => CommandKind::ChangeAudio,
            Self::SetMedia { .. } => CommandKind::SetMedia,
            Self::Ended { .. } => CommandKind::Ended,
            Self::Measured(_) => CommandKind::Measured,
            Self::HostTransfer { .. } => CommandKind::HostTransfer,
            Self::SetRole { .. } => CommandKind::SetRole,
            Self::ChangeRoom(_) => CommandKind::ChangeRoom,
            Self::Remove { .. } => CommandKind::Remove,
            Self::Delete => CommandKind::Delete,
            Self::StartReady { .. } => CommandKind::StartReady,
            Self::Rebuffer => CommandKind::Rebuffer,
            Self::Refreshed { .. } => CommandKind::Refreshed,
            Self::OriginsRead { .. } => CommandKind::OriginsRead,
            Self::EdgeRead { .. } => CommandKind::EdgeRead,
            Self::Finished { .. } => CommandKind::Finished,
            Self::Connected { .. } => CommandKind::Connected,
            Self::HostLost => CommandKind::HostLost,
            Self::Idle => CommandKind::Idle,
            Self::Deadline => CommandKind::Deadline,
            Self::Rebase { .. } => CommandKind::Rebase,
        }
    }
}
