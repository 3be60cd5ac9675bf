//! The `revoked_families` table: families of refresh tokens that ended before their access tokens did.
//! Times are those of the wall clock.

use sqlx::Row;

use super::operation::{column, number};
use super::{Sql, SqlError};
use crate::clock::WallTime;

impl Sql {
    /// Deletes a family, so that none of its refresh tokens is valid any more, and lists it among those whose
    /// access tokens aren't either. Both or neither.
    pub async fn revoke_refresh_family(
        &self,
        family_id: &str,
        now: WallTime,
    ) -> Result<(), SqlError> {
        let mut operation = self.begin_transaction("revoke a refresh family").await?;
        let delete = sqlx::query("DELETE FROM refresh_families WHERE family_id = $1");
        operation.execute(delete.bind(family_id)).await?;
        let insert = sqlx::query(
            "INSERT INTO revoked_families (family_id, revoked_at_ms) VALUES ($1, $2)
             ON CONFLICT DO NOTHING",
        );
        operation.execute(insert.bind(family_id).bind(column(now.as_millis()))).await?;
        operation.commit().await
    }

    /// Lists the families that were revoked last, at most `most` of them.
    pub async fn list_revoked_families(&self, most: u64) -> Result<Vec<String>, SqlError> {
        let mut operation = self.begin("list revoked families").await?;
        let query = sqlx::query(
            "SELECT family_id FROM revoked_families ORDER BY revoked_at_ms DESC LIMIT $1",
        );
        operation.fetch(query.bind(column(most)), |row| row.try_get(0)).await
    }

    /// Forgets families that were revoked before a time, and of the others all but the last `most`.
    pub async fn sweep_revoked_families(
        &self,
        before: WallTime,
        most: u64,
    ) -> Result<(), SqlError> {
        let mut operation = self.begin("sweep revoked families").await?;
        let over = sqlx::query("DELETE FROM revoked_families WHERE revoked_at_ms < $1");
        operation.execute(over.bind(column(before.as_millis()))).await?;
        let count = sqlx::query("SELECT COUNT(*) FROM revoked_families");
        let count = operation.fetch_one(count, |row| number(row, 0)).await?.unwrap_or_default();
        let surplus = count.saturating_sub(most);
        if surplus > 0 {
            let delete = sqlx::query(
                "DELETE FROM revoked_families WHERE family_id IN (SELECT family_id
                 FROM revoked_families ORDER BY revoked_at_ms LIMIT $1)",
            );
            operation.execute(delete.bind(column(surplus))).await?;
        }
        Ok(())
    }
}
