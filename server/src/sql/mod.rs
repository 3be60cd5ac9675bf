//! What outlives every room's state, in SQLite or PostgreSQL: rooms with their epochs, codes and
//! snapshots, and token keys.
//!
//! Statements are the same for both. Where the databases differ, [`Kind`] says so.

mod codes;
mod epochs;
mod error;
mod identity;
mod migrate;
mod open;
mod rooms;
mod snapshots;
mod token_keys;
mod work;

use std::time::Duration;

use sqlx::AnyPool;
use tokio::time::timeout;

pub use error::{SqlError, Taken};
pub(crate) use open::create_private_dir;
pub use snapshots::SnapshotRow;
pub use token_keys::TokenKey;
pub(crate) use work::column;

/// How long closing may take: what is under way ends, then its connection.
const CLOSE: Duration = Duration::from_secs(5);

/// The SQL database.
#[derive(Clone, Debug)]
pub struct Sql {
    pool: AnyPool,
    kind: Kind,
}

/// Which database it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Sql {
    /// Closes every connection. Statements fail from then on.
    pub async fn close(&self) {
        // A database that hangs must not hold up whoever goes away.
        let _ = timeout(CLOSE, self.pool.close()).await;
    }
}

#[cfg(test)]
mod tests;
