//! The journal: an SQLite file with a snapshot of each room and the commits since.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::batch::Batch;
use super::damage::{has_magic, is_damage, is_of_no_version};
use super::error::OpenError;
use super::schema::{self, Found, SCHEMA_VERSION};
use crate::sql::create_private_file;

/// The name of the file in the data directory.
pub const FILE: &str = "journal.db";
/// How many rows are read ahead at the start.
const ROWS_AHEAD: usize = 512;
/// How long a write waits for another program that has locked the file, for example a backup.
const BUSY: Duration = Duration::from_millis(200);

/// The initial size of the write-ahead log, in bytes: the size up to which SQLite lets it grow before it
/// starts over. Tests of a full disk need a file without free pages.
const LOG_BYTES: i64 = if cfg!(test) { 0 } else { 4 * 1024 * 1024 };

/// How many damaged files are kept. The last one makes way for another.
const DAMAGED_MAX: u32 = 4;
/// How much a probe writes, in bytes: about as much as a large room.
const PROBE_BYTES: u32 = 128 * 1024;
/// To what size the log is cut once it has grown beyond, as when many rooms are deleted at once.
const LOG_BYTES_MAX: &str = "8388608";

/// The open journal. It holds the lock on the data directory.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) path: PathBuf,
    options: SqliteConnectOptions,
    /// `None` after a failure that may have broken the connection.
    pub(super) connection: Option<SqliteConnection>,
    /// Whether there was no file, and so nothing that could be missing from it.
    pub(super) is_new: bool,
    /// Whether the file is known to be damaged.
    pub(super) is_damaged: bool,
    /// Whether the file was begun in place of a damaged one, so that everything has to be written.
    pub(super) is_anew: bool,
    _lock: File,
    #[cfg(test)]
    pub(super) pages_max: std::sync::Arc<std::sync::atomic::AtomicU32>,
}

impl Journal {
    /// Opens the journal of a data directory, or creates it. `rooms_known` is the number of rooms that
    /// SQL knows: if there are any, an existing journal that is empty has lost them.
    pub(super) async fn open(
        data_dir: &Path,
        lock: File,
        rooms_known: u64,
    ) -> Result<Self, OpenError> {
        let path = data_dir.join(FILE);
        let existed = path.exists();
        create_private_file(&path);
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY)
            .foreign_keys(false)
            .row_buffer_size(ROWS_AHEAD)
            .auto_vacuum(SqliteAutoVacuum::Incremental)
            .pragma("journal_size_limit", LOG_BYTES_MAX)
            .disable_statement_logging();
        let unreadable = |source| OpenError::of_journal(&path, source);
        let (mut connection, found) = connect(&options, &path).await.map_err(unreadable)?;
        let mut is_damaged = false;
        match found {
            Found::Journal(_) => {}
            Found::Damaged => is_damaged = true,
            Found::Foreign => return Err(OpenError::Foreign { path }),
            Found::Newer(found) => {
                return Err(OpenError::Newer { path, found, known: SCHEMA_VERSION });
            }
            Found::Empty if existed && rooms_known > 0 => {
                return Err(OpenError::Emptied { path, rooms: rooms_known });
            }
            Found::Empty => {
                if rooms_known > 0 {
                    tracing::warn!(rooms = rooms_known, "there is no journal: rooms are forgotten");
                }
            }
        }
        if let Some(connection) = connection.as_mut().filter(|_| !is_damaged) {
            is_damaged = prepare(connection, &found).await.map_err(unreadable)?;
        }
        Ok(Self {
            path,
            options,
            connection,
            is_new: !existed,
            is_damaged,
            is_anew: false,
            _lock: lock,
            #[cfg(test)]
            pages_max: std::sync::Arc::default(),
        })
    }

    /// Sets a damaged file aside, and begins a new one. Returns the path of the old one. There is a journal at
    /// any time: without one, the next start would forget all rooms.
    pub(super) async fn begin_anew(&mut self) -> Result<PathBuf, OpenError> {
        if let Some(connection) = self.connection.take() {
            // What it complains of is known.
            let _ = connection.close().await;
        }
        let kept = self.keep_damaged()?;
        let new = self.create_beside().await?;
        self.put_in_place(&new)?;
        let path = self.path.clone();
        let unreadable = |source| OpenError::of_journal(&path, source);
        self.connection = Some(self.options.connect().await.map_err(unreadable)?);
        (self.is_damaged, self.is_anew) = (false, true);
        Ok(kept)
    }

    /// Gives the damaged file and its log a second name, under which they are kept.
    pub(super) fn keep_damaged(&self) -> Result<PathBuf, OpenError> {
        let mut numbered =
            (1..DAMAGED_MAX).map(|number| self.beside(&format!(".damaged-{number}")));
        let kept = numbered.find(|kept| !kept.exists());
        let kept = kept.unwrap_or_else(|| self.beside(&format!(".damaged-{DAMAGED_MAX}")));
        for end in ["-wal", ""] {
            let (from, to) = (self.beside(end), with_end(&kept, end));
            let linked = remove(&to).and_then(|()| {
                // Some file systems know no second names.
                std::fs::hard_link(&from, &to).or_else(|_| std::fs::copy(&from, &to).map(drop))
            });
            self.unless_missing(linked)?;
        }
        Ok(kept)
    }

    /// Creates an empty journal under another name, which nobody reads.
    pub(super) async fn create_beside(&self) -> Result<PathBuf, OpenError> {
        let path = self.beside(".new");
        for end in ["-shm", "-wal", ""] {
            // Left by a start that was interrupted.
            self.unless_missing(remove(&with_end(&path, end)))?;
        }
        create_private_file(&path);
        let created = async {
            let mut connection = self.options.clone().filename(&path).connect().await?;
            sqlx::raw_sql(schema::NEW).execute(&mut connection).await?;
            connection.close().await
        };
        created.await.map_err(|source| OpenError::of_journal(&path, source))?;
        Ok(path)
    }

    /// Puts the new file in the place of the damaged one. The old log goes first: SQLite would read it into the
    /// new file.
    pub(super) fn put_in_place(&self, new: &Path) -> Result<(), OpenError> {
        for end in ["-shm", "-wal"] {
            self.unless_missing(remove(&self.beside(end)))?;
        }
        self.unless_missing(std::fs::rename(new, &self.path))
    }

    fn beside(&self, end: &str) -> PathBuf {
        with_end(&self.path, end)
    }

    fn unless_missing(&self, done: std::io::Result<()>) -> Result<(), OpenError> {
        match done {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(OpenError::Directory { path: self.path.clone(), source })
            }
            _ => Ok(()),
        }
    }

    /// Writes a batch in one transaction. It is durable when this returns `Ok`, else nothing of it is
    /// written.
    pub(super) async fn write(&mut self, batch: &Batch) -> Result<(), sqlx::Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        #[cfg(test)]
        self.limit_pages(&mut connection).await?;
        // A connection that can't begin isn't kept. The next write opens a new one.
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
        let mut written = batch.write(&mut connection).await;
        if written.is_ok() {
            written = sqlx::query("COMMIT").execute(&mut connection).await.map(drop);
        }
        if written.is_err() {
            // Fails if SQLite has rolled back already, as it does when the disk is full.
            let _ = sqlx::query("ROLLBACK").execute(&mut connection).await;
        }
        self.connection = Some(connection);
        written
    }

    /// Finds out whether the file can be written, by writing as much as a commit may.
    pub(super) async fn probe(&mut self) -> Result<(), sqlx::Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        #[cfg(test)]
        self.limit_pages(&mut connection).await?;
        let mut written = Ok(());
        for statement in
            [&format!("INSERT INTO probe VALUES (zeroblob({PROBE_BYTES}))"), "DELETE FROM probe"]
        {
            let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await;
            written = done.map(drop);
            if written.is_err() {
                break;
            }
        }
        self.connection = Some(connection);
        written
    }

    /// Closes the file, and unlocks the data directory.
    pub(super) async fn close(self) {
        if let Some(connection) = self.connection
            && let Err(error) = connection.close().await
        {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "the journal wasn't closed cleanly; nothing is lost");
        }
    }

    /// Limits the size of the file, as a full disk would.
    #[cfg(test)]
    async fn limit_pages(&self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let max = self.pages_max.load(std::sync::atomic::Ordering::Relaxed);
        let pragma = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {max}"));
        sqlx::query(pragma).execute(connection).await.map(drop)
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", path.display()))
}

