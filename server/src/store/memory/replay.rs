//! Reads the journal: applies the commits of each room to its snapshot. What can't be read costs at most
//! the room that it belongs to.

use std::collections::HashMap;

use engine::{Commit, ParticipantId, Role, Room};
use futures_util::TryStreamExt;
use serde_json::Value;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{AssertSqlSafe, Row, Sqlite, SqliteConnection};

use super::checksum;
use super::damage::{is_damage, is_sound};
use super::error::OpenError;
use super::journal::Journal;
use super::members::Members;
use crate::sql::Sql;
use crate::store::Member;

/// How many rows of damaged rooms are kept, the latest ones.
const DAMAGED_ROWS_MAX: usize = 10_000;
/// How many bytes these have, at most.
const DAMAGED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A room as the journal holds it.
#[derive(Debug)]
pub(super) struct Replayed {
    /// The room after the last commit that could be read.
    pub(super) room: Room,
    /// Its members.
    pub(super) members: Members,
    /// How many commits have followed the snapshot.
    pub(super) commits: u64,
    /// The highest epoch that was read, even if the commit itself couldn't be applied.
    pub(super) epoch: u64,
    /// Why later commits of the room are lost, if any are.
    pub(super) lost: Option<String>,
    /// Whether the snapshot in SQL holds its last change.
    pub(super) is_backed: bool,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// Rooms by id.
    pub(super) rooms: HashMap<String, Replayed>,
    /// Rooms that can't be had at all, and why.
    pub(super) gone: HashMap<String, String>,
    /// The members of rooms that aren't among `rooms`: a snapshot in the database may bring those back.
    pub(super) members: HashMap<String, Members>,
}

impl Journal {
    /// Reads every room. Those of which something can't be read are named in the log, and what is left
    /// of them is set aside. If the file itself is damaged, what can be read of it is written to a new
    /// one.
    pub(super) async fn read(&mut self, sql: &Sql) -> Result<Replay, OpenError> {
        let path = self.path.clone();
        let unreadable = |source| OpenError::of_journal(&path, source);
        if !self.is_damaged
            && let Some(connection) = self.connection.as_mut()
            && is_sound(connection).await
        {
            match read_all(connection).await {
                Err(error) if is_damage(&error) => {}
                read => return read.map_err(unreadable),
            }
        }
        self.salvage(sql).await
    }

    /// Deletes the members of rooms that the journal doesn't hold.
    pub(super) async fn drop_strangers(&mut self) -> Result<(), sqlx::Error> {
        let Some(connection) = self.connection.as_mut() else { return Ok(()) };
        let delete = "DELETE FROM members WHERE room_id NOT IN (SELECT room_id FROM snapshots)";
        sqlx::query(delete).execute(connection).await.map(drop)
    }
}

async fn read_all(connection: &mut SqliteConnection) -> Result<Replay, sqlx::Error> {
    let mut replay = Replay::default();
    read_snapshots(connection, &mut replay, None).await?;
    read_commits(connection, &mut replay, None).await?;
    read_members(connection, &mut replay, None).await?;
    for (room_id, detail) in &replay.gone {
        tracing::error!(
            room.id = room_id,
            detail,
            "a room can't be read from the journal; only a snapshot in the database brings it back"
        );
        set_aside(connection, room_id).await?;
        forget(connection, room_id).await?;
    }
    for (room_id, replayed) in &replay.rooms {
        let Some(detail) = &replayed.lost else { continue };
        let version = replayed.room.version;
        tracing::error!(
            room.id = room_id,
            version,
            detail,
            "a room can't be read to its end from the journal; it goes on from this version, or from a \
             later snapshot in the database"
        );
        set_aside(connection, room_id).await?;
    }
    prune_damaged(connection).await?;
    Ok(replay)
}

/// Completes a statement: for one room, or for all.
fn of_room(rows: &str, room_id: Option<&str>, order: &str) -> String {
    let only = if room_id.is_some() { "WHERE room_id = $1" } else { "" };
    format!("{rows} {only} {order}")
}

