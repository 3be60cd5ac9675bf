//! Opens the store: locks the data directory, replays the journal, and raises the epoch of every room.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::{Outage, Rebuilt, RoomId};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::alive::Alive;
use super::batch::{Batch, Entry};
use super::delete::Remaining;
use super::error::OpenError;
use super::freeze::Freeze;
use super::job::QUEUE_MAX;
use super::journal::Journal;
use super::replay::Replayed;
use super::restore::restore;
use super::store::MemoryStore;
use super::tables::Tables;
use super::writer::Writer;
use crate::clock::RoomClock;
use crate::sql::{Sql, create_private_dir, create_private_file};
use crate::store::LifeSigns;
use crate::store::backlog::Backlog;
use crate::store::snapshots::{Pace, write_behind};

/// How many rooms one transaction of the start writes.
const ROOMS_PER_BATCH: usize = 256;
/// How snapshots follow the commits. The journal has everything, so that they may be further behind than
/// those of another store.
const SNAPSHOTS: Pace = Pace { every: Duration::from_secs(5), last: Duration::from_secs(1) };
/// A room with so many commits since its snapshot becomes a snapshot at the start.
const COMPACT_FROM: u64 = 16;

impl MemoryStore {
    /// Opens the store of a data directory, which is created if it doesn't exist, and starts the room
    /// clock. Every room of the journal comes back as it was, under a new epoch.
    pub async fn open(data_dir: &Path, sql: Arc<Sql>) -> Result<(Arc<Self>, RoomClock), OpenError> {
        let lock = lock_dir(data_dir)?;
        let rooms_known = sql.count_rooms().await?;
        let mut journal = Journal::open(data_dir, lock, rooms_known).await?;
        let replay = journal.read(&sql).await?;
        if rooms_known == 0 && !replay.rooms.is_empty() {
            tracing::warn!(
                rooms = replay.rooms.len(),
                "the database knows none of the journal's rooms: it is new or was emptied. They go on, but \
                 everybody comes back as a new guest, and their hosts are unknown"
            );
        }
        let stored = match journal.is_new {
            true => replay.rooms.into_values().collect(),
            false => restore(&sql, replay).await?,
        };
        let (alive, last_alive) = Alive::open(data_dir)
            .map_err(|source| OpenError::Directory { path: data_dir.to_owned(), source })?;
        let last = stored.iter().map(|replayed| replayed.room.at).max().max(last_alive);
        let clock = RoomClock::start(last.unwrap_or_default());
        let now = clock.now();
        let length_ms = last_alive.map(|alive| now.millis_since(alive));
        let outage = Outage { until: now, length_ms };
        let backlog = Arc::new(Backlog::default());
        let tables = rebase(&mut journal, &sql, stored, outage, &backlog).await?;
        let tables = Arc::new(tables);
        if let Err(error) = journal.vacuum().await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the journal can't be made smaller");
        }

        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let store = Arc::new(Self {
            tables: tables.clone(),
            clock: clock.clone(),
            queue,
            sql: sql.clone(),
            freeze: Freeze::default(),
            stop: stop.clone(),
            tasks: tasks.clone(),
            #[cfg(test)]
            pages_max: journal.pages_max.clone(),
        });
        let writer = Writer {
            journal,
            queue: jobs,
            tables,
            sql: sql.clone(),
            remaining: Remaining::default(),
            backlog: backlog.clone(),
            stop,
            tasks: tasks.clone(),
            may_shrink: true,
        };
        let written = CancellationToken::new();
        let all_written = written.clone().drop_guard();
        tasks.spawn(async move {
            writer.run().await;
            drop(all_written);
        });
        tasks.spawn(async move { write_behind(&backlog, &sql, SNAPSHOTS, &written).await });
        tasks.spawn(alive.keep(clock.clone(), store.stop.clone()));
        Ok((store, clock))
    }
}

/// Creates and locks the data directory. The lock ends with the file, however the process ends.
fn lock_dir(data_dir: &Path) -> Result<File, OpenError> {
    let path = || data_dir.to_owned();
    let directory = |source| OpenError::Directory { path: path(), source };
    create_private_dir(data_dir).map_err(directory)?;
    let path_of_lock = data_dir.join("lock");
    create_private_file(&path_of_lock);
    // Created once more if that failed, for the reason why.
    let mut options = File::options();
    let lock = options.create(true).truncate(false).write(true).open(path_of_lock);
    let lock = lock.map_err(directory)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path() }),
        Err(TryLockError::Error(source)) => Err(directory(source)),
    }
}

/// Rebases every room under an epoch of its own, and gives each host a whole lease to come back. What ran
/// while no server did is moved by the outage. Rooms with many commits become snapshots, so that the next
/// start has little to read.
async fn rebase(
    journal: &mut Journal,
    sql: &Sql,
    stored: Vec<Replayed>,
    outage: Outage,
    backlog: &Backlog,
) -> Result<Tables, OpenError> {
    let now = outage.until;
    let held = |replayed: &Replayed| (replayed.room.room_id.clone(), replayed.epoch);
    let held: Vec<(RoomId, u64)> = stored.iter().map(held).collect();
    let raised = sql.raise_epochs_and_delete_others(&held, now).await?;
    let tables = Tables::default();
    let mut stored = stored.into_iter().zip(raised).peekable();
    while stored.peek().is_some() {
        // Each transaction holds a few rooms, so that not all of them are in memory twice.
        let mut batch = Batch::default();
        for (replayed, (_, epoch)) in stored.by_ref().take(ROOMS_PER_BATCH) {
            let Replayed { room, members, commits, lost, is_backed, .. } = replayed;
            let (is_lossy, outage_ms) = (lost.is_some(), outage.uncounted_ms(&room));
            let rebuilt = engine::rebase(&room, epoch, is_lossy, now, outage_ms);
            let Some(Rebuilt { room, commit }) = rebuilt else {
                // The epoch is above every one that was read.
                tracing::error!(room.id = %room.room_id, epoch, "a room refuses its epoch");
                continue;
            };
            let is_whole = is_lossy || commits >= COMPACT_FROM;
            let entry =
                if is_whole { Entry::whole(&room) } else { Entry::of(&room, Some(&commit)) };
            batch.add(&room, entry);
            if journal.is_anew {
                batch.add_members(&room.room_id, &members);
            }
            let lease = room.lease_ms().map(|lease_ms| now.plus_millis(lease_ms));
            let room = Arc::new(room);
            if !is_backed {
                backlog.add(&room);
            }
            tables.restore(&room, members, LifeSigns { lease, attended: Some(now) });
        }
        let path = journal.path.clone();
        journal.write(&batch).await.map_err(|source| OpenError::of_journal(&path, source))?;
    }
    let path = journal.path.clone();
    let dropped = journal.drop_strangers().await;
    dropped.map_err(|source| OpenError::of_journal(&path, source))?;
    Ok(tables)
}
