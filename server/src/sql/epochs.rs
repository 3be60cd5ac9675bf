//! Epochs of rooms. They only rise, whatever happens to the rooms' state.

use std::collections::HashMap;

use engine::{RoomId, Timestamp};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::{ROWS_PER_STATEMENT, Sql, SqlError};

impl Sql {
    /// Issues the first epoch of a new room: 1. A room that is known is an error.
    pub async fn create_room_epoch(
        &self,
        room_id: &RoomId,
        now: Timestamp,
    ) -> Result<u64, SqlError> {
        sqlx::query("INSERT INTO rooms (room_id, epoch, created_at_ms) VALUES ($1, 1, $2)")
            .bind(room_id.as_str())
            .bind(column(now.as_millis()))
            .execute(&self.pool)
            .await
            .map_err(SqlError::of("create room epoch"))?;
        Ok(1)
    }

    /// Issues a new epoch to each of `rooms`, given the epoch that its state has, and forgets all
    /// other rooms. Each new epoch is above both the issued and the given one.
    pub async fn raise_epochs(
        &self,
        rooms: &[(RoomId, u64)],
        now: Timestamp,
    ) -> Result<Vec<(RoomId, u64)>, SqlError> {
        self.try_raise_epochs(rooms, now).await.map_err(SqlError::of("raise epochs"))
    }

    /// How many rooms are known.
    pub async fn count_rooms(&self) -> Result<u64, SqlError> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM rooms")
            .fetch_one(&self.pool)
            .await
            .map_err(SqlError::of("count rooms"))?;
        Ok(count.unsigned_abs())
    }

    /// Forgets rooms. Unknown ones are already forgotten.
    pub async fn delete_rooms(&self, rooms: &[RoomId]) -> Result<(), SqlError> {
        let mut connection = self.pool.acquire().await.map_err(SqlError::of("delete rooms"))?;
        delete(&mut connection, rooms).await.map_err(SqlError::of("delete rooms"))
    }

    async fn try_raise_epochs(
        &self,
        rooms: &[(RoomId, u64)],
        now: Timestamp,
    ) -> Result<Vec<(RoomId, u64)>, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        let mut issued: HashMap<String, u64> =
            sqlx::query("UPDATE rooms SET epoch = epoch + 1 RETURNING room_id, epoch")
                .try_map(|row: sqlx::sqlite::SqliteRow| {
                    Ok((row.try_get(0)?, row.try_get::<i64, _>(1)?.unsigned_abs()))
                })
                .fetch_all(&mut *transaction)
                .await?
                .into_iter()
                .collect();
        let mut raised = Vec::with_capacity(rooms.len());
        let mut behind = Vec::new();
        for (room_id, held) in rooms {
            let epoch = issued.remove(room_id.as_str()).unwrap_or(0);
            if epoch <= *held {
                behind.push((room_id.clone(), held + 1));
            }
            raised.push((room_id.clone(), epoch.max(held + 1)));
        }
        set(&mut transaction, &behind, now).await?;
        let unknown: Vec<RoomId> = issued.into_keys().map(RoomId::new).collect();
        delete(&mut transaction, &unknown).await?;
        transaction.commit().await?;
        Ok(raised)
    }
}

/// Writes epochs for rooms that the database lacks, or has from an older backup of itself.
async fn set(
    connection: &mut SqliteConnection,
    rooms: &[(RoomId, u64)],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    for rooms in rooms.chunks(ROWS_PER_STATEMENT) {
        let mut query =
            QueryBuilder::<Sqlite>::new("INSERT INTO rooms (room_id, epoch, created_at_ms) ");
        query.push_values(rooms, |mut row, (room_id, epoch)| {
            row.push_bind(room_id.as_str());
            row.push_bind(column(*epoch));
            row.push_bind(column(now.as_millis()));
        });
        query.push(" ON CONFLICT (room_id) DO UPDATE SET epoch = excluded.epoch");
        query.build().persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn delete(connection: &mut SqliteConnection, rooms: &[RoomId]) -> Result<(), sqlx::Error> {
    for rooms in rooms.chunks(ROWS_PER_STATEMENT) {
        let mut query = QueryBuilder::<Sqlite>::new("DELETE FROM rooms WHERE room_id IN (");
        let mut ids = query.separated(", ");
        for room_id in rooms {
            ids.push_bind(room_id.as_str());
        }
        query.push(")");
        query.build().persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}

/// A number as the database has it.
pub(crate) fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
