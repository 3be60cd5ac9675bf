//! One operation on one connection. Every statement of it ends in time, whatever the database does.

use std::time::Duration;

use engine::RoomId;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::told::Told;
use super::{Kind, Sql, SqlError};

/// How long an operation may go without completing a statement.
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(3);
/// The largest number of rows in one statement, far below the number of parameters that databases
/// accept.
pub(super) const ROWS_PER_STATEMENT: usize = 500;

/// How many pages of SQLite one step gives back: more than a deleted room has used.
const PAGES_PER_STEP: u32 = 512;

/// A statement with its arguments.
pub(super) type Statement<'q> = Query<'q, Any, AnyArguments>;

/// An operation in progress. Dropping it before it is complete closes its connection, which undoes
/// it: a connection that hangs would hold up the next operation too.
#[derive(Debug)]
pub struct Operation {
    name: &'static str,
    pub(super) kind: Kind,
    /// The rows that were found unreadable.
    pub(super) told: Told,
    connection: PoolConnection<Any>,
    deadline: Instant,
    in_transaction: bool,
    /// Whether nothing is left to undo.
    at_rest: bool,
}

impl Sql {
    /// Begins an operation whose statements each take effect on their own.
    pub(super) async fn begin(&self, name: &'static str) -> Result<Operation, SqlError> {
        let deadline = Instant::now() + STATEMENT_TIMEOUT;
        let connection = match timeout_at(deadline, self.pool.acquire()).await {
            Ok(Err(sqlx::Error::PoolTimedOut)) | Err(_) => return Err(timeout(name)),
            Ok(acquired) => acquired.map_err(SqlError::of(name))?,
        };
        let (kind, told) = (self.kind, self.told.clone());
        let (in_transaction, at_rest) = (false, true);
        Ok(Operation { name, kind, told, connection, deadline, in_transaction, at_rest })
    }

    /// Begins an operation whose statements take effect together at `commit`, or not at all. `name`
    /// appears in errors.
    pub async fn begin_transaction(&self, name: &'static str) -> Result<Operation, SqlError> {
        let mut operation = self.begin(name).await?;
        operation.in_transaction = true;
        // Takes the write lock at once: an SQLite transaction that read before can't wait for it.
        operation
            .execute(sqlx::query(match self.kind {
                Kind::Sqlite => "BEGIN IMMEDIATE",
                Kind::Postgres => "BEGIN",
            }))
            .await?;
        Ok(operation)
    }
}

impl Operation {
    /// Executes a statement. Returns how many rows it changed.
    pub(super) async fn execute(&mut self, statement: Statement<'_>) -> Result<u64, SqlError> {
        self.at_rest = false;
        let ended = timeout_at(self.deadline, statement.execute(&mut *self.connection)).await;
        self.end(ended).map(|result| result.rows_affected())
    }

    /// Returns the rows of a statement, each read by `read`.
    pub(super) async fn fetch<T>(
        &mut self,
        statement: Statement<'_>,
        read: impl Fn(&AnyRow) -> Result<T, sqlx::Error>,
    ) -> Result<Vec<T>, SqlError> {
        self.at_rest = false;
        let ended = timeout_at(self.deadline, statement.fetch_all(&mut *self.connection)).await;
        let rows = self.end(ended)?;
        rows.iter().map(read).collect::<Result<_, _>>().map_err(SqlError::of(self.name))
    }

    /// Returns the only row of a statement, if there is one.
    pub(super) async fn fetch_one<T>(
        &mut self,
        statement: Statement<'_>,
        read: impl Fn(&AnyRow) -> Result<T, sqlx::Error>,
    ) -> Result<Option<T>, SqlError> {
        Ok(self.fetch(statement, read).await?.pop())
    }

    /// Locks the rows of `rooms` until the transaction ends. They are always locked in the same
    /// order, because two transactions that wait for each other would fail.
    pub async fn lock_rooms(&mut self, rooms: &[&str]) -> Result<(), SqlError> {
        match self.kind {
            // There is only one writer.
            Kind::Sqlite => Ok(()),
            Kind::Postgres => {
                let sql = format!(
                    "SELECT room_id FROM rooms WHERE room_id IN {} \
                     ORDER BY room_id COLLATE \"C\" FOR UPDATE",
                    placeholders(rooms.len())
                );
                self.execute(bind_all(sql, rooms)).await.map(drop)
            }
        }
    }

    /// Returns whether a room is registered.
    pub(super) async fn is_registered(&mut self, room_id: &RoomId) -> Result<bool, SqlError> {
        let query = sqlx::query("SELECT room_id FROM rooms WHERE room_id = $1");
        Ok(self.fetch_one(query.bind(room_id.as_str()), |_| Ok(())).await?.is_some())
    }

    /// Gives some of the space that deleted rows have left back to the file system.
    pub(super) async fn give_space_back(mut self) -> Result<(), SqlError> {
        match self.kind {
            Kind::Sqlite => {
                let step = format!("PRAGMA incremental_vacuum({PAGES_PER_STEP})");
                self.execute(sqlx::query(AssertSqlSafe(step))).await.map(drop)
            }
            // It does so by itself.
            Kind::Postgres => Ok(()),
        }
    }

    /// Commits the transaction, which is durable when this returns.
    pub async fn commit(mut self) -> Result<(), SqlError> {
        self.execute(sqlx::query("COMMIT")).await?;
        self.at_rest = true;
        Ok(())
    }

    /// Undoes the transaction, and keeps the connection for others.
    pub(super) async fn undo(mut self) -> Result<(), SqlError> {
        self.execute(sqlx::query("ROLLBACK")).await?;
        self.at_rest = true;
        Ok(())
    }

    fn end<T>(&mut self, ended: Result<Result<T, sqlx::Error>, Elapsed>) -> Result<T, SqlError> {
        let Ok(answer) = ended else { return Err(timeout(self.name)) };
        self.deadline = Instant::now() + STATEMENT_TIMEOUT;
        self.at_rest = !self.in_transaction;
        answer.map_err(SqlError::of(self.name))
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if !self.at_rest {
            self.connection.close_on_drop();
        }
    }
}

fn timeout(operation: &'static str) -> SqlError {
    SqlError::Timeout { operation, limit: STATEMENT_TIMEOUT }
}

/// Returns a statement with `arguments` bound to its placeholders.
pub(super) fn bind_all<'q>(sql: String, arguments: &[&str]) -> Statement<'q> {
    let statement = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    arguments.iter().fold(statement, |statement, argument| statement.bind((*argument).to_owned()))
}

/// Returns `($1, $2, …)` with `count` placeholders.
pub(super) fn placeholders(count: usize) -> String {
    let placeholders: Vec<String> = (1..=count).map(|index| format!("${index}")).collect();
    format!("({})", placeholders.join(", "))
}

/// Returns `($1, $2), ($3, $4), …`: `rows` rows of `width` placeholders.
pub(super) fn placeholder_rows(rows: usize, width: usize) -> String {
    let row = |row: usize| {
        let placeholders: Vec<String> =
            (1..=width).map(|index| format!("${}", row * width + index)).collect();
        format!("({})", placeholders.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// Converts a number for the database, which has no unsigned type.
pub(crate) fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads a number from a column.
pub(super) fn number(row: &AnyRow, index: usize) -> Result<u64, sqlx::Error> {
    let number: i64 = row.try_get(index)?;
    u64::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
}
