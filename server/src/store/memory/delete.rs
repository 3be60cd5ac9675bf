//! Deletes the rows of deleted rooms from SQL. Rows that remain count as rooms, so it tries again until they are gone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::RoomId;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::job::Job;
use crate::sql::Sql;

/// How long to wait before rows that remain are deleted again.
const AGAIN: Duration = Duration::from_secs(10);

/// The rooms whose rows remain. The task that adds the first of them tries again for all.
#[derive(Clone, Debug, Default)]
pub(super) struct Remaining(Arc<Mutex<Vec<RoomId>>>);

impl Remaining {
    /// Deletes the rows, and answers the jobs after the first try. If that failed, goes on until nothing remains or
    /// the store is closed: the next start deletes them, too.
    pub(super) async fn delete(self, sql: Arc<Sql>, deleted: Vec<Job>, stop: CancellationToken) {
        let ids: Vec<_> = deleted.iter().map(|job| job.room.room_id.clone()).collect();
        let done = sql.delete_rooms(&ids).await;
        for job in deleted {
            let _ = job.reply.send(Ok(()));
        }
        let Err(error) = done else { return };
        if !self.add(ids) {
            return;
        }
        let error: Box<dyn std::error::Error + Send + Sync> = error.into();
        tracing::warn!(error = &*error as &dyn std::error::Error, "rows of deleted rooms remain");
        while stop.run_until_cancelled(sleep(AGAIN)).await.is_some() {
            let ids = self.lock().clone();
            if sql.delete_rooms(&ids).await.is_ok() && self.remove_first(ids.len()) {
                tracing::info!("the rows of deleted rooms are gone");
                return;
            }
        }
    }

    /// Adds rooms. Returns whether there were none before.
    fn add(&self, ids: Vec<RoomId>) -> bool {
        let mut remaining = self.lock();
        let was_empty = remaining.is_empty();
        remaining.extend(ids);
        was_empty
    }

    /// Removes the first rooms. Returns whether none is left.
    fn remove_first(&self, count: usize) -> bool {
        let mut remaining = self.lock();
        remaining.drain(..count);
        remaining.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RoomId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
