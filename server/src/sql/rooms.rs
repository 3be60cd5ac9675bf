//! Which rooms there are.

use engine::{RoomId, Timestamp};
use sqlx::Row;

use super::work::{ROWS_PER_STATEMENT, Work, column, named, number, places};
use super::{Sql, SqlError, Taken};

impl Sql {
    /// Makes a room known and issues its first epoch. One that is known, but of which no snapshot
    /// was ever written, was never made: its next epoch is issued.
    pub async fn create_room(
        &self,
        room_id: &RoomId,
        code: &str,
        now: Timestamp,
    ) -> Result<u64, SqlError> {
        let mut work = self.work("create a room").await?;
        let insert = sqlx::query(
            "INSERT INTO rooms (room_id, epoch, created_at_ms, code) VALUES ($1, 1, $2, $3)
             ON CONFLICT (room_id) DO UPDATE SET epoch = rooms.epoch + 1, code = excluded.code
             WHERE rooms.snapshot IS NULL RETURNING epoch",
        )
        .bind(room_id.as_str())
        .bind(column(now.as_millis()))
        .bind(code);
        match work.fetch_one(insert, |row| number(row, 0)).await {
            Ok(Some(epoch)) => Ok(epoch),
            Ok(None) => Err(SqlError::Taken(Taken::RoomId)),
            Err(error) if error.is_duplicate() => Err(SqlError::Taken(Taken::Code)),
            Err(error) => Err(error),
        }
    }

    /// Whether a room is known.
    pub async fn has_room(&self, room_id: &RoomId) -> Result<bool, SqlError> {
        let mut work = self.work("look for a room").await?;
        let query =
            sqlx::query("SELECT room_id FROM rooms WHERE room_id = $1").bind(room_id.as_str());
        Ok(work.fetch_one(query, |_| Ok(())).await?.is_some())
    }

    /// How many rooms are known.
    pub async fn count_rooms(&self) -> Result<u64, SqlError> {
        let mut work = self.work("count rooms").await?;
        let query = sqlx::query("SELECT COUNT(*) FROM rooms");
        Ok(work.fetch_one(query, |row| number(row, 0)).await?.unwrap_or(0))
    }

    /// Up to `max` known rooms that come after `after`, in an order that doesn't change.
    pub async fn list_rooms(
        &self,
        after: Option<&RoomId>,
        max: usize,
    ) -> Result<Vec<RoomId>, SqlError> {
        let mut work = self.work("list rooms").await?;
        list(&mut work, after.map_or("", RoomId::as_str), max).await
    }

    /// Forgets rooms and all that is kept of them. Unknown ones are already forgotten.
    pub async fn delete_rooms(&self, rooms: &[RoomId]) -> Result<(), SqlError> {
        let mut work = self.transaction("delete rooms").await?;
        delete(&mut work, &in_order(rooms)).await?;
        work.commit().await
    }
}

/// The ids in the order in which rows are locked, each once.
pub(super) fn in_order(rooms: &[RoomId]) -> Vec<&str> {
    let mut ids: Vec<&str> = rooms.iter().map(RoomId::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Up to `max` ids that come after `after`; no id is empty.
pub(super) async fn list(
    work: &mut Work,
    after: &str,
    max: usize,
) -> Result<Vec<RoomId>, SqlError> {
    let query =
        sqlx::query("SELECT room_id FROM rooms WHERE room_id > $1 ORDER BY room_id LIMIT $2")
            .bind(after)
            .bind(column(max as u64));
    work.fetch(query, |row| row.try_get::<&str, _>(0).map(RoomId::new)).await
}

/// Deletes the rows of `ids`, which are in order.
pub(super) async fn delete(work: &mut Work, ids: &[&str]) -> Result<(), SqlError> {
    for ids in ids.chunks(ROWS_PER_STATEMENT) {
        work.lock_rooms(ids).await?;
        let sql = format!("DELETE FROM rooms WHERE room_id IN {}", places(ids.len()));
        work.execute(named(sql, ids)).await?;
    }
    Ok(())
}
