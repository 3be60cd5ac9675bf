//! What happened: one commit, one event, which carries the whole of each sub-state it changes.

use serde::{Deserialize, Serialize};

use crate::id::ParticipantId;
use crate::media::Media;
use crate::op::Op;
use crate::participant::Role;
use crate::playback::Playback;
use crate::room::{Lifecycle, Profile};
use crate::time::Timestamp;

/// A fact, past tense.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Any playback command, barrier or end.
    PlaybackChanged {
        /// Why.
        cause: PlaybackCause,
        /// Who, unless the server carried out a deadline.
        by: Option<ParticipantId>,
        /// The whole playback.
        playback: Playback,
    },
    /// Something else is watched.
    MediaChanged {
        /// Who chose it.
        by: Option<ParticipantId>,
        /// What.
        media: Box<Media>,
        /// Paused at its start.
        playback: Playback,
    },
    /// The host role moved.
    HostChanged {
        /// Why.
        cause: HostCause,
        /// Who holds it now.
        host_id: Option<ParticipantId>,
        /// Rises with each change.
        fence: u64,
    },
    /// Somebody's role changed.
    RoleChanged {
        /// Whose.
        participant_id: ParticipantId,
        /// To.
        role: Role,
        /// By whom.
        by: Option<ParticipantId>,
    },
    /// The room's own properties changed.
    RoomChanged {
        /// All of them.
        profile: Profile,
    },
    /// The room's life took an edge.
    LifecycleChanged {
        /// Why.
        cause: LifecycleCause,
        /// Where it is now.
        lifecycle: Lifecycle,
        /// The host now.
        host_id: Option<ParticipantId>,
        /// The fence now.
        fence: u64,
        /// The playback now.
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
    /// Everybody was ready.
    Ready,
    /// Not everybody was ready in time.
    Deadline,
    /// A member's player ran dry.
    Rebuffer,
}

/// Why the host role moved.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostCause {
    /// The host gave it away.
    Transfer,
    /// The former host came back to a room without one.
    Return,
}

/// Why the room's life took an edge.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LifecycleCause {
    /// The host came.
    HostConnected,
    /// The host's lease ended.
    HostLost,
    /// The host stayed away; the room's policy was carried out.
    GraceEnded,
    /// The host never came.
    NeverStarted,
    /// Nobody was connected for long.
    Idle,
    /// Somebody entitled ended it.
    Deleted,
    /// It was kept for as long as an ended room is.
    Retention,
}

/// The next state of one room, as stored and published: atomically, once.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Commit {
    /// Issued by SQL; rises when state was lost or rebuilt.
    pub epoch: u64,
    /// One more than before.
    pub version: u64,
    /// Room clock.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// The command it answers, remembered so that a repeat gets the same answer.
    pub op: Option<Op>,
}
