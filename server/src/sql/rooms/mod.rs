//! The `rooms` table: the known rooms, with their codes, epochs and snapshots.

mod epochs;
mod readable;
mod snapshots;

use engine::{RoomId, Timestamp};
use sqlx::Row;

use self::readable::list_readable;
pub use self::snapshots::{KnownRoom, SnapshotRow};
use super::access_changes::delete_access;
use super::creations::end_creations;
use super::operation::{Operation, ROWS_PER_STATEMENT, bind_all, column, number, placeholders};
use super::{Sql, SqlError, Taken};

impl Sql {
    /// Registers a room and returns its first epoch. If the room is registered but has no snapshot,
    /// an earlier attempt to create it failed: it gets its next epoch.
    pub async fn create_room(
        &self,
        room_id: &RoomId,
        code: &str,
        now: Timestamp,
    ) -> Result<u64, SqlError> {
        let mut operation = self.begin("create a room").await?;
        let insert = sqlx::query(
            "INSERT INTO rooms (room_id, epoch, created_at_ms, code) VALUES ($1, 1, $2, $3)
             ON CONFLICT (room_id) DO UPDATE SET epoch = rooms.epoch + 1, code = excluded.code
             WHERE rooms.snapshot IS NULL RETURNING epoch",
        )
        .bind(room_id.as_str())
        .bind(column(now.as_millis()))
        .bind(code);
        match operation.fetch_one(insert, |row| number(row, 0)).await {
            Ok(Some(epoch)) => Ok(epoch),
            Ok(None) => Err(SqlError::Taken(Taken::RoomId)),
            Err(error) if error.is_duplicate() => Err(SqlError::Taken(Taken::Code)),
            Err(error) => Err(error),
        }
    }

    /// Returns whether a room is registered.
    pub async fn has_room(&self, room_id: &RoomId) -> Result<bool, SqlError> {
        self.begin("look for a room").await?.is_registered(room_id).await
    }

    /// Returns the room with a code, which must be in canonical form.
    pub async fn find_code(&self, code: &str) -> Result<Option<RoomId>, SqlError> {
        let mut operation = self.begin("find a code").await?;
        let query = sqlx::query("SELECT room_id FROM rooms WHERE code = $1").bind(code);
        operation.fetch_one(query, |row| row.try_get::<&str, _>(0).map(RoomId::new)).await
    }

    /// Returns the number of registered rooms.
    pub async fn count_rooms(&self) -> Result<u64, SqlError> {
        let mut operation = self.begin("count rooms").await?;
        let query = sqlx::query("SELECT COUNT(*) FROM rooms");
        Ok(operation.fetch_one(query, |row| number(row, 0)).await?.unwrap_or(0))
    }

    /// Returns up to `max` registered rooms that come after `after`, in a stable order. A row whose id can't
    /// be read is left out.
    pub async fn list_rooms(
        &self,
        after: Option<&RoomId>,
        max: usize,
    ) -> Result<Vec<RoomId>, SqlError> {
        let mut operation = self.begin("list rooms").await?;
        list(&mut operation, after.map_or("", RoomId::as_str), max).await
    }

    /// Deletes rooms that are over with everything in the database that belongs to them, except that
    /// a repeated creation still finds that they are gone. Unknown rooms are ignored.
    pub async fn delete_rooms(&self, rooms: &[RoomId]) -> Result<(), SqlError> {
        let mut operation = self.begin_transaction("delete rooms").await?;
        let rooms = in_order(rooms);
        delete(&mut operation, &rooms).await?;
        end_creations(&mut operation, &rooms).await?;
        delete_access(&mut operation, &rooms).await?;
        operation.commit().await?;
        // Another deletion gives back what this one couldn't.
        if let Ok(operation) = self.begin("give space back").await {
            let _ = operation.give_space_back().await;
        }
        Ok(())
    }

    /// Deletes those rows of `rooms` that have no snapshot: the rooms were never created, and their creation
    /// may be repeated. A snapshot that can't be read stays, so that it can be mended.
    pub async fn delete_never_created(&self, rooms: &[RoomId]) -> Result<(), SqlError> {
        let mut operation = self.begin_transaction("delete rooms never created").await?;
        for ids in in_order(rooms).chunks(ROWS_PER_STATEMENT) {
            operation.lock_rooms(ids).await?;
            let ids_of = placeholders(ids.len());
            let sql = format!("DELETE FROM rooms WHERE snapshot IS NULL AND room_id IN {ids_of}");
            operation.execute(bind_all(sql, ids)).await?;
        }
        operation.commit().await
    }
}

/// Returns the ids without duplicates, in the order in which rows are locked.
fn in_order(rooms: &[RoomId]) -> Vec<&str> {
    let mut ids: Vec<&str> = rooms.iter().map(RoomId::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Returns up to `max` ids that come after `after`. An empty `after` lists from the start.
async fn list(operation: &mut Operation, after: &str, max: usize) -> Result<Vec<RoomId>, SqlError> {
    list_readable(operation, "", after, max, |room_id, _| room_id).await
}

/// Deletes the rows of `ids`, which must be in order.
async fn delete(operation: &mut Operation, ids: &[&str]) -> Result<(), SqlError> {
    for ids in ids.chunks(ROWS_PER_STATEMENT) {
        operation.lock_rooms(ids).await?;
        let sql = format!("DELETE FROM rooms WHERE room_id IN {}", placeholders(ids.len()));
        operation.execute(bind_all(sql, ids)).await?;
    }
    Ok(())
}
