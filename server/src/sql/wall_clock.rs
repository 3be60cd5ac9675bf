//! The wall clock that all nodes of a database share.

use super::operation::number;
use super::{Kind, Sql, SqlError};
use crate::clock::WallTime;

impl Sql {
    /// Reads PostgreSQL's own wall clock. Nodes that share an SQLite file are on one machine, whose clock
    /// they share too.
    pub async fn wall_now(&self) -> Result<WallTime, SqlError> {
        match self.kind {
            Kind::Sqlite => Ok(WallTime::now()),
            Kind::Postgres => {
                let mut operation = self.begin("read the wall clock").await?;
                let now = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
                let now = operation.fetch_one(sqlx::query(now), |row| number(row, 0)).await?;
                Ok(WallTime::from_millis(now.unwrap_or_default()))
            }
        }
    }
}
