//! The errors of the SQL database.

use std::time::Duration;

use sqlx::migrate::MigrateError;

/// An error of the SQL database.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The URL isn't that of a supported database.
    #[error(
        "the database URL must look like sqlite:///path/to/file.db or \
         postgres://user@host/database: {detail}"
    )]
    Url {
        /// What is wrong with the URL.
        detail: String,
    },
    /// The directory of the database file can't be created.
    #[error("the directory of the database can't be made: {path}")]
    Directory {
        /// The directory.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The database was changed by a newer binary.
    #[error(
        "the database was written by a newer version of this program (it has migration {found}, \
         this program knows up to {known}); start the newer one"
    )]
    Newer {
        /// A migration in the database that this binary doesn't know.
        found: i64,
        /// The last migration that this binary knows.
        known: i64,
    },
    /// A pooler lends each transaction another connection.
    #[error(
        "the database is behind a pooler that lends each transaction another connection, and then \
         neither settings nor locks of a session hold: set pool_mode = session in pgbouncer, or \
         let PLAYHEAD_DATABASE_URL lead to PostgreSQL itself"
    )]
    Pooled,
    /// A pooler doesn't know a parameter that every connection starts with.
    #[error(
        "a pooler refuses the connection to the database: in pgbouncer, set \
         ignore_startup_parameters = extra_float_digits"
    )]
    PoolerSetting {
        /// The cause.
        #[source]
        source: sqlx::Error,
    },
    /// A migration failed.
    #[error("the tables of the database can't be brought up to date")]
    Migrate(#[source] Box<MigrateError>),
    /// The database holds rooms of another store.
    #[error(
        "the database holds rooms that aren't kept in {wanted}: choose another with \
         PLAYHEAD_DATABASE_URL, or set PLAYHEAD_STORE as it was"
    )]
    OtherStore {
        /// The store of this node.
        wanted: &'static str,
    },
    /// The id or the code of a new room is already in use.
    #[error("sql: {0}")]
    Taken(Taken),
    /// The database didn't answer in time. The operation may still take effect.
    #[error("sql: {operation}: no answer within {limit:?}")]
    Timeout {
        /// The operation.
        operation: &'static str,
        /// How long the operation waited.
        limit: Duration,
    },
    /// A statement failed.
    #[error("sql: {operation}")]
    Statement {
        /// The operation.
        operation: &'static str,
        /// The cause.
        #[source]
        source: sqlx::Error,
    },
}

/// What is already in use.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Taken {
    /// The id.
    #[error("a room of this id is known already")]
    RoomId,
    /// The code.
    #[error("the code is another room's")]
    Code,
}

/// States of a PostgreSQL that will serve later: it is starting, has as many connections as it takes, is read-only, as a
/// standby is until it takes over, or keeps a statement waiting for somebody's lock.
const BUSY_STATES: [&str; 5] = ["57P03", "53300", "25006", "55P03", "57014"];

impl SqlError {
    /// Whether another attempt to open the database may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Timeout { .. } => true,
            Self::Statement { source, .. } => passes(source),
            Self::Migrate(error) => match &**error {
                MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
                    passes(source)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Returns a function that makes the error of a failed statement.
    pub(super) fn of(operation: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Statement { operation, source }
    }

    /// Returns whether a unique column already holds the value.
    pub(super) fn is_duplicate(&self) -> bool {
        let Self::Statement { source: sqlx::Error::Database(error), .. } = self else {
            return false;
        };
        error.is_unique_violation()
    }
}

/// Whether the cause of a failure may pass by itself.
fn passes(source: &sqlx::Error) -> bool {
    match source {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| BUSY_STATES.contains(&&*code))
        }
        _ => false,
    }
}
