//! Opens the store: locks the data directory, replays the journal, and raises the epoch of every room.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use engine::{Command, Decision, Facts, Request, Room, RoomId, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::batch::{Batch, Entry};
use super::error::OpenError;
use super::job::QUEUE_MAX;
use super::journal::Journal;
use super::members::Members;
use super::store::MemoryStore;
use super::tables::Tables;
use super::writer::Writer;
use crate::clock::RoomClock;
use crate::sql::{Sql, create_private_dir};
use crate::store::LifeSigns;

impl MemoryStore {
    /// Opens the store of a data directory, which is created if it doesn't exist, and starts the room
    /// clock. Every room of the journal comes back as it was, under a new epoch.
    pub async fn open(data_dir: &Path, sql: Arc<Sql>) -> Result<(Arc<Self>, RoomClock), OpenError> {
        let lock = lock_dir(data_dir)?;
        let mut journal = Journal::open(data_dir, lock, sql.count_rooms().await?).await?;
        let stored = journal.read().await?;
        let last = stored.iter().map(|(room, _)| room.at).max().unwrap_or_default();
        let clock = RoomClock::start(last);
        let tables = Arc::new(rebase(&mut journal, &sql, stored, clock.now()).await?);

        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let store = Arc::new(Self {
            tables: tables.clone(),
            clock: clock.clone(),
            queue,
            stop: stop.clone(),
            tasks: tasks.clone(),
            #[cfg(test)]
            pages_max: journal.pages_max.clone(),
        });
        let writer = Writer { journal, queue: jobs, tables, sql, stop, tasks: tasks.clone() };
        tasks.spawn(writer.run());
        Ok((store, clock))
    }
}

/// Creates and locks the data directory. The lock ends with the file, however the process ends.
fn lock_dir(data_dir: &Path) -> Result<File, OpenError> {
    let path = || data_dir.to_owned();
    let directory = |source| OpenError::Directory { path: path(), source };
    create_private_dir(data_dir).map_err(directory)?;
    let options = File::options().create(true).truncate(false).write(true).clone();
    let lock = options.open(data_dir.join("lock")).map_err(directory)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path() }),
        Err(TryLockError::Error(source)) => Err(directory(source)),
    }
}

/// Rebases every room under an epoch of its own, all in one transaction, and gives each host a whole
/// lease to come back.
async fn rebase(
    journal: &mut Journal,
    sql: &Sql,
    stored: Vec<(Room, Members)>,
    now: Timestamp,
) -> Result<Tables, OpenError> {
    let held: Vec<(RoomId, u64)> =
        stored.iter().map(|(room, _)| (room.room_id.clone(), room.epoch)).collect();
    let raised = sql.raise_epochs_and_delete_others(&held, now).await?;
    let tables = Tables::default();
    let mut batch = Batch::default();
    for ((mut room, members), (_, epoch)) in stored.into_iter().zip(raised) {
        let request = Request::of_system(Command::Rebase { epoch, lost: false });
        let facts = Facts { now, ..Facts::default() };
        let Ok(Decision::Commit(commit)) = room.handle(&request, &facts) else {
            let detail = format!("{} refuses epoch {epoch}", room.room_id);
            return Err(OpenError::Corrupt { path: journal.path.clone(), detail });
        };
        room.apply(&commit);
        batch.add(&room, Entry::of(&room, Some(&commit)));
        let lease = room.lease_ms().map(|lease_ms| now.plus_millis(lease_ms));
        tables.restore(&Arc::new(room), members, LifeSigns { lease, attended: Some(now) });
    }
    let path = journal.path.clone();
    journal.write(&batch).await.map_err(|source| OpenError::Unreadable { path, source })?;
    Ok(tables)
}
