//! What outlives every room's state: epochs and token keys. Statements are kept portable.

mod epochs;
mod token_keys;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlitePool};

pub(crate) use epochs::column;
pub use token_keys::TokenKey;

/// How many connections are open at a time.
const CONNECTIONS_MAX: u32 = 4;
/// How long a statement waits for another writer.
const BUSY: Duration = Duration::from_secs(2);
/// How long a statement waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(3);
/// How many rows one statement names, far below the number of parameters that databases take.
const ROWS_PER_STATEMENT: usize = 500;

/// Each migration in order. Never change one that was released: add another.
const MIGRATIONS: [(i64, &str, &str); 1] =
    [(1, "rooms and token keys", include_str!("migrations/0001_rooms_and_token_keys.sql"))];

/// The SQL database.
#[derive(Clone, Debug)]
pub struct Sql {
    pool: SqlitePool,
}

/// The SQL database can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The URL names no database of a known kind.
    #[error("the database URL must look like sqlite:///path/to/file.db: {detail}")]
    Url {
        /// What is wrong with it.
        detail: String,
    },
    /// The directory of the database file can't be made.
    #[error("the directory of the database can't be made: {path}")]
    Directory {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A newer binary has changed the database.
    #[error(
        "the database was written by a newer version of this program (it has migration {found}, \
         this program knows up to {known}); start the newer one"
    )]
    Newer {
        /// A migration that this binary lacks.
        found: i64,
        /// The last migration that this binary has.
        known: i64,
    },
    /// The tables can't be brought up to date.
    #[error("the tables of the database can't be brought up to date")]
    Migrate(#[source] Box<MigrateError>),
    /// A statement failed.
    #[error("sql: {operation}")]
    Statement {
        /// Which operation.
        operation: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
}

impl SqlError {
    fn of(operation: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Statement { operation, source }
    }
}

impl Sql {
    /// Opens the database at a URL, `sqlite://…`, making it if there is none, and brings its
    /// tables up to date.
    pub async fn open(url: &str) -> Result<Self, SqlError> {
        if !url.starts_with("sqlite:") {
            return Err(SqlError::Url { detail: "it doesn't begin with sqlite:".to_owned() });
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| SqlError::Url { detail: error.to_string() })?;
        Self::connect(options).await
    }

    /// Opens the database in a file, making it if there is none.
    pub async fn open_file(path: &Path) -> Result<Self, SqlError> {
        Self::connect(SqliteConnectOptions::new().filename(path)).await
    }

    async fn connect(options: SqliteConnectOptions) -> Result<Self, SqlError> {
        if let Some(directory) = options.get_filename().parent() {
            create_private_dir(directory).map_err(|source| SqlError::Directory {
                path: directory.display().to_string(),
                source,
            })?;
        }
        // An epoch that is lost with the power would be issued twice, hence `Full`.
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        // Outside the pool, since a slow disk may take longer to make the file than a statement
        // may wait.
        let first = options.connect().await.map_err(SqlError::of("open"))?;
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE)
            .connect_with(options)
            .await
            .map_err(SqlError::of("open"))?;
        first.close().await.map_err(SqlError::of("open"))?;
        migrate(&pool).await?;
        Ok(Self { pool })
    }

    /// Closes every connection. Statements fail from then on.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Makes a directory that nobody else can enter; one that is there stays as it is.
pub(crate) fn create_private_dir(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

async fn migrate(pool: &SqlitePool) -> Result<(), SqlError> {
    let migrations = MIGRATIONS.map(|(version, description, sql)| {
        let sql = sqlx::SqlSafeStr::into_sql_str(sql);
        Migration::new(version, description.into(), MigrationType::Simple, sql, false)
    });
    let known = MIGRATIONS.len() as i64;
    Migrator::with_migrations(migrations.into()).run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) => SqlError::Newer { found, known },
        error => SqlError::Migrate(Box::new(error)),
    })
}

#[cfg(test)]
mod tests;
