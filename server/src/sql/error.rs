//! Why the database can't be used, or didn't do what it was asked.

use std::time::Duration;

use sqlx::migrate::MigrateError;

/// The SQL database can't be used, or refuses.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The URL names no database of a known kind.
    #[error(
        "the database URL must look like sqlite:///path/to/file.db or \
         postgres://user@host/database: {detail}"
    )]
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
    /// The database holds rooms that are kept elsewhere.
    #[error(
        "the database holds rooms that aren't kept in {wanted}: choose another with \
         PLAYHEAD_DATABASE_URL, or set PLAYHEAD_STORE as it was"
    )]
    OtherStore {
        /// Where this node keeps rooms.
        wanted: &'static str,
    },
    /// A new room's name is another room's.
    #[error("sql: {0}")]
    Taken(Taken),
    /// The database did nothing in time. Whether it will is unknown.
    #[error("sql: {operation}: no answer within {limit:?}")]
    Timeout {
        /// Which operation.
        operation: &'static str,
        /// How long it waited.
        limit: Duration,
    },
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

/// What a new room can't have.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Taken {
    /// Its id.
    #[error("a room of this id is known already")]
    RoomId,
    /// Its code.
    #[error("the code is another room's")]
    Code,
}

impl SqlError {
    pub(super) fn of(operation: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Statement { operation, source }
    }

    /// Whether a row like this one is there already.
    pub(super) fn is_duplicate(&self) -> bool {
        let Self::Statement { source: sqlx::Error::Database(error), .. } = self else {
            return false;
        };
        error.is_unique_violation()
    }
}
