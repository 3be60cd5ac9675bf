//! The one numbering of changes of who may enter which room, by bans or by grants. Each change takes the next number,
//! whose row is locked until it is committed, so that a node that reads behind a number misses none.

use engine::{ParticipantId, RoomId};

use super::operation::{Operation, ROWS_PER_STATEMENT, bind_all, number, placeholders};
use super::{Sql, SqlError};

/// A change of one participant's access to one room.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccessChange<T> {
    /// Its number among all changes.
    pub number: u64,
    /// The room.
    pub room_id: RoomId,
    /// The participant.
    pub participant_id: ParticipantId,
    /// What holds since then.
    pub now: T,
}

impl Sql {
    /// Returns the number of the last change.
    pub async fn last_access_change(&self) -> Result<u64, SqlError> {
        let mut operation = self.begin("find the last change of access").await?;
        let query = sqlx::query("SELECT number FROM access_changes");
        Ok(operation.fetch_one(query, |row| number(row, 0)).await?.unwrap_or_default())
    }
}

/// Takes the next number. Others that take one wait until this transaction ends.
pub(super) async fn next_number(operation: &mut Operation) -> Result<u64, SqlError> {
    let update = "UPDATE access_changes SET number = number + 1 RETURNING number";
    let taken = operation.fetch_one(sqlx::query(update), |row| number(row, 0)).await?;
    Ok(taken.unwrap_or_default())
}

/// Deletes what lets people into rooms and keeps them out, in the transaction that deletes the rooms.
pub(super) async fn delete_access(
    operation: &mut Operation,
    rooms: &[&str],
) -> Result<(), SqlError> {
    for rooms in rooms.chunks(ROWS_PER_STATEMENT) {
        for table in ["bans", "grants", "invites", "room_passwords"] {
            let sql = format!("DELETE FROM {table} WHERE room_id IN {}", placeholders(rooms.len()));
            operation.execute(bind_all(sql, rooms)).await?;
        }
    }
    Ok(())
}

/// Deletes the rows of a table whose rooms are gone.
pub(super) async fn sweep_gone(
    operation: &mut Operation,
    table: &'static str,
) -> Result<(), SqlError> {
    let sql = format!(
        "DELETE FROM {table} WHERE NOT EXISTS (SELECT 1 FROM rooms WHERE rooms.room_id = {table}.room_id)"
    );
    operation.execute(bind_all(sql, &[])).await.map(drop)
}
