//! Stores new families, all that queued during the last write in one: when a school class arrives, the
//! disk is synced a few times, not two hundred.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

use super::reach::Reach;
use crate::sql::{RefreshFamily, Sql};

/// How many families may wait for the database. Beyond that, new guests are refused.
const QUEUE_MAX: usize = 10_000;
/// How many are stored at once.
const GROUP_MAX: usize = 500;
/// How often those who wait look whether they are stored.
const POLL: Duration = Duration::from_millis(10);
/// How long to wait after a failure of the database.
const BACK_OFF: Duration = Duration::from_secs(1);

/// A family that waits.
struct Job {
    family: RefreshFamily,
    stored: oneshot::Sender<()>,
}

/// The queue of new families.
#[derive(Debug)]
pub struct FamilyWriter {
    queue: mpsc::Sender<Job>,
    /// How many families were queued.
    queued: AtomicU64,
    /// How many of them are stored.
    stored: Arc<AtomicU64>,
}

impl FamilyWriter {
    /// Starts the writer, which ends when this is dropped.
    pub fn start(sql: Arc<Sql>, reach: Arc<Reach>) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let stored = Arc::new(AtomicU64::new(0));
        tokio::spawn(write(sql, reach, jobs, stored.clone()));
        Self { queue, queued: AtomicU64::new(0), stored }
    }

    /// Whether families wait that the database doesn't know yet.
    pub fn is_behind(&self) -> bool {
        self.has_to_store(self.queued.load(Ordering::SeqCst))
    }

    /// Waits until all families are stored that were queued before.
    pub async fn catch_up(&self) {
        let queued = self.queued.load(Ordering::SeqCst);
        while self.has_to_store(queued) {
            sleep(POLL).await;
        }
    }

    fn has_to_store(&self, queued: u64) -> bool {
        self.stored.load(Ordering::SeqCst) < queued
    }

    /// Queues a family. The receiver resolves once it is stored. Returns `None` if too many wait.
    pub fn queue(&self, family: RefreshFamily) -> Option<oneshot::Receiver<()>> {
        let (stored, is_stored) = oneshot::channel();
        let slot = self.queue.try_reserve().ok()?;
        // Counted before it is sent, so that nobody can hold its token while it isn't.
        self.queued.fetch_add(1, Ordering::SeqCst);
        slot.send(Job { family, stored });
        Some(is_stored)
    }
}

async fn write(
    sql: Arc<Sql>,
    reach: Arc<Reach>,
    mut jobs: mpsc::Receiver<Job>,
    stored: Arc<AtomicU64>,
) {
    let mut group = Vec::new();
    let mut is_away = false;
    while jobs.recv_many(&mut group, GROUP_MAX).await > 0 {
        let families: Vec<&RefreshFamily> = group.iter().map(|job| &job.family).collect();
        // A write whose answer didn't come may have taken effect; another of the same rows changes
        // nothing.
        while let Err(error) = sql.create_refresh_families(&families).await {
            // Logged once, however long it lasts.
            if !std::mem::replace(&mut is_away, true) {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "refresh tokens wait: SQL can't be written");
            }
            reach.note_writer(true);
            sleep(BACK_OFF).await;
        }
        if std::mem::take(&mut is_away) {
            reach.note_writer(false);
            tracing::info!("refresh tokens are stored again");
        }
        stored.fetch_add(group.len() as u64, Ordering::SeqCst);
        for job in group.drain(..) {
            // The one who waited may be gone.
            let _ = job.stored.send(());
        }
    }
}
