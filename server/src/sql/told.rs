//! Names rows that can't be read in the log, each once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// How many rows are remembered as logged. Beyond that, some are logged again.
const TOLD_MAX: usize = 1_024;

/// The rows that were named in the log, by what can be read of their room's id.
#[derive(Clone, Debug, Default)]
pub(super) struct Told(Arc<Mutex<HashSet<String>>>);

impl Told {
    /// Names a row in the log, unless it was named before.
    pub(super) fn tell(&self, room_id: &str, error: &sqlx::Error) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= TOLD_MAX {
            told.clear();
        }
        if told.insert(room_id.to_owned()) {
            let error: &dyn std::error::Error = error;
            tracing::error!(
                error,
                room.id = room_id,
                "a row of a room can't be read from the database; it counts as absent"
            );
        }
    }
}
