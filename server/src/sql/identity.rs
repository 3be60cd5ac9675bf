//! The `identity` table: one row, which names the database and the store that uses it.

use sqlx::{AnyConnection, Row};

use super::{Sql, SqlError};
use crate::id;

impl Sql {
    /// Returns the id that the database got when it was created. All nodes of a cluster must see
    /// the same.
    pub async fn database_id(&self) -> Result<String, SqlError> {
        const OPERATION: &str = "read the database's id";
        let mut operation = self.begin(OPERATION).await?;
        let query = sqlx::query("SELECT database_id FROM identity");
        let id = operation.fetch_one(query, |row| row.try_get(0)).await?;
        id.ok_or_else(|| SqlError::of(OPERATION)(sqlx::Error::RowNotFound))
    }

    /// Claims the database for the rooms of `store`. Fails if it holds rooms of another store, which
    /// this one would forget.
    pub async fn claim_for(&self, store: &'static str) -> Result<(), SqlError> {
        let mut operation = self.begin("claim the database").await?;
        let claim = sqlx::query(
            "UPDATE identity SET store = $1 WHERE store IS NULL OR store = $1
             OR NOT EXISTS (SELECT 1 FROM rooms) RETURNING store",
        )
        .bind(store);
        match operation.fetch_one(claim, |row| row.try_get::<String, _>(0)).await? {
            Some(_) => Ok(()),
            None => Err(SqlError::OtherStore { wanted: store }),
        }
    }
}

/// Gives the database an id, unless it has one.
pub(super) async fn create_identity(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO identity (one, database_id) VALUES (1, $1) ON CONFLICT DO NOTHING")
        .bind(format!("d_{}", id::secret()))
        .execute(connection)
        .await
        .map(drop)
}
