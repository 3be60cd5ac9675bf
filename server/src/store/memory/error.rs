//! Why the store of a data directory can't be opened.

use std::path::{Path, PathBuf};

use sqlx::error::DatabaseError;

use crate::sql::SqlError;

/// The store can't be opened. Nothing is lost.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory can't be created or locked.
    #[error("the data directory {path} can't be used")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// Another process holds the data directory.
    #[error(
        "another process is using the data directory {path}; stop it, or choose another directory"
    )]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The journal can't be read or written.
    #[error("the journal {path} can't be used; restore it, or move it away to forget its rooms")]
    Unreadable {
        /// The journal.
        path: PathBuf,
        /// The cause.
        #[source]
        source: sqlx::Error,
    },
    /// Another program has locked the journal.
    #[error("another program has locked the journal {path}")]
    Locked {
        /// The journal.
        path: PathBuf,
    },
    /// The journal holds no rooms, though the database knows some.
    #[error(
        "the journal {path} is empty, but the database knows {rooms} rooms; restore it, or move \
         it away to forget its rooms"
    )]
    Emptied {
        /// The journal.
        path: PathBuf,
        /// The number of rooms that the database knows.
        rooms: u64,
    },
    /// The file is a database of another program.
    #[error("{path} is a database, but not a journal; move it away")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer binary wrote the journal.
    #[error(
        "the journal {path} was written by a newer version of this program (schema {found}, this \
         program knows {known}); start the newer one"
    )]
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that this binary knows.
        known: i64,
    },
    /// SQL can't issue epochs.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// SQLite's code for a file that another program has locked, in its lowest byte.
const BUSY: u32 = 5;

impl OpenError {
    /// Makes the error of a journal that can't be read or written, or is locked.
    pub(super) fn of_journal(path: &Path, source: sqlx::Error) -> Self {
        let code = source.as_database_error().and_then(DatabaseError::code);
        let code = code.and_then(|code| code.parse::<u32>().ok());
        let path = path.to_owned();
        match code {
            Some(code) if code & 0xff == BUSY => Self::Locked { path },
            _ => Self::Unreadable { path, source },
        }
    }

    /// Whether another attempt may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Locked { .. } => true,
            Self::Sql(error) => error.is_transient(),
            _ => false,
        }
    }
}
