//! Opens the database.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, Connection, Executor, Row};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use url::Url;

use super::identity::create_identity;
use super::migrate::migrate;
use super::operation::STATEMENT_TIMEOUT;
use super::private::{create_private_dir, create_private_file};
use super::told::Told;
use super::{Kind, Sql, SqlError};

/// The name of the database in the data directory.
pub const DATABASE_FILE: &str = "playhead.db";
/// The largest number of open connections.
const CONNECTIONS_MAX: u32 = 8;
/// How long opening may take. A disk may be slow, or other nodes may be running migrations.
const OPEN_TIMEOUT: Duration = Duration::from_secs(30);

/// Sets up an SQLite connection. It waits for other writers for less than `STATEMENT_TIMEOUT`. An
/// epoch that a power failure undid would be issued twice, hence `FULL`.
const SQLITE_SETUP: &str = "PRAGMA busy_timeout = 2000; PRAGMA synchronous = FULL";
/// While the tables are brought up to date, other nodes may do the same on a slow disk.
const SQLITE_PATIENCE: &str = "PRAGMA busy_timeout = 20000";
/// How long to wait for a lock for which SQLite doesn't.
const LOCKED_RETRY: Duration = Duration::from_millis(20);
/// Sets up a PostgreSQL connection, with the same guarantees. The server also releases the locks of
/// a node that hangs.
const POSTGRES_SETUP: &str = "SET statement_timeout = 2500; \
    SET idle_in_transaction_session_timeout = 10000; \
    SELECT set_config('synchronous_commit', 'on', false) \
    WHERE current_setting('synchronous_commit') = 'off'";

/// Where a database is.
#[derive(Debug)]
pub enum DatabaseAddress {
    /// In this file, by SQLite.
    File(PathBuf),
    /// Behind this URL, by PostgreSQL.
    Server(Url),
}

impl DatabaseAddress {
    /// Reads a URL, `sqlite://…` or `postgres://…`, without opening anything.
    pub fn of(url: &str) -> Result<Self, SqlError> {
        let detail = |detail: String| SqlError::Url { detail };
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => {
                let options = SqliteConnectOptions::from_str(url)
                    .map_err(|error| detail(error.to_string()))?;
                let names_none =
                    options.get_filename().as_os_str().is_empty() || url.ends_with('/');
                if names_none || url.contains(":memory:") || url.contains('?') {
                    let words = "it must name a file, and nothing but a file";
                    return Err(detail(words.to_owned()));
                }
                Ok(Self::File(options.get_filename().to_owned()))
            }
            Some("postgres" | "postgresql") => {
                let url = Url::parse(url).map_err(|error| detail(error.to_string()))?;
                PgConnectOptions::from_url(&url).map_err(|error| detail(error.to_string()))?;
                Ok(Self::Server(url))
            }
            _ => Err(detail("it begins with neither".to_owned())),
        }
    }
}

impl Sql {
    /// Opens the database at a URL, `sqlite://…` or `postgres://…`, and brings its tables up to
    /// date. A missing SQLite file is created.
    pub async fn open(url: &str) -> Result<Self, SqlError> {
        Self::open_by(url, Instant::now() + OPEN_TIMEOUT).await
    }

    /// Does the same, and fails if the server of the database hasn't answered by then.
    pub async fn open_by(url: &str, answer_by: Instant) -> Result<Self, SqlError> {
        match DatabaseAddress::of(url)? {
            DatabaseAddress::File(path) => Self::open_file(&path).await,
            DatabaseAddress::Server(url) => Self::connect(Kind::Postgres, &url, answer_by).await,
        }
    }

    /// Opens the SQLite database in a file, which is created if it is missing.
    pub async fn open_file(path: &Path) -> Result<Self, SqlError> {
        let path = std::path::absolute(path).map_err(directory(path))?;
        if let Some(parent) = path.parent() {
            create_private_dir(parent).map_err(directory(parent))?;
        }
        create_private_file(&path);
        let detail = || SqlError::Url { detail: format!("{} names no file", path.display()) };
        let file = Url::from_file_path(&path).map_err(|()| detail())?;
        let url = format!("sqlite://{}?mode=rwc", file.path());
        let url = Url::parse(&url).map_err(|_| detail())?;
        Self::connect(Kind::Sqlite, &url, Instant::now() + OPEN_TIMEOUT).await
    }

