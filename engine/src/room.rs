//! A room: the whole state that is stored, versioned and projected.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{Commit, Event};
use crate::id::{ParticipantId, RoomId};
use crate::media::Media;
use crate::op::{CommittedOp, Ops};
use crate::participant::{Actor, Role};
use crate::playback::Playback;
use crate::recovery::Place;
use crate::time::{Position, Timestamp};

/// How many roles other than the given one a room grants.
pub const ROLES_MAX: usize = 256;
/// A room whose host never comes ends after this.
pub const CREATED_MS: u64 = 24 * 60 * 60 * 1000;
/// A room without any connection ends after this.
pub const INACTIVE_MS: u64 = 30 * 60 * 1000;
/// An ended room answers `room_closed` for this long before it is gone.
pub const EXPIRED_MS: u64 = 60 * 1000;

/// One room at one version.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Room {
    /// Its identity.
    pub room_id: RoomId,
    /// What people type to find it.
    pub code: String,
    /// Who made it.
    pub creator_id: ParticipantId,
    /// What its host may change.
    pub profile: Profile,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// Who commands it.
    pub host_id: Option<ParticipantId>,
    /// Who commanded it before it lost its host; regains it on return.
    pub former_host_id: Option<ParticipantId>,
    /// Rises with each change of host.
    pub fence: u64,
    /// Roles given by the host.
    pub roles: BTreeMap<ParticipantId, Role>,
    /// What is watched.
    pub media: Option<std::sync::Arc<Media>>,
    /// Where its playhead is.
    pub playback: Playback,
    /// Issued by SQL; with `version` it orders everything a client sees.
    pub epoch: u64,
    /// Commits so far; the next commit is always one more.
    pub version: u64,
    /// When the last commit was made. Room time never goes below it.
    pub at: Timestamp,
    /// The last rebuild of the state, if any: previous epoch and version, and whether commits may be lost.
    pub rebased: Option<Rebased>,
    /// Remembered commands.
    pub ops: Ops,
}

/// What a rebuild replaced.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rebased {
    /// The epoch before.
    pub previous_epoch: u64,
    /// The version before.
    pub previous_version: u64,
    /// Whether an acknowledged commit may be missing.
    pub lost: bool,
    /// The last epoch that began with such a loss; 0 if none did.
    #[serde(default)]
    pub lossy_epoch: u64,
}

/// What the host may change about a room itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Profile {
    /// What it is called.
    pub name: String,
    /// Whether it is listed.
    pub is_public: bool,
    /// How it behaves.
    pub settings: Settings,
    /// Its chat.
    pub chat: ChatSettings,
}

/// How a room behaves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Settings {
    /// What happens when the host stays away.
    pub host_loss: HostLoss,
    /// How long the host may stay away.
    pub host_grace_ms: u64,
    /// How long a host lives without a sign of life.
    pub host_lease_ms: u64,
    /// Whether playback waits for members whose player runs dry.
    pub rebuffer_barrier: bool,
}

/// What happens at the end of the host's grace.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HostLoss {
    /// The room ends.
    Expire,
    /// The longest connected co-host takes over; without one, as `Hold`.
    Promote,
    /// The room goes on without a host.
    Hold,
    /// The room goes on without a host, paused.
    Pause,
}

/// How a room's chat behaves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ChatSettings {
    /// Whether messages are taken.
    pub enabled: bool,
    /// The least time between two messages of one participant.
    pub slow_mode_ms: u64,
}

/// Where a room is in its life.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Lifecycle {
    /// The state.
    pub state: LifecycleState,
    /// When the state ends by itself; `None` for `Live` and `Deleted`.
    pub deadline: Option<Timestamp>,
}

/// The states of a room's life. There is no way back from `Expired`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LifecycleState {
    /// Made; the host hasn't come yet.
    Created,
    /// Going on.
    Live,
    /// The host is away.
    Grace,
    /// Over; answers so for a while.
    Expired,
    /// Gone.
    Deleted,
}

impl LifecycleState {
    /// Whether the room still takes commands.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Live | Self::Grace)
    }
}

/// What a new room is made of.
#[derive(Clone, Debug)]
pub struct NewRoom {
    /// Its identity.
    pub room_id: RoomId,
    /// What people type to find it.
    pub code: String,
    /// Its creator, who is host from the start.
    pub creator_id: ParticipantId,
    /// Name, visibility, behaviour.
    pub profile: Profile,
    /// Issued by SQL.
    pub epoch: u64,
}