fn query(statement: String, room_id: Option<&str>) -> Query<'static, Sqlite, SqliteArguments> {
    let query = sqlx::query(AssertSqlSafe(statement));
    match room_id {
        Some(room_id) => query.bind(room_id.to_owned()),
        None => query,
    }
}

/// Reads the snapshot of a room, or of all.
pub(super) async fn read_snapshots(
    connection: &mut SqliteConnection,
    replay: &mut Replay,
    only: Option<&str>,
) -> Result<(), sqlx::Error> {
    let snapshots = of_room("SELECT room_id, version, body, sum FROM snapshots", only, "");
    let mut rows = query(snapshots, only).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let Some(room_id) = room_of(&row) else { continue };
        match body_of(room_id, &row).and_then(|(version, body)| snapshot(room_id, version, body)) {
            Ok(room) => {
                let (members, epoch) = (Members::default(), room.epoch);
                let (lost, is_backed) = (None, false);
                let replayed = Replayed { room, members, commits: 0, epoch, lost, is_backed };
                replay.rooms.insert(room_id.to_owned(), replayed);
            }
            Err(words) => {
                let words = format!("the snapshot of {room_id} {words}");
                replay.gone.insert(room_id.to_owned(), words);
            }
        }
    }
    Ok(())
}

/// Reads the commits of a room, or of all, and applies them.
pub(super) async fn read_commits(
    connection: &mut SqliteConnection,
    replay: &mut Replay,
    only: Option<&str>,
) -> Result<(), sqlx::Error> {
    let commits = "SELECT room_id, version, body, sum FROM commits";
    let commits = of_room(commits, only, "ORDER BY room_id, version");
    let mut rows = query(commits, only).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let Some(room_id) = room_of(&row) else { continue };
        let Some(replayed) = replay.rooms.get_mut(room_id) else {
            let words = || format!("commits of {room_id} have no snapshot before them");
            replay.gone.entry(room_id.to_owned()).or_insert_with(words);
            continue;
        };
        let commit = body_of(room_id, &row).and_then(|(version, body)| commit(version, body));
        if let Ok(commit) = &commit {
            replayed.epoch = replayed.epoch.max(commit.epoch);
        }
        if replayed.lost.is_some() {
            continue;
        }
        let next = replayed.room.version + 1;
        match commit {
            // Left from before the snapshot.
            Ok(commit) if commit.version < next => {}
            Ok(commit) if commit.version == next => {
                replayed.room.apply(&commit);
                replayed.commits += 1;
            }
            Ok(_) => replayed.lost = Some(format!("commit {next} of {room_id} is missing")),
            Err(words) => replayed.lost = Some(format!("commit {next} of {room_id} {words}")),
        }
    }
    Ok(())
}

/// Reads the members of a room, or of all.
pub(super) async fn read_members(
    connection: &mut SqliteConnection,
    replay: &mut Replay,
    only: Option<&str>,
) -> Result<(), sqlx::Error> {
    let members = "SELECT room_id, participant_id, user_id, display_name, base, joined_seq, sum \
                   FROM members";
    let members = of_room(members, only, "");
    let mut unreadable = 0_u64;
    let mut rows = query(members, only).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        let Some(room_id) = room_of(&row) else { continue };
        let members = match replay.rooms.get_mut(room_id) {
            Some(replayed) => &mut replayed.members,
            None => replay.members.entry(room_id.to_owned()).or_default(),
        };
        match member_of(room_id, &row) {
            Some((seq, member)) => members.insert(seq, member),
            None => unreadable += 1,
        }
    }
    if unreadable > 0 {
        tracing::error!(
            unreadable,
            "members can't be read from the journal; they have to join again"
        );
    }
    Ok(())
}

