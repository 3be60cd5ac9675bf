//! One operation on one connection. Whatever the database does, every step of it ends.

use std::time::Duration;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe, Row};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::{Kind, Sql, SqlError};

/// How long an operation may go without getting anything done. Long ones get done step by step.
pub(super) const STEP: Duration = Duration::from_secs(3);
/// How many rows one statement names, far below the number of parameters that databases take.
pub(super) const ROWS_PER_STATEMENT: usize = 500;

/// A statement with its arguments.
pub(super) type Statement<'q> = Query<'q, Any, AnyArguments>;

/// An operation under way. Dropped before its end, it takes its connection with it, which undoes
/// it: a connection that hangs would hold up the next operation too.
#[derive(Debug)]
pub(super) struct Work {
    operation: &'static str,
    kind: Kind,
    connection: PoolConnection<Any>,
    deadline: Instant,
    in_transaction: bool,
    at_rest: bool,
}

impl Sql {
    /// Takes a connection for statements that stand alone.
    pub(super) async fn work(&self, operation: &'static str) -> Result<Work, SqlError> {
        let deadline = Instant::now() + STEP;
        let connection = match timeout_at(deadline, self.pool.acquire()).await {
            Ok(Err(sqlx::Error::PoolTimedOut)) | Err(_) => return Err(timeout(operation)),
            Ok(acquired) => acquired.map_err(SqlError::of(operation))?,
        };
        let kind = self.kind;
        Ok(Work { operation, kind, connection, deadline, in_transaction: false, at_rest: true })
    }

    /// Takes a connection for statements that happen together or not at all.
    pub(super) async fn transaction(&self, operation: &'static str) -> Result<Work, SqlError> {
        let mut work = self.work(operation).await?;
        work.in_transaction = true;
        // A reader that turns writer halfway would fail where it now waits for its turn.
        work.execute(sqlx::query(match self.kind {
            Kind::Sqlite => "BEGIN IMMEDIATE",
            Kind::Postgres => "BEGIN",
        }))
        .await?;
        Ok(work)
    }
}

impl Work {
    /// Runs a statement; how many rows it changed.
    pub(super) async fn execute(&mut self, statement: Statement<'_>) -> Result<u64, SqlError> {
        self.at_rest = false;
        let ended = timeout_at(self.deadline, statement.execute(&mut *self.connection)).await;
        self.end(ended).map(|result| result.rows_affected())
    }

    /// The rows of a statement, each read by `read`.
    pub(super) async fn fetch<T>(
        &mut self,
        statement: Statement<'_>,
        read: impl Fn(&AnyRow) -> Result<T, sqlx::Error>,
    ) -> Result<Vec<T>, SqlError> {
        self.at_rest = false;
        let ended = timeout_at(self.deadline, statement.fetch_all(&mut *self.connection)).await;
        let rows = self.end(ended)?;
        rows.iter().map(read).collect::<Result<_, _>>().map_err(SqlError::of(self.operation))
    }

    /// The only row of a statement, if there is one.
    pub(super) async fn fetch_one<T>(
        &mut self,
        statement: Statement<'_>,
        read: impl Fn(&AnyRow) -> Result<T, sqlx::Error>,
    ) -> Result<Option<T>, SqlError> {
        Ok(self.fetch(statement, read).await?.pop())
    }

    /// Keeps others from the rows of `rooms` until the transaction ends. In one order everywhere,
    /// since two that wait for each other's rows would both fail.
    pub(super) async fn lock_rooms(&mut self, rooms: &[&str]) -> Result<(), SqlError> {
        match self.kind {
            // It has one writer.
            Kind::Sqlite => Ok(()),
            Kind::Postgres => {
                let sql = format!(
                    "SELECT room_id FROM rooms WHERE room_id IN {} \
                     ORDER BY room_id COLLATE \"C\" FOR UPDATE",
                    places(rooms.len())
                );
                self.execute(named(sql, rooms)).await.map(drop)
            }
        }
    }

    /// Makes all of it durable.
    pub(super) async fn commit(mut self) -> Result<(), SqlError> {
        self.execute(sqlx::query("COMMIT")).await?;
        self.at_rest = true;
        Ok(())
    }

    fn end<T>(&mut self, ended: Result<Result<T, sqlx::Error>, Elapsed>) -> Result<T, SqlError> {
        let Ok(answer) = ended else { return Err(timeout(self.operation)) };
        self.deadline = Instant::now() + STEP;
        self.at_rest = !self.in_transaction;
        answer.map_err(SqlError::of(self.operation))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if !self.at_rest {
            self.connection.close_on_drop();
        }
    }
}

fn timeout(operation: &'static str) -> SqlError {
    SqlError::Timeout { operation, limit: STEP }
}

/// A statement made for its number of arguments, with `arguments`.
pub(super) fn named<'q>(sql: String, arguments: &[&str]) -> Statement<'q> {
    let statement = sqlx::query(AssertSqlSafe(sql)).persistent(false);
    arguments.iter().fold(statement, |statement, argument| statement.bind((*argument).to_owned()))
}

/// `($1, $2, …)`.
pub(super) fn places(count: usize) -> String {
    let places: Vec<String> = (1..=count).map(|place| format!("${place}")).collect();
    format!("({})", places.join(", "))
}

/// `($1, $2), ($3, $4), …`: `rows` rows of `width` places.
pub(super) fn rows_of_places(rows: usize, width: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> =
            (1..=width).map(|place| format!("${}", row * width + place)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// A number as the database has it.
pub(crate) fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number from the database.
pub(super) fn number(row: &AnyRow, index: usize) -> Result<u64, sqlx::Error> {
    let number: i64 = row.try_get(index)?;
    u64::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
}
