//! Families of refresh tokens that were revoked while access tokens of theirs may still be valid. There are
//! few of them; each node keeps them in memory, and reads every two seconds which ones others have added.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

use crate::clock::WallTime;
use crate::sql::{Sql, SqlError};

/// How many families are remembered at most. Beyond that, those that were revoked first are forgotten.
pub const REVOKED_MAX: u64 = 10_000;
/// How often a node reads which families others have revoked.
const READ_EVERY: Duration = Duration::from_secs(2);

/// The revoked families, as this node knows them.
#[derive(Debug)]
pub struct Revocations {
    sql: Arc<Sql>,
    known: RwLock<Known>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Known {
    families: HashSet<String>,
    /// Those of them that this node has revoked since it began to read the others.
    since_read: Vec<String>,
}

impl Revocations {
    /// Reads the revoked families. If the database doesn't answer, they are read once it does.
    pub async fn open(sql: Arc<Sql>) -> Self {
        let revocations = Self { sql, known: RwLock::default(), news: Notify::new() };
        let _ = revocations.read().await;
        revocations
    }

    /// Revokes a family: neither its refresh tokens nor its access tokens are valid any more.
    pub async fn revoke(&self, family_id: &str, now: WallTime) -> Result<(), SqlError> {
        self.sql.revoke_refresh_family(family_id, now).await?;
        {
            let mut known = self.write();
            known.families.insert(family_id.to_owned());
            known.since_read.push(family_id.to_owned());
        }
        self.news.notify_one();
        Ok(())
    }

    /// Whether a family was revoked.
    pub fn contains(&self, family_id: &str) -> bool {
        self.lock().families.contains(family_id)
    }

    /// Waits until families were revoked since the last call. There is one caller.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// Reads what other nodes have revoked, until the node ends.
    pub async fn keep(&self) {
        let mut is_away = false;
        loop {
            sleep(READ_EVERY).await;
            match self.read().await {
                Ok(()) => is_away = false,
                // Logged once, however long it lasts.
                Err(error) if !std::mem::replace(&mut is_away, true) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "revoked tokens aren't read: SQL doesn't answer");
                }
                Err(_) => {}
            }
        }
    }

    async fn read(&self) -> Result<(), SqlError> {
        self.write().since_read.clear();
        let stored = self.sql.list_revoked_families(REVOKED_MAX).await?;
        let mut families: HashSet<String> = stored.into_iter().collect();
        let is_news = {
            let mut known = self.write();
            // What was read may be older than these.
            families.extend(known.since_read.iter().cloned());
            let is_news = !families.is_subset(&known.families);
            known.families = families;
            is_news
        };
        if is_news {
            self.news.notify_one();
        }
        Ok(())
    }

    fn lock(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}
