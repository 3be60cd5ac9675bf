//! Reads rows of the table `rooms` one by one: one that can't be read counts as absent, and costs no other
//! room anything. SQLite keeps whatever a disk or a hand puts into a column; PostgreSQL doesn't.

use engine::RoomId;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use crate::sql::operation::{Operation, column};
use crate::sql::told::Told;
use crate::sql::{Kind, SqlError};

/// Returns up to `max` rooms that come after `after`, in a stable order, each made by `read` from its id and
/// its `columns`, the first of which has the index 2. The list is empty only once no rooms are left. An empty
/// `after` lists from the start.
pub(super) async fn list_readable<T>(
    operation: &mut Operation,
    columns: &str,
    after: &str,
    max: usize,
    read: impl Fn(RoomId, &AnyRow) -> T,
) -> Result<Vec<T>, SqlError> {
    let id = match operation.kind {
        Kind::Sqlite => "CAST(room_id AS BLOB), typeof(room_id) = 'text'",
        Kind::Postgres => "convert_to(room_id, 'UTF8'), CAST(1 AS BIGINT)",
    };
    let sql = format!(
        "SELECT {id}{columns} FROM rooms WHERE room_id > $1 ORDER BY room_id LIMIT $2 OFFSET $3"
    );
    let mut skipped = 0;
    loop {
        let query = sqlx::query(AssertSqlSafe(sql.clone()))
            .bind(after.to_owned())
            .bind(column(max as u64))
            .bind(column(skipped));
        let told = operation.told.clone();
        let rows = operation.fetch(query, |row| Ok(id_of(row, &told)?.map(|id| read(id, row))));
        let rows = rows.await?;
        let is_end = rows.is_empty();
        skipped += rows.len() as u64;
        let readable: Vec<T> = rows.into_iter().flatten().collect();
        // A page without a room that can be read has no end to go on from.
        if is_end || !readable.is_empty() {
            return Ok(readable);
        }
    }
}

/// Returns the room of a row, if its id is text.
fn id_of(row: &AnyRow, told: &Told) -> Result<Option<RoomId>, sqlx::Error> {
    let bytes: Vec<u8> = row.try_get(0)?;
    let is_text = row.try_get::<i64, _>(1)? != 0;
    match std::str::from_utf8(&bytes) {
        Ok(text) if is_text => return Ok(Some(RoomId::new(text))),
        Ok(_) => {
            let error = sqlx::Error::Decode("its id isn't text".into());
            told.tell(&String::from_utf8_lossy(&bytes), &error);
        }
        Err(error) => {
            told.tell(&String::from_utf8_lossy(&bytes), &sqlx::Error::Decode(error.into()));
        }
    }
    Ok(None)
}

/// Returns an expression for a column of numbers: 0 for none, and -1 for what isn't a number.
pub(super) fn number_column(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Sqlite => {
            format!("CASE typeof({name}) WHEN 'integer' THEN {name} WHEN 'null' THEN 0 ELSE -1 END")
        }
        Kind::Postgres => format!("COALESCE({name}, 0)"),
    }
}

/// Returns an expression for a column of bytes: none for what isn't bytes.
pub(super) fn bytes_column(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Sqlite => format!("CASE typeof({name}) WHEN 'blob' THEN {name} END"),
        Kind::Postgres => name.to_owned(),
    }
}
