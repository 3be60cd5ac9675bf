//! The one writer of the journal. A group is whatever was queued while the last one was synced.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use engine::{Commit, LifecycleState, Room};
use tokio::sync::{OwnedMutexGuard, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::batch::{Batch, Entry};
use super::failed;
use super::journal::Journal;
use super::tables::Tables;
use crate::sql::Sql;
use crate::store::{News, Published, StoreError};

/// How many jobs, and how many members, one transaction takes.
const GROUP_MAX: usize = 512;

/// A room to be made durable: a new one, or one after a commit.
#[derive(Debug)]
pub(super) struct Job {
    /// Names the operation in errors.
    pub(super) operation: &'static str,
    /// The room as it will be.
    pub(super) room: Arc<Room>,
    /// What the journal takes for it.
    pub(super) entry: Entry,
    /// `None` for a new room.
    pub(super) commit: Option<Arc<Commit>>,
    /// Kept until the room is as it will be, even if the caller has gone.
    pub(super) _turn: Option<OwnedMutexGuard<()>>,
    /// The caller.
    pub(super) reply: oneshot::Sender<Result<(), StoreError>>,
}

impl Job {
    fn deletes(&self) -> bool {
        self.room.lifecycle.state == LifecycleState::Deleted
    }
}

/// Takes jobs from the queue until it is closed.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) journal: Journal,
    pub(super) queue: mpsc::Receiver<Job>,
    pub(super) tables: Arc<Tables>,
    pub(super) sql: Arc<Sql>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
}

impl Writer {
    /// Writes group after group. Ends when the store is closed or dropped and nothing is queued.
    pub(super) async fn run(mut self) {
        let mut jobs = Vec::with_capacity(GROUP_MAX);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled(), if !self.queue.is_closed() => {
                    self.queue.close();
                    continue;
                }
                count = self.queue.recv_many(&mut jobs, GROUP_MAX) => if count == 0 { break },
                () = self.tables.members_changed.notified() => {}
            }
            self.write_group(&mut jobs).await;
        }
        while self.tables.has_changed_members() && self.write_group(&mut jobs).await {}
        self.journal.close().await;
    }

    /// Writes one transaction; whether it is durable.
    async fn write_group(&mut self, jobs: &mut Vec<Job>) -> bool {
        let mut batch = Batch::of_members(self.tables.take_members(GROUP_MAX));
        for job in jobs.iter_mut() {
            batch.add(&job.room, std::mem::take(&mut job.entry));
        }
        if let Err(error) = self.journal.write(&batch).await {
            self.tables.return_members(batch.into_members());
            self.refuse(jobs, error);
            return false;
        }
        if self.tables.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("the journal can be written again");
        }
        let subscribers = self.tables.apply(jobs);
        publish(&subscribers, jobs).await;
        self.answer(jobs);
        if self.tables.has_changed_members() {
            self.tables.members_changed.notify_one();
        }
        true
    }

    fn refuse(&mut self, jobs: &mut Vec<Job>, error: sqlx::Error) {
        // Logged once, however long the disk stays full.
        if !self.tables.failing.swap(true, Ordering::Relaxed) {
            let error: &dyn std::error::Error = &error;
            tracing::error!(
                error,
                "the journal can't be written; commits are refused until it can"
            );
        }
        let error = Arc::new(error);
        for job in jobs.drain(..) {
            self.tables.release(&job);
            // A caller that has gone needs no answer.
            let _ = job.reply.send(Err(failed(job.operation, error.clone())));
        }
    }

    fn answer(&self, jobs: &mut Vec<Job>) {
        let (deleted, written): (Vec<Job>, Vec<Job>) = jobs.drain(..).partition(Job::deletes);
        for job in written {
            let _ = job.reply.send(Ok(()));
        }
        if !deleted.is_empty() {
            // No commit waits for SQL, except for those that ended a room.
            self.tasks.spawn(forget(self.sql.clone(), deleted));
        }
    }
}

/// Tells every subscriber. One that is full holds up the writer, one that has gone does not.
async fn publish(subscribers: &[mpsc::Sender<News>], jobs: &[Job]) {
    for subscriber in subscribers {
        for job in jobs {
            let Some(commit) = job.commit.clone() else { continue };
            let published = Published { room: job.room.clone(), commit };
            if subscriber.send(News::Commit(published)).await.is_err() {
                break;
            }
        }
    }
}

/// Removes the rows of deleted rooms from SQL. What stays behind is removed at the next start.
async fn forget(sql: Arc<Sql>, deleted: Vec<Job>) {
    let ids: Vec<_> = deleted.iter().map(|job| job.room.room_id.clone()).collect();
    if let Err(error) = sql.delete_rooms(&ids).await {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "rows of deleted rooms stay in the database until the next start");
    }
    for job in deleted {
        let _ = job.reply.send(Ok(()));
    }
}