/// Keeps the rows of a room, where no start needs them, so that the operator can look into them.
async fn set_aside(connection: &mut SqliteConnection, room_id: &str) -> Result<(), sqlx::Error> {
    for table in ["snapshots", "commits"] {
        let copy = format!(
            "INSERT INTO damaged (kind, room_id, version, body, sum) \
             SELECT '{table}', room_id, version, body, sum FROM {table} WHERE room_id = $1"
        );
        sqlx::query(AssertSqlSafe(copy)).bind(room_id).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Deletes the earliest rows that were set aside, so that they don't grow without end.
async fn prune_damaged(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let prune = format!(
        "DELETE FROM damaged WHERE rowid IN (SELECT rowid FROM (
             SELECT rowid, ROW_NUMBER() OVER newest AS place, SUM(LENGTH(body)) OVER newest AS bytes
             FROM damaged WINDOW newest AS (ORDER BY rowid DESC)
         ) WHERE place > {DAMAGED_ROWS_MAX} OR bytes > {DAMAGED_BYTES_MAX})"
    );
    sqlx::query(AssertSqlSafe(prune)).execute(connection).await.map(drop)
}

/// Deletes what can't be read of a room. Its members stay until it is known whether the room comes back.
async fn forget(connection: &mut SqliteConnection, room_id: &str) -> Result<(), sqlx::Error> {
    for table in ["snapshots", "commits"] {
        let delete = format!("DELETE FROM {table} WHERE room_id = $1");
        sqlx::query(AssertSqlSafe(delete)).bind(room_id).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Returns the room of a row. If that can't be read, the row is as good as missing.
fn room_of(row: &SqliteRow) -> Option<&str> {
    let room_id = row.try_get(0);
    if let Err(error) = &room_id {
        let error: &dyn std::error::Error = error;
        tracing::error!(error, "a row of the journal names no room");
    }
    room_id.ok()
}

/// Returns version and body of a row whose checksum is right. Rows of older programs have none.
fn body_of<'r>(room_id: &str, row: &'r SqliteRow) -> Result<(u64, &'r [u8]), String> {
    let words = |error: sqlx::Error| format!("can't be read: {error}");
    let version = row.try_get::<i64, _>(1).map_err(words)?.unsigned_abs();
    let body: &[u8] = row.try_get(2).map_err(words)?;
    let sum: Option<i64> = row.try_get(3).map_err(words)?;
    if sum.is_some_and(|sum| sum != checksum::of_row(room_id, version, &[body])) {
        return Err("has changed on the disk".to_owned());
    }
    Ok((version, body))
}

fn snapshot(room_id: &str, version: u64, body: &[u8]) -> Result<Room, String> {
    let room: Room =
        serde_json::from_slice(body).map_err(|error| format!("can't be read: {error}"))?;
    if room.room_id.as_str() == room_id && room.version == version {
        Ok(room)
    } else {
        Err(format!("is of {} at {}", room.room_id, room.version))
    }
}

fn commit(version: u64, body: &[u8]) -> Result<Commit, String> {
    let commit: Commit =
        serde_json::from_slice(body).map_err(|error| format!("can't be read: {error}"))?;
    if commit.version == version {
        Ok(commit)
    } else {
        Err(format!("is commit {}", commit.version))
    }
}

fn member_of(room_id: &str, row: &SqliteRow) -> Option<(u64, Member)> {
    let text = |index: usize| row.try_get::<&str, _>(index).ok();
    let (id, user, name, base) = (text(1)?, text(2)?, text(3)?, text(4)?);
    let seq = row.try_get::<i64, _>(5).ok()?.unsigned_abs();
    let parts = [id, user, name, base].map(str::as_bytes);
    let sum: Option<i64> = row.try_get(6).ok()?;
    if sum.is_some_and(|sum| sum != checksum::of_row(room_id, seq, &parts)) {
        return None;
    }
    let base: Role = serde_json::from_value(Value::String(base.to_owned())).ok()?;
    let member = Member {
        participant_id: ParticipantId::new(id),
        user_id: user.to_owned(),
        display_name: name.to_owned(),
        base,
    };
    Some((seq, member))
}
