//! The only writer of the journal. It writes groups: all that was queued while the last one was
//! written.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::batch::{Batch, MemberChange};
use super::delete::Remaining;
use super::job::Job;
use super::journal::Journal;
use super::tables::Tables;
use crate::sql::Sql;
use crate::store::backlog::Backlog;
use crate::store::{News, Published, StoreError};

/// The most jobs, and the most changes of members, of one transaction.
const GROUP_MAX: usize = 512;
/// How long the writer rests before it does what nobody waits for.
const REST: Duration = Duration::from_millis(200);

/// Takes jobs from the queue until the store is closed.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) journal: Journal,
    pub(super) queue: mpsc::Receiver<Job>,
    pub(super) tables: Arc<Tables>,
    pub(super) sql: Arc<Sql>,
    /// Deleted rooms whose rows are yet to be deleted from SQL.
    pub(super) remaining: Remaining,
    /// Rooms whose snapshot is yet to be written to SQL.
    pub(super) backlog: Arc<Backlog>,
    pub(super) stop: CancellationToken,
    pub(super) tasks: TaskTracker,
    /// Whether the file may hold free pages.
    pub(super) may_shrink: bool,
}

impl Writer {
    /// Writes groups until the store is closed or dropped, and the queue is empty.
    pub(super) async fn run(mut self) {
        let mut jobs = Vec::with_capacity(GROUP_MAX);
        let mut care_at = Instant::now() + REST;
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled(), if !self.queue.is_closed() => {
                    self.queue.close();
                    continue;
                }
                count = self.queue.recv_many(&mut jobs, GROUP_MAX) => if count == 0 { break },
                () = self.tables.members_changed.notified() => {}
                () = sleep_until(care_at), if self.needs_care() => {}
            }
            if !jobs.is_empty() || self.tables.has_changed_members() {
                self.write_group(&mut jobs).await;
            }
            // A server that is never idle has to do it too.
            if care_at <= Instant::now() && self.needs_care() {
                self.care().await;
                care_at = Instant::now() + REST;
            }
        }
        while self.tables.has_changed_members() && self.write_group(&mut jobs).await {}
        self.journal.close().await;
    }

    fn needs_care(&self) -> bool {
        self.may_shrink || self.tables.failing.load(Ordering::Relaxed)
    }

    /// Does what nobody waits for: finds out whether the journal can be written again, without waiting
    /// for somebody's commit, and gives space back step by step.
    async fn care(&mut self) {
        if self.tables.failing.load(Ordering::Relaxed) {
            if self.journal.probe().await.is_ok() {
                self.tables.failing.store(false, Ordering::Relaxed);
                tracing::info!("the journal can be written again");
                self.tables.members_changed.notify_one();
            }
            return;
        }
        self.may_shrink = match self.journal.shrink().await {
            Ok(more) => more,
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::debug!(error, "the journal can't be made smaller now");
                false
            }
        };
    }

    /// Writes a group in one transaction. Returns whether it is durable.
    async fn write_group(&mut self, jobs: &mut Vec<Job>) -> bool {
        let mut batch = Batch::of_members(self.tables.take_members(GROUP_MAX));
        for job in jobs.iter_mut() {
            batch.add(&job.room, std::mem::take(&mut job.entry));
        }
        self.tables.set_writing(true);
        let written = self.journal.write(&batch).await;
        self.tables.set_writing(false);
        if let Err(error) = written {
            self.tables.return_members(batch.into_members());
            self.refuse(jobs, error);
            return false;
        }
        self.may_shrink |= batch.deletes_rooms();
        for change in batch.into_members() {
            MemberChange::tell_written(change.waiting);
        }
        if self.tables.failing.swap(false, Ordering::Relaxed) {
            tracing::info!("the journal can be written again");
        }
        let subscribers = self.tables.apply(jobs);
        for job in jobs.iter() {
            if job.room.is_deleted() {
                self.backlog.remove(&job.room.room_id);
            } else {
                self.backlog.add(&job.room);
            }
        }
        publish(&subscribers, jobs).await;
        self.answer(jobs);
        if self.tables.has_changed_members() {
            self.tables.members_changed.notify_one();
        }
        true
    }

    /// Answers every job with the failure of the group.
    fn refuse(&mut self, jobs: &mut Vec<Job>, error: sqlx::Error) {
        // Logged once, however long the disk is full.
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
            let _ = job.reply.send(Err(StoreError::new(job.operation, error.clone())));
        }
    }

    /// Answers every job of a group that is durable.
    fn answer(&self, jobs: &mut Vec<Job>) {
        let (deleted, written): (Vec<Job>, Vec<Job>) =
            jobs.drain(..).partition(|job| job.room.is_deleted());
        for job in written {
            let _ = job.reply.send(Ok(()));
        }
        if !deleted.is_empty() {
            // Only commits that delete a room wait for SQL.
            let (sql, stop) = (self.sql.clone(), self.stop.clone());
            self.tasks.spawn(self.remaining.clone().delete(sql, deleted, stop));
        }
    }
}

/// Sends the commits to every subscriber. A subscriber without space holds up the writer.
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
