//! What waits for the writer of the journal.

use std::sync::Arc;

use engine::{Commit, Room};
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::batch::Entry;
use crate::store::StoreError;

/// How many jobs wait for the writer. Further ones fail at once.
pub(super) const QUEUE_MAX: usize = 1024;

/// A room to be made durable: a new one, or one after a commit.
#[derive(Debug)]
pub(super) struct Job {
    /// Names the operation in errors.
    pub(super) operation: &'static str,
    /// The room as it will be.
    pub(super) room: Arc<Room>,
    /// What the journal stores of it.
    pub(super) entry: Entry,
    /// `None` for a new room.
    pub(super) commit: Option<Arc<Commit>>,
    /// Held until the room is as it will be, even if the caller has gone.
    pub(super) _turn: Option<OwnedMutexGuard<()>>,
    /// The caller.
    pub(super) reply: oneshot::Sender<Result<(), StoreError>>,
}