impl Room {
    /// A room at version 1, waiting for its host.
    pub fn new(new: NewRoom, now: Timestamp) -> Self {
        Self {
            room_id: new.room_id,
            code: new.code,
            host_id: Some(new.creator_id.clone()),
            creator_id: new.creator_id,
            profile: new.profile,
            lifecycle: Lifecycle {
                state: LifecycleState::Created,
                deadline: Some(now.plus_millis(CREATED_MS)),
            },
            former_host_id: None,
            fence: 1,
            roles: BTreeMap::new(),
            media: None,
            playback: Playback::empty(now),
            epoch: new.epoch,
            version: 1,
            at: now,
            rebased: None,
            ops: Ops::default(),
        }
    }

    /// The role that `actor` holds here; `None` for the server itself.
    pub fn role_of(&self, actor: &Actor) -> Option<Role> {
        match actor {
            Actor::Participant { id, base } => Some(self.role_of_participant(id, *base)),
            Actor::System => None,
        }
    }

    /// The role that a participant holds here, given the role held without any grant.
    pub fn role_of_participant(&self, id: &ParticipantId, base: Role) -> Role {
        if self.host_id.as_ref() == Some(id) {
            Role::Host
        } else {
            self.roles.get(id).copied().unwrap_or(base)
        }
    }

    /// Length of the media, if known.
    pub fn duration(&self) -> Option<Position> {
        self.media.as_ref().and_then(|media| media.source.duration)
    }

    /// Where the playhead is at `now`.
    pub fn expected(&self, now: Timestamp) -> Position {
        self.playback.expected(now, self.duration())
    }

    /// The next committed deadline.
    pub fn deadline(&self) -> Option<Timestamp> {
        let barrier = self.playback.waiting.as_ref().map(|waiting| waiting.deadline);
        let barrier = barrier.filter(|_| self.lifecycle.state.is_open());
        match (barrier, self.lifecycle.deadline) {
            (Some(barrier), Some(life)) => Some(barrier.min(life)),
            (barrier, life) => barrier.or(life),
        }
    }

    /// Makes a commit so. Infallible and without policy; nothing else changes a room.
    pub fn apply(&mut self, commit: &Commit) {
        self.epoch = commit.epoch;
        self.version = commit.version;
        self.at = commit.at;
        if let Some(op) = &commit.op {
            let committed =
                CommittedOp { op: op.clone(), epoch: commit.epoch, version: commit.version };
            self.ops.remember(committed);
        }
        match commit.event.clone() {
            Event::PlaybackChanged { playback, .. } => self.playback = playback,
            Event::MediaChanged { media, playback, .. } => {
                self.media = Some((*media).into());
                self.playback = playback;
            }
            Event::HostChanged { host_id, fence, .. } => self.move_host(host_id, fence),
            Event::RoleChanged { participant_id, role, .. } => {
                if matches!(role, Role::Member | Role::Guest) {
                    self.roles.remove(&participant_id);
                } else {
                    self.roles.insert(participant_id, role);
                }
            }
            Event::RoomChanged { profile } => self.profile = profile,
            Event::LifecycleChanged { lifecycle, host_id, fence, playback, .. } => {
                self.lifecycle = lifecycle;
                self.playback = playback;
                self.move_host(host_id, fence);
            }
            Event::Rebased { previous_epoch, previous_version, lost } => {
                let before = self.rebased.map_or(0, |rebased| rebased.lossy_epoch);
                let lossy_epoch = if lost { commit.epoch } else { before };
                self.rebased =
                    Some(Rebased { previous_epoch, previous_version, lost, lossy_epoch });
            }
        }
    }

    /// The last rebuild, for whoever has heard of nothing since `heard`: what was lost by any of the
    /// rebuilds since is said by it.
    pub fn rebased_commit(&self, heard: Place) -> Option<Commit> {
        let rebased = self.rebased?;
        let lost = rebased.is_lost_since(heard);
        let Rebased { previous_epoch, previous_version, .. } = rebased;
        Some(Commit {
            epoch: self.epoch,
            version: previous_version + 1,
            at: self.at,
            event: Event::Rebased { previous_epoch, previous_version, lost },
            op: None,
        })
    }

    fn move_host(&mut self, host_id: Option<ParticipantId>, fence: u64) {
        match (&self.host_id, &host_id) {
            (Some(_), None) => self.former_host_id = self.host_id.take(),
            (_, Some(_)) => self.former_host_id = None,
            (None, None) => {}
        }
        self.host_id = host_id;
        self.fence = fence;
    }
}
