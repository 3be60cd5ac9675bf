//! Starting: lock the data directory, replay the journal, raise every room's epoch.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::{Command, Decision, Facts, LifecycleState, Request, Room, RoomId, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::batch::{Batch, Entry};
use super::journal::Journal;
use super::members::Members;
use super::tables::Tables;
use super::writer::Writer;
use super::{MemoryStore, QUEUE_MAX};
use crate::clock::RoomClock;
use crate::sql::{Sql, SqlError, create_private_dir};
use crate::store::LifeSigns;

/// The store can't start. Nothing was lost by trying.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory can't be made or locked.
    #[error("the data directory {path} can't be used")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another process holds the data directory.
    #[error(
        "another process is using the data directory {path}; stop it, or choose another directory"
    )]
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// The journal can't be read or written.
    #[error("the journal {path} can't be used; restore it, or move it away to forget its rooms")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The journal can be read and makes no sense.
    #[error(
        "the journal {path} is damaged: {detail}; restore it, or move it away to forget its rooms"
    )]
    Corrupt {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The journal holds nothing, though there were rooms.
    #[error(
        "the journal {path} is empty, but the database knows {rooms} rooms; restore it, or move \
         it away to forget its rooms"
    )]
    Emptied {
        /// Which.
        path: PathBuf,
        /// How many rooms there should be.
        rooms: u64,
    },
    /// The file is some other program's.
    #[error("{path} is a database, but not a journal; move it away")]
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// A newer binary wrote the journal.
    #[error(
        "the journal {path} was written by a newer version of this program (schema {found}, this \
         program knows {known}); start the newer one"
    )]
    Newer {
        /// Which.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that this binary knows.
        known: i64,
    },
    /// No epochs can be had.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

impl MemoryStore {
    /// Opens the store of a data directory, which is made if there is none, and starts the room
    /// clock. Every room that the journal holds comes back as it was, under a new epoch.
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

/// Makes and locks the data directory. The lock goes with the file, however the process ends.
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

/// Moves every room to an epoch of its own run, all in one transaction, and gives each live host
/// the time of one lease to come back.
async fn rebase(
    journal: &mut Journal,
    sql: &Sql,
    stored: Vec<(Room, Members)>,
    now: Timestamp,
) -> Result<Tables, OpenError> {
    let held: Vec<(RoomId, u64)> =
        stored.iter().map(|(room, _)| (room.room_id.clone(), room.epoch)).collect();
    let raised = sql.raise_epochs(&held, now).await?;
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
        let hosted = room.lifecycle.state == LifecycleState::Live && room.host_id.is_some();
        let lease = hosted.then(|| now.plus_millis(room.profile.settings.host_lease_ms));
        tables.restore(&Arc::new(room), members, LifeSigns { lease, attended: Some(now) });
    }
    let path = journal.path.clone();
    journal.write(&batch).await.map_err(|source| OpenError::Unreadable { path, source })?;
    Ok(tables)
}
