//! What happened to a room: each commit holds one event, which carries the whole of each sub-state
//! that it changes.

use serde::{Deserialize, Serialize};

use crate::id::ParticipantId;
use crate::lifecycle::Lifecycle;
use crate::media::Media;
use crate::op::Op;
use crate::participant::Role;
use crate::place::Place;
use crate::playback::Playback;
use crate::settings::Profile;
use crate::time::Timestamp;

/// A change that has been decided.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A playback command, a barrier or the end of the media changed playback.
    PlaybackChanged {
        /// Why it changed.
        cause: PlaybackCause,
        /// The participant who changed it; `None` for the server itself.
        by: Option<ParticipantId>,
        /// The new playback.
        playback: Playback,
    },
    /// The media was replaced, its addresses were, or more is known of it.
    MediaChanged {
        /// Why it changed.
        #[serde(default, skip_serializing_if = "MediaCause::is_choice")]
        cause: MediaCause,
        /// The participant who chose the media, or whose player measured it.
        by: Option<ParticipantId>,
        /// The new media.
        media: Box<Media>,
        /// The new playback: paused at the start of chosen media, or at the edge if it is live; moved
        /// into the window of a live source whose edge has moved; at the same picture of one that has
        /// ended; otherwise as it was.
        playback: Playback,
    },
    /// The host role moved.
    HostChanged {
        /// Why it moved.
        cause: HostCause,
        /// The new host.
        host_id: Option<ParticipantId>,
        /// The new fence, which rises with each change of host.
        fence: u64,
    },
    /// A participant's role changed.
    RoleChanged {
        /// The participant.
        participant_id: ParticipantId,
        /// The new role.
        role: Role,
        /// The participant who changed it.
        by: Option<ParticipantId>,
    },
    /// The room's profile changed.
    RoomChanged {
        /// The new profile.
        profile: Profile,
    },
    /// The room's lifecycle took an edge.
    LifecycleChanged {
        /// Why it took the edge.
        cause: LifecycleCause,
        /// The new lifecycle.
        lifecycle: Lifecycle,
        /// The host from now on.
        host_id: Option<ParticipantId>,
        /// The fence from now on.
        fence: u64,
        /// The playback from now on.
        playback: Playback,
    },
    /// The state was rebuilt under a new epoch.
    Rebased {
        /// The epoch before.
        previous_epoch: u64,
        /// The version before.
        previous_version: u64,
        /// Whether an acknowledged commit may be missing.
        lost: bool,
        /// The lifecycle from now on, if an outage has moved its deadline.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lifecycle: Option<Lifecycle>,
    },
}

/// Why playback changed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaybackCause {
    /// `play`.
    Play,
    /// `pause`.
    Pause,
    /// `seek`.
    Seek,
    /// `set_rate`.
    SetRate,
    /// `change_quality`.
    ChangeQuality,
    /// `change_subtitle`.
    ChangeSubtitle,
    /// `change_audio`.
    ChangeAudio,
    /// `ended`.
    Ended,
    /// Every player was ready.
    Ready,
    /// A barrier reached its deadline.
    Deadline,
    /// A participant's player re-buffers.
    Rebuffer,
    /// Playback reached the end of a live source's window that its rate took it to.
    WindowEnd,
}

/// Why the media changed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaCause {
    /// `set_media`.
    #[default]
    SetMedia,
    /// `measured`.
    Measured,
    /// Its addresses had lapsed, or the room nears a part of it whose timeline hadn't been read; it is
    /// the same media.
    Refreshed,
    /// The playlist of a live source says that its edge is elsewhere; it is the same media.
    EdgeMoved,
    /// A live source has ended, and is a film from now on.
    Finished,
}

impl MediaCause {
    /// Whether it is the cause of stored commits that name none.
    fn is_choice(&self) -> bool {
        *self == Self::SetMedia
    }
}

/// Why the host role moved.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostCause {
    /// The host transferred it.
    Transfer,
    /// The former host returned to a room without a host.
    Return,
}

/// Why a room's lifecycle took an edge.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LifecycleCause {
    /// The host connected.
    HostConnected,
    /// The host's lease ended.
    HostLost,
    /// The host didn't return within the grace period.
    GraceEnded,
    /// The host never connected.
    NeverStarted,
    /// Nobody was connected for `INACTIVE_MS`.
    Idle,
    /// The host, or the creator of a room without a host, ended the party.
    Deleted,
    /// The room had been expired for `EXPIRED_MS`.
    Retention,
}

/// The next step of a room, stored and published atomically and once.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Commit {
    /// The epoch after the commit.
    pub epoch: u64,
    /// The version after the commit: one more than before.
    pub version: u64,
    /// The time of the room clock.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// The command that the commit answers, remembered so that a repeat gets the same answer.
    pub op: Option<Op>,
}

impl Event {
    /// The fence after an event that may have moved the host role; `None` for any other.
    pub fn fence(&self) -> Option<u64> {
        match self {
            Self::HostChanged { fence, .. } | Self::LifecycleChanged { fence, .. } => Some(*fence),
            _ => None,
        }
    }

    /// Whether the event may add a room to the public list, or remove it.
    pub fn may_change_listing(&self) -> bool {
        matches!(self, Self::RoomChanged { .. } | Self::LifecycleChanged { .. })
    }

    /// Whether the event is the loss of the host, which is void if the lease has been renewed since.
    pub fn is_host_lost(&self) -> bool {
        matches!(self, Self::LifecycleChanged { cause: LifecycleCause::HostLost, .. })
    }
}

impl Commit {
    /// The place of the commit in the room's order.
    pub fn place(&self) -> Place {
        Place { epoch: self.epoch, version: self.version }
    }

    /// Whether the commit is the one directly after `place`.
    pub fn follows(&self, place: Place) -> bool {
        match self.event {
            Event::Rebased { previous_epoch, previous_version, .. } => {
                place == Place { epoch: previous_epoch, version: previous_version }
            }
            _ => self.epoch == place.epoch && self.version == place.version + 1,
        }
    }
}
