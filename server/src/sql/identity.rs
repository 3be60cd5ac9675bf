//! Which database it is, and whether it answers.

use sqlx::{AnyConnection, Row};

use super::{Sql, SqlError};
use crate::id;

impl Sql {
    /// The name that the database got when it was made. All nodes of one cluster must see the same.
    pub async fn database_id(&self) -> Result<String, SqlError> {
        const OPERATION: &str = "read the database's id";
        let mut work = self.work(OPERATION).await?;
        let query = sqlx::query("SELECT database_id FROM identity");
        let id = work.fetch_one(query, |row| row.try_get(0)).await?;
        id.ok_or_else(|| SqlError::of(OPERATION)(sqlx::Error::RowNotFound))
    }

    /// Takes the database for rooms of `store`. One with rooms of another store is refused: their
    /// epochs would be forgotten, and so the rooms.
    pub async fn claim_for(&self, store: &'static str) -> Result<(), SqlError> {
        let mut work = self.work("claim the database").await?;
        let claim = sqlx::query(
            "UPDATE identity SET store = $1 WHERE store IS NULL OR store = $1
             OR NOT EXISTS (SELECT 1 FROM rooms) RETURNING store",
        )
        .bind(store);
        match work.fetch_one(claim, |row| row.try_get::<String, _>(0)).await? {
            Some(_) => Ok(()),
            None => Err(SqlError::OtherStore { wanted: store }),
        }
    }

    /// Whether the database answers.
    pub async fn is_reachable(&self) -> Result<(), SqlError> {
        self.database_id().await.map(drop)
    }
}

/// Names a database that has no name yet.
pub(super) async fn make_identity(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO identity (one, database_id) VALUES (1, $1) ON CONFLICT DO NOTHING")
        .bind(format!("d_{}", id::secret()))
        .execute(connection)
        .await
        .map(drop)
}
