//! The lifecycle of a room: its states, and how long each may last.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How long a new room waits for its host before it expires, in milliseconds.
pub const CREATED_MS: u64 = 24 * 60 * 60 * 1000;
/// How long a room may be without any connection before it expires, in milliseconds.
pub const INACTIVE_MS: u64 = 30 * 60 * 1000;
/// How long an expired room answers `room_closed` before it is deleted, in milliseconds.
pub const EXPIRED_MS: u64 = 60 * 1000;

/// Where a room is in its lifecycle.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Lifecycle {
    /// The state.
    pub state: LifecycleState,
    /// When the state ends by itself; `None` for `Live` and `Deleted`.
    pub deadline: Option<Timestamp>,
}

/// The states of a room's lifecycle. Nothing leads back from `Expired`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LifecycleState {
    /// The host hasn't connected yet.
    Created,
    /// The party is on.
    Live,
    /// The host is away.
    Grace,
    /// The party is over; the room refuses every command.
    Expired,
    /// The room is gone.
    Deleted,
}

impl Lifecycle {
    /// A running party.
    pub(crate) const LIVE: Self = Self { state: LifecycleState::Live, deadline: None };
    /// A room that is gone.
    pub(crate) const DELETED: Self = Self { state: LifecycleState::Deleted, deadline: None };

    /// A room made at `now`.
    pub(crate) fn created(now: Timestamp) -> Self {
        let deadline = Some(now.plus_millis(CREATED_MS));
        Self { state: LifecycleState::Created, deadline }
    }

    /// A room whose host went away at `now` and may stay away for `grace_ms`.
    pub(crate) fn grace(now: Timestamp, grace_ms: u64) -> Self {
        let deadline = Some(now.plus_millis(grace_ms));
        Self { state: LifecycleState::Grace, deadline }
    }

    /// The same state after `outage_ms` in which nobody could come and nothing was carried out. `None`
    /// if that changes nothing: only the time that a host has to come moves, never a deletion.
    pub(crate) fn after_outage(self, outage_ms: u64) -> Option<Self> {
        let deadline = self.deadline.filter(|_| outage_ms > 0 && self.moves_with_outages())?;
        Some(Self { deadline: Some(deadline.plus_millis(outage_ms)), ..self })
    }

    /// Whether the deadline moves by the length of an outage.
    pub fn moves_with_outages(self) -> bool {
        let waits = matches!(self.state, LifecycleState::Created | LifecycleState::Grace);
        waits && self.deadline.is_some()
    }

    /// A party that ended at `now`.
    pub(crate) fn expired(now: Timestamp) -> Self {
        let deadline = Some(now.plus_millis(EXPIRED_MS));
        Self { state: LifecycleState::Expired, deadline }
    }
}

impl LifecycleState {
    /// Whether the room still accepts commands.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Live | Self::Grace)
    }

    /// Whether a room in this state expires once it has been without a connection for
    /// `INACTIVE_MS`.
    pub fn expires_when_idle(self) -> bool {
        matches!(self, Self::Live | Self::Grace)
    }
}