/// Removes a file, if there is one.
fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Grows the write-ahead log to its full size, then starts it over. To sync a write within a file costs
/// one write. To sync one that extends the file, the file system must also write its own journal, and
/// what other programs have written.
async fn allocate_log(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    if LOG_BYTES == 0 {
        return Ok(());
    }
    for statement in [
        "DROP TABLE IF EXISTS filler",
        "CREATE TABLE filler (body BLOB NOT NULL)",
        &format!("INSERT INTO filler VALUES (zeroblob({LOG_BYTES}))"),
        "DROP TABLE filler",
        "PRAGMA wal_checkpoint(RESTART)",
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Connects to the file, and finds out what it holds. There is no connection if nothing of it can be read.
async fn connect(
    options: &SqliteConnectOptions,
    path: &Path,
) -> Result<(Option<SqliteConnection>, Found), sqlx::Error> {
    if has_magic(path) {
        // Asks for nothing that needs the first page. A connection that fails to open closes at some time
        // later, and could take the log of a new file with it.
        let plain = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY);
        let mut connection = plain.foreign_keys(false).connect().await?;
        let found = schema::find(&mut connection).await;
        match found {
            Ok(Found::Damaged) => return Ok((Some(connection), Found::Damaged)),
            Ok(_) if is_of_no_version(path) => return Ok((Some(connection), Found::Damaged)),
            _ => {}
        }
        let _ = connection.close().await;
        if let Err(error) = found {
            if !is_damage(&error) {
                return Err(error);
            }
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "nothing of the journal can be read");
            return Ok((None, Found::Damaged));
        }
    }
    let mut connection = options.connect().await?;
    let found = schema::find(&mut connection).await?;
    Ok((Some(connection), found))
}

/// Brings an intact file up to date and allocates its log. Returns whether that shows it to be damaged.
async fn prepare(connection: &mut SqliteConnection, found: &Found) -> Result<bool, sqlx::Error> {
    if let Err(error) = schema::bring_up_to_date(connection, found).await {
        return if is_damage(&error) { Ok(true) } else { Err(error) };
    }
    let Err(error) = allocate_log(connection).await else { return Ok(false) };
    let is_damaged = is_damage(&error);
    let error: &dyn std::error::Error = &error;
    tracing::warn!(error, "the journal's log can't be allocated; commits may take longer");
    Ok(is_damaged)
}
