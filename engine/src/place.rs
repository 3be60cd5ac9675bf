//! The order of a room's commits, across everything that its store may lose.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A place in the order of a room's commits. No two commits ever share one, even when the store
/// has lost state in between.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// Rises when the room's state was lost or rebuilt. Issued by the SQL database.
    pub epoch: u64,
    /// The number of commits so far.
    pub version: u64,
}

/// The most recent rebuild of a room's state.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Rebased {
    /// The epoch before the rebuild.
    pub previous_epoch: u64,
    /// The version before the rebuild.
    pub previous_version: u64,
    /// Whether an acknowledged commit may be missing.
    pub lost: bool,
    /// The last epoch that began with such a loss; 0 if none did.
    #[serde(default)]
    pub lossy_epoch: u64,
    /// When that epoch began.
    #[serde(default)]
    pub lossy_at: Timestamp,
}

impl Rebased {
    /// The place of the copy that the room was rebuilt from: its history continues from there.
    pub fn previous(&self) -> Place {
        Place { epoch: self.previous_epoch, version: self.previous_version }
    }

    /// Whether a commit may be missing for somebody who saw `place` in an earlier epoch: because of
    /// any rebuild since, or because `place` is beyond what was kept.
    pub fn is_lost_since(&self, place: Place) -> bool {
        place.epoch < self.lossy_epoch || place > self.previous()
    }
}
