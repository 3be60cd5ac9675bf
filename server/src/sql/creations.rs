//! The `creations` table: which room a user's idempotency key has created, so that the same request gets
//! the same answer, on any node and after any restart.

use engine::{RoomId, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::operation::{Operation, ROWS_PER_STATEMENT, bind_all, column, number, placeholders};
use super::{Sql, SqlError};

/// For how long a repeated creation gets the first answer, in milliseconds.
const KEEP_MS: u64 = 24 * 60 * 60 * 1000;

/// A request to create a room, as its sender may repeat it.
#[derive(Clone, Copy, Debug)]
pub struct CreationKey<'a> {
    /// The user.
    pub user_id: &'a str,
    /// The idempotency key.
    pub key: &'a str,
    /// A hash of the request, which reveals another one under the same key.
    pub payload_hash: u64,
}

/// What a key has created, or is about to create.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Creation {
    /// The room.
    pub room_id: RoomId,
    /// Its code.
    pub code: String,
    /// The hash of the first request under the key.
    pub payload_hash: u64,
    /// Whether the room was made. No request was answered with it before that was noted.
    pub is_created: bool,
    /// Whether the room is gone.
    pub has_ended: bool,
    /// The first epoch, if this request is the one that creates the room.
    pub epoch: Option<u64>,
}

impl Sql {
    /// Returns what a key has created. If that is nothing yet, registers the room `room_id` for it.
    pub async fn begin_creation(
        &self,
        key: CreationKey<'_>,
        room_id: &RoomId,
        code: &str,
        now: Timestamp,
    ) -> Result<Creation, SqlError> {
        let mut operation = self.begin_transaction("begin a creation").await?;
        let forget = sqlx::query("DELETE FROM creations WHERE created_at_ms < $1");
        let forget = forget.bind(oldest_kept(now));
        operation.execute(forget).await?;
        let insert = sqlx::query(
            "INSERT INTO creations
             (user_id, idempotency_key, payload_hash, room_id, code, created, ended, created_at_ms)
             VALUES ($1, $2, $3, $4, $5, 0, 0, $6) ON CONFLICT DO NOTHING",
        )
        .bind(key.user_id)
        .bind(key.key)
        .bind(column(key.payload_hash))
        .bind(room_id.as_str())
        .bind(code)
        .bind(column(now.as_millis()));
        let is_first = operation.execute(insert).await? == 1;
        // Locks the row, so that only one of several requests registers a room.
        let lock = sqlx::query(
            "UPDATE creations SET ended = ended WHERE user_id = $1 AND idempotency_key = $2
             RETURNING room_id, code, payload_hash, created, ended",
        )
        .bind(key.user_id)
        .bind(key.key);
        let known = operation.fetch_one(lock, read).await?;
        let mut creation = known.ok_or_else(|| missing("begin a creation"))?;
        let is_missing = !is_first && !operation.is_registered(&creation.room_id).await?;
        // The database may have been away when the room was deleted.
        creation.has_ended |= is_missing && creation.is_created;
        let is_same = creation.payload_hash == key.payload_hash;
        if is_first || (is_same && is_missing && !creation.has_ended) {
            // The first attempt left nothing behind. Its id may have been seen, and isn't used again.
            let rename = sqlx::query(
                "UPDATE creations SET room_id = $3, code = $4
                 WHERE user_id = $1 AND idempotency_key = $2",
            )
            .bind(key.user_id)
            .bind(key.key)
            .bind(room_id.as_str())
            .bind(code);
            operation.execute(rename).await?;
            let register = sqlx::query(
                "INSERT INTO rooms (room_id, epoch, created_at_ms, code) VALUES ($1, 1, $2, $3)",
            )
            .bind(room_id.as_str())
            .bind(column(now.as_millis()))
            .bind(code);
            operation.execute(register).await?;
            creation = Creation {
                room_id: room_id.clone(),
                code: code.to_owned(),
                epoch: Some(1),
                ..creation
            };
        }
        operation.commit().await?;
        Ok(creation)
    }

    /// Notes that the room of a creation was made.
    pub async fn note_created(&self, room_id: &RoomId) -> Result<(), SqlError> {
        let mut operation = self.begin("note a creation").await?;
        let note = sqlx::query("UPDATE creations SET created = 1 WHERE room_id = $1");
        operation.execute(note.bind(room_id.as_str())).await.map(drop)
    }

    /// Returns whether a request under this key has come before, by what is still remembered at `now`.
    pub async fn has_creation(
        &self,
        key: CreationKey<'_>,
        now: Timestamp,
    ) -> Result<bool, SqlError> {
        let mut operation = self.begin("look for a creation").await?;
        let query = sqlx::query(
            "SELECT room_id FROM creations
             WHERE user_id = $1 AND idempotency_key = $2 AND created_at_ms >= $3",
        )
        .bind(key.user_id)
        .bind(key.key)
        .bind(oldest_kept(now));
        Ok(operation.fetch_one(query, |_| Ok(())).await?.is_some())
    }
}

/// Notes that rooms are gone, in the transaction that deletes them.
pub(super) async fn end_creations(
    operation: &mut Operation,
    rooms: &[&str],
) -> Result<(), SqlError> {
    end(operation, rooms, "").await
}

/// Notes that those rooms are gone that were made, in the transaction that deletes them. The others may be
/// created by another attempt.
pub(super) async fn end_finished_creations(
    operation: &mut Operation,
    rooms: &[&str],
) -> Result<(), SqlError> {
    end(operation, rooms, "created = 1 AND").await
}

async fn end(operation: &mut Operation, rooms: &[&str], only: &str) -> Result<(), SqlError> {
    for rooms in rooms.chunks(ROWS_PER_STATEMENT) {
        let rows = placeholders(rooms.len());
        let sql = format!("UPDATE creations SET ended = 1 WHERE {only} room_id IN {rows}");
        operation.execute(bind_all(sql, rooms)).await?;
    }
    Ok(())
}

/// When the oldest creation that is still remembered was begun.
fn oldest_kept(now: Timestamp) -> i64 {
    column(now.as_millis().saturating_sub(KEEP_MS))
}

fn read(row: &AnyRow) -> Result<Creation, sqlx::Error> {
    Ok(Creation {
        room_id: RoomId::new(row.try_get::<&str, _>(0)?),
        code: row.try_get(1)?,
        payload_hash: number(row, 2)?,
        is_created: number(row, 3)? != 0,
        has_ended: number(row, 4)? != 0,
        epoch: None,
    })
}

fn missing(operation: &'static str) -> SqlError {
    SqlError::of(operation)(sqlx::Error::RowNotFound)
}
