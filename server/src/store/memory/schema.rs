//! The tables of the journal, and what an existing file holds in their place.

use sqlx::SqliteConnection;

/// The schema below, as `PRAGMA user_version` records it.
pub(super) const SCHEMA_VERSION: i64 = 3;
/// No program will get to a schema beyond this one. A number that is greater, or negative, is damage.
const SCHEMA_VERSION_MAX: i64 = 255;

/// What makes an empty file a journal.
pub(super) const NEW: &str = "
BEGIN;
CREATE TABLE snapshots (
    room_id TEXT NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body BLOB NOT NULL,
    sum INTEGER
);
CREATE TABLE commits (
    room_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body BLOB NOT NULL,
    sum INTEGER,
    PRIMARY KEY (room_id, version)
) WITHOUT ROWID;
CREATE TABLE members (
    room_id TEXT NOT NULL,
    participant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    base TEXT NOT NULL,
    joined_seq INTEGER NOT NULL,
    sum INTEGER,
    PRIMARY KEY (room_id, participant_id)
) WITHOUT ROWID;
CREATE TABLE damaged (
    kind TEXT NOT NULL,
    room_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body BLOB NOT NULL,
    sum INTEGER
);
CREATE TABLE probe (body BLOB NOT NULL);
PRAGMA user_version = 3;
COMMIT;
";

/// Brings a journal of schema 1 to schema 2. Its rows have no checksum, and none is missed.
const FROM_1: &str = "
BEGIN;
ALTER TABLE snapshots ADD COLUMN sum INTEGER;
ALTER TABLE commits ADD COLUMN sum INTEGER;
ALTER TABLE members ADD COLUMN sum INTEGER;
CREATE TABLE damaged (
    kind TEXT NOT NULL,
    room_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body BLOB NOT NULL,
    sum INTEGER
);
PRAGMA user_version = 2;
COMMIT;
";

/// Brings a journal of schema 2 to schema 3. It may have the table already.
const FROM_2: &str = "
BEGIN;
CREATE TABLE IF NOT EXISTS probe (body BLOB NOT NULL);
DELETE FROM probe;
PRAGMA user_version = 3;
COMMIT;
";

/// What a file holds.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Found {
    /// A journal of this schema, or of an earlier one.
    Journal(i64),
    /// The file has no tables.
    Empty,
    /// The tables of another program.
    Foreign,
    /// A journal of a later schema.
    Newer(i64),
    /// A journal whose first page was changed by something other than this program.
    Damaged,
}

/// Finds out what a file holds.
pub(super) async fn find(connection: &mut SqliteConnection) -> Result<Found, sqlx::Error> {
    let version: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    let own = "SELECT COUNT(*), COUNT(*) FILTER (WHERE name IN ('snapshots', 'commits', 'members') \
               AND type = 'table') FROM sqlite_master";
    let (tables, own): (i64, i64) = sqlx::query_as(own).fetch_one(connection).await?;
    Ok(match version {
        0 if tables == 0 => Found::Empty,
        0 if own < 3 => Found::Foreign,
        1..=SCHEMA_VERSION => Found::Journal(version),
        found if (SCHEMA_VERSION..=SCHEMA_VERSION_MAX).contains(&found) => Found::Newer(found),
        _ => Found::Damaged,
    })
}

/// Creates the tables, or brings those of an earlier schema up to date.
pub(super) async fn bring_up_to_date(
    connection: &mut SqliteConnection,
    found: &Found,
) -> Result<(), sqlx::Error> {
    let steps: &[&str] = match found {
        Found::Empty => &[NEW],
        Found::Journal(1) => &[FROM_1, FROM_2],
        Found::Journal(2) => &[FROM_2],
        _ => &[],
    };
    for step in steps {
        sqlx::raw_sql(*step).execute(&mut *connection).await?;
    }
    Ok(())
}