    async fn connect(kind: Kind, url: &Url, answer_by: Instant) -> Result<Self, SqlError> {
        sqlx::any::install_default_drivers();
        let options = AnyConnectOptions::from_url(url).map_err(SqlError::of("open"))?;
        // Outside the pool, because this may take longer than the pool waits for a connection.
        match timeout(OPEN_TIMEOUT, prepare(kind, &options, answer_by)).await {
            Ok(prepared) => prepared?,
            Err(_) => return Err(SqlError::Timeout { operation: "open", limit: OPEN_TIMEOUT }),
        }
        let setup = match kind {
            Kind::Sqlite => SQLITE_SETUP,
            Kind::Postgres => POSTGRES_SETUP,
        };
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(STATEMENT_TIMEOUT)
            .after_connect(move |connection, _| {
                Box::pin(async move { connection.execute(setup).await.map(drop) })
            })
            .connect_lazy_with(options);
        Ok(Self { pool, kind, told: Told::default() })
    }
}

/// Prepares the database on a connection of its own.
async fn prepare(
    kind: Kind,
    options: &AnyConnectOptions,
    answer_by: Instant,
) -> Result<(), SqlError> {
    let mut connection = connect_by(options, answer_by).await?;
    if kind == Kind::Postgres {
        check_pooling(&mut connection, options).await?;
    }
    while let Err(error) = set_up(&mut connection, kind).await {
        if !is_locked(&error) {
            return Err(SqlError::of("open")(error));
        }
        // SQLite doesn't wait for another node that turns on the write-ahead log at the same time.
        sleep(LOCKED_RETRY).await;
    }
    migrate(&mut connection, kind).await?;
    if kind == Kind::Sqlite {
        let_shrink(&mut connection).await;
    }
    create_identity(&mut connection).await.map_err(SqlError::of("open"))?;
    connection.close().await.map_err(SqlError::of("open"))
}

/// Makes a connection, unless the database says nothing until then.
async fn connect_by(
    options: &AnyConnectOptions,
    answer_by: Instant,
) -> Result<AnyConnection, SqlError> {
    let began = Instant::now();
    match timeout_at(answer_by, options.connect()).await {
        Ok(connected) => connected.map_err(refused_by_pooler),
        Err(_) => {
            let limit = answer_by.saturating_duration_since(began);
            Err(SqlError::Timeout { operation: "connect", limit })
        }
    }
}

/// How often two connections are compared. Another client may take the place of one in between.
const COMPARISONS: usize = 3;

/// Refuses a pooler that lends each transaction another connection to the database: settings and locks of a
/// session would reach others. Behind such a pooler, two open connections have the same server process.
async fn check_pooling(
    connection: &mut AnyConnection,
    options: &AnyConnectOptions,
) -> Result<(), SqlError> {
    let mut other = options.connect().await.map_err(refused_by_pooler)?;
    for _ in 0..COMPARISONS {
        if server_process(connection).await? == server_process(&mut other).await? {
            return Err(SqlError::Pooled);
        }
    }
    other.close().await.map_err(SqlError::of("open"))
}

async fn server_process(connection: &mut AnyConnection) -> Result<i32, SqlError> {
    // Not prepared: a statement that was prepared on another connection isn't known on this one.
    let row = connection.fetch_one("SELECT pg_backend_pid()").await;
    row.and_then(|row| row.try_get(0)).map_err(SqlError::of("open"))
}

/// The error of a connection that wasn't made, in words where a pooler is the reason.
fn refused_by_pooler(error: sqlx::Error) -> SqlError {
    match &error {
        sqlx::Error::Database(refusal) if refusal.message().contains("startup parameter") => {
            SqlError::PoolerSetting { source: error }
        }
        _ => SqlError::of("open")(error),
    }
}

fn is_locked(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: &str = "5";
    error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == SQLITE_BUSY)
}

async fn set_up(connection: &mut AnyConnection, kind: Kind) -> Result<(), sqlx::Error> {
    match kind {
        Kind::Sqlite => {
            connection.execute(SQLITE_SETUP).await?;
            connection.execute(SQLITE_PATIENCE).await?;
            // These settings are stored in the file, the first one only if it is new.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL").await?;
            connection.execute("PRAGMA journal_mode = WAL").await?;
        }
        // Notices that a table already exists are no news.
        Kind::Postgres => {
            connection.execute("SET client_min_messages = warning").await?;
        }
    }
    Ok(())
}

/// Makes a file that an older program created able to give space back once rooms are gone.
async fn let_shrink(connection: &mut AnyConnection) {
    const INCREMENTAL: &str = "2";
    let mode = "SELECT CAST(auto_vacuum AS TEXT) FROM pragma_auto_vacuum";
    let mode: Result<String, _> = sqlx::query_scalar(mode).fetch_one(&mut *connection).await;
    if mode.is_ok_and(|mode| mode == INCREMENTAL) {
        return;
    }
    if let Err(error) = connection.execute("VACUUM").await {
        // Another node is using the file. A later start does it.
        let error: &dyn std::error::Error = &error;
        tracing::info!(error, "the database keeps the space of deleted rooms for now");
    }
}

fn directory(path: &Path) -> impl FnOnce(std::io::Error) -> SqlError {
    move |source| SqlError::Directory { path: path.display().to_string(), source }
}
