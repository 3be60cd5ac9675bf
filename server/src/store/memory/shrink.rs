//! Gives space back to the file system once rooms are gone.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::journal::Journal;

/// How many free pages the file keeps for what comes next.
const KEPT_PAGES: i64 = 256;
/// How many pages one step gives back, so that commits don't wait for long.
const STEP_PAGES: i64 = 256;
/// From so many free pages on, a start writes the whole file anew if at least half of it is free.
const VACUUM_PAGES: i64 = 16 * KEPT_PAGES;
/// What `PRAGMA auto_vacuum` says of a file that can give back pages step by step.
const INCREMENTAL: i64 = 2;

impl Journal {
    /// Gives some pages back. Returns whether there are more to give back.
    pub(super) async fn shrink(&mut self) -> Result<bool, sqlx::Error> {
        let Some(connection) = self.connection.as_mut() else { return Ok(false) };
        if number(connection, "freelist_count").await? <= KEPT_PAGES {
            return Ok(false);
        }
        let step = format!("PRAGMA incremental_vacuum({STEP_PAGES})");
        sqlx::query(AssertSqlSafe(step)).execute(&mut *connection).await?;
        Ok(number(connection, "freelist_count").await? > KEPT_PAGES)
    }

    /// Writes the whole file anew, if it is of a version that couldn't give pages back, or mostly free.
    /// Called once what is needed of it is known to be little.
    pub(super) async fn vacuum(&mut self) -> Result<(), sqlx::Error> {
        let Some(connection) = self.connection.as_mut() else { return Ok(()) };
        let free = number(connection, "freelist_count").await?;
        let is_mostly_free =
            free >= VACUUM_PAGES && free * 2 >= number(connection, "page_count").await?;
        if number(connection, "auto_vacuum").await? != INCREMENTAL {
            sqlx::query("PRAGMA auto_vacuum = INCREMENTAL").execute(&mut *connection).await?;
        } else if !is_mostly_free {
            return Ok(());
        }
        sqlx::query("VACUUM").execute(&mut *connection).await?;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *connection).await.map(drop)
    }
}

async fn number(connection: &mut SqliteConnection, pragma: &str) -> Result<i64, sqlx::Error> {
    let pragma = format!("PRAGMA {pragma}");
    sqlx::query_scalar(AssertSqlSafe(pragma)).fetch_one(connection).await
}
