//! The SQL database, SQLite or PostgreSQL. It holds what outlives every room's state: rooms with
//! their epochs, codes and snapshots, what their creations are answered with, who is let into them and who is banned,
//! token keys, and families of refresh tokens, with those that were revoked.
//!
//! Statements are the same for both databases. Where they differ, [`Kind`] decides.

mod access_changes;
mod bans;
mod creations;
mod error;
mod grants;
mod identity;
mod invites;
pub mod laws;
mod migrate;
mod open;
mod operation;
mod private;
mod refresh_families;
mod revoked_families;
mod room_passwords;
mod rooms;
mod token_keys;
mod told;
mod wall_clock;

use std::time::Duration;

use sqlx::AnyPool;
use tokio::time::timeout;

pub use access_changes::AccessChange;
pub use bans::{BanRow, Banning, ENDLESS};
pub use creations::{Creation, CreationKey};
pub use error::{SqlError, Taken};
pub use grants::{GrantRow, Granting, Standing, Via};
pub use invites::{InviteRow, Redeeming};
pub use open::{DATABASE_FILE, DatabaseAddress};
pub use operation::Operation;
pub(crate) use operation::column;
pub(crate) use private::{create_private_dir, create_private_file};
pub use refresh_families::{FamilyCounts, RefreshFamily, Sweep};
pub use rooms::{KnownRoom, SnapshotRow};
pub use token_keys::{TokenKey, TokenKeys};

/// How long closing may take. Operations in progress finish first.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a write may take before the database counts as away.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// The SQL database.
#[derive(Clone, Debug)]
pub struct Sql {
    pool: AnyPool,
    kind: Kind,
    told: told::Told,
}

/// The kind of the database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Sql {
    /// Fails while nothing can be written, or a write takes longer than a second.
    pub async fn check_writable(&self) -> Result<(), SqlError> {
        const OPERATION: &str = "check writable";
        let written = async {
            let mut operation = self.begin(OPERATION).await?;
            // A read says nothing of a full disk, and nothing of a server that only takes reads.
            let write = sqlx::query("UPDATE identity SET one = one");
            operation.execute(write).await.map(drop)
        };
        let late = || SqlError::Timeout { operation: OPERATION, limit: CHECK_TIMEOUT };
        timeout(CHECK_TIMEOUT, written).await.unwrap_or_else(|_| Err(late()))
    }

    /// Closes every connection. Operations fail from then on.
    pub async fn close(&self) {
        // A database that hangs must not hold up the shutdown.
        let _ = timeout(CLOSE_TIMEOUT, self.pool.close()).await;
    }
}

#[cfg(test)]
mod tests;
