//! The host's lease: how long a host counts as present without a sign of life.

use crate::event::Commit;
use crate::lifecycle::LifecycleState;
use crate::room::Room;
use crate::time::Timestamp;

/// What a commit does to the host's lease. A new or returning host starts with a whole one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LeaseChange {
    /// The lease stays as it is.
    Keep,
    /// A new lease, which ends then.
    Until(Timestamp),
    /// There is no lease any more.
    End,
}

impl LeaseChange {
    /// Returns what `commit` does to the lease, where `after` is the room after it.
    pub fn of(commit: &Commit, after: &Room) -> Self {
        if commit.event.fence().is_none() {
            return Self::Keep;
        }
        match after.lease_ms() {
            Some(lease_ms) => Self::Until(commit.at.plus_millis(lease_ms)),
            None => Self::End,
        }
    }
}

impl Room {
    /// Whether a host holds a lease: the room is live and has a host.
    pub fn is_hosted(&self) -> bool {
        self.lifecycle.state == LifecycleState::Live && self.host_id.is_some()
    }

    /// The length of the host's lease in milliseconds; `None` unless the room `is_hosted`.
    pub fn lease_ms(&self) -> Option<u64> {
        self.is_hosted().then_some(self.profile.settings.host_lease_ms)
    }
}
