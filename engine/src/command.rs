//! What can be asked of a room.

use crate::id::{MediaId, ParticipantId};
use crate::media::Media;
use crate::participant::Role;
use crate::room::HostLoss;
use crate::time::{Rate, Timestamp};

/// A request, imperative. Participants send the first group, the server alone the second.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Start, or force a waiting start.
    Play,
    /// Stop, or cancel a waiting start.
    Pause,
    /// Move the playhead, in milliseconds. Signed, because clients send what they like.
    Seek {
        /// Where to.
        to_ms: i64,
    },
    /// Change the speed.
    SetRate {
        /// To.
        rate: Rate,
    },
    /// Choose a quality for all; `None` lets each player choose.
    ChangeQuality {
        /// Which.
        rendition: Option<String>,
    },
    /// Choose subtitles for all; `None` is off.
    ChangeSubtitle {
        /// Which.
        track: Option<String>,
    },
    /// Choose a sound track for all.
    ChangeAudio {
        /// Which.
        track: String,
    },
    /// Watch something else.
    SetMedia {
        /// What.
        media: Box<Media>,
    },
    /// A host's player came to the end.
    Ended {
        /// Of what.
        media_id: MediaId,
    },
    /// Give the host role away.
    HostTransfer {
        /// To whom.
        to: ParticipantId,
    },
    /// Give somebody a role other than host.
    SetRole {
        /// Whom.
        participant: ParticipantId,
        /// Which.
        role: Role,
    },
    /// Change what the room is called, who sees it and how it behaves. `None` keeps.
    ChangeRoom(RoomPatch),
    /// End the party.
    Delete,

    /// Everybody is ready for the start that this commit announced.
    StartReady {
        /// The commit that entered `Waiting`.
        since_version: u64,
    },
    /// Somebody's player ran dry in a room that waits for its members.
    Rebuffer,
    /// A participant's first connection came.
    Connected {
        /// Whose.
        participant: ParticipantId,
    },
    /// The host's lease ended.
    HostLost,
    /// Nobody was connected for `INACTIVE_MS`.
    Idle,
    /// Carry out the committed deadline that is due.
    Deadline,
    /// The store lost or rebuilt its state; `epoch` was issued by SQL.
    Rebase {
        /// The new epoch.
        epoch: u64,
        /// Whether an acknowledged commit may be missing.
        lost: bool,
    },
}

/// Changes of a room's own properties.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoomPatch {
    /// Its name.
    pub name: Option<String>,
    /// Whether it is listed.
    pub is_public: Option<bool>,
    /// Whether chat messages are taken.
    pub chat_enabled: Option<bool>,
    /// The least time between two messages of one participant, in milliseconds.
    pub slow_mode_ms: Option<u64>,
    /// What happens when the host stays away.
    pub host_loss: Option<HostLoss>,
    /// How long the host may stay away, in milliseconds.
    pub host_grace_ms: Option<u64>,
    /// Whether playback waits for members whose player runs dry.
    pub rebuffer_barrier: Option<bool>,
}

/// What the server knows at the moment of a decision and the room does not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Facts {
    /// The room clock. Never below the room's last commit: `Room::handle` sees to it.
    pub now: Timestamp,
    /// Connected participants whose player announces when it is ready.
    pub ready_capable: Vec<ParticipantId>,
    /// The longest round trip among them, in milliseconds.
    pub rtt_ms_max: u64,
    /// How many connections there are.
    pub connections: usize,
    /// Connected co-hosts, the longest connected first.
    pub co_hosts: Vec<ParticipantId>,
}
