//! Reads the journal: applies the commits of each room to its snapshot.

use std::collections::HashMap;

use engine::{Commit, ParticipantId, Role, Room};
use futures_util::TryStreamExt;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::error::OpenError;
use super::journal::Journal;
use super::members::Members;
use crate::store::Member;

/// Rooms by id, with their members.
type Rooms = HashMap<String, (Room, Members)>;

/// Why the journal can't be used.
enum Flaw {
    Sql(sqlx::Error),
    Words(String),
}

impl From<sqlx::Error> for Flaw {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<String> for Flaw {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl Journal {
    /// Reads every room with its members. An inconsistent journal is an error.
    pub(super) async fn read(&mut self) -> Result<Vec<(Room, Members)>, OpenError> {
        let flaw = |flaw| match flaw {
            Flaw::Sql(source) => OpenError::Unreadable { path: self.path.clone(), source },
            Flaw::Words(detail) => OpenError::Corrupt { path: self.path.clone(), detail },
        };
        let connection =
            self.connection.as_mut().ok_or_else(|| flaw(Flaw::Sql(sqlx::Error::WorkerCrashed)))?;
        let rooms = read_rooms(connection).await.map_err(flaw)?;
        Ok(rooms.into_values().collect())
    }
}

async fn read_rooms(connection: &mut SqliteConnection) -> Result<Rooms, Flaw> {
    let mut rooms = Rooms::new();
    let snapshots = "SELECT room_id, version, body FROM snapshots";
    let mut rows = sqlx::query(snapshots).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        let (room_id, version, body) = body_of(&row)?;
        let room = read_snapshot(&room_id, version, body)?;
        rooms.insert(room_id, (room, Members::default()));
    }
    drop(rows);
    let commits = "SELECT room_id, version, body FROM commits ORDER BY room_id, version";
    let mut rows = sqlx::query(commits).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        let (room_id, version, body) = body_of(&row)?;
        let room = rooms.get_mut(&room_id).map(|(room, _)| room);
        replay(room, &room_id, version, body)?;
    }
    drop(rows);
    let members = "SELECT room_id, participant_id, user_id, display_name, base, joined_seq \
                   FROM members";
    let mut rows = sqlx::query(members).fetch(&mut *connection);
    while let Some(row) = rows.try_next().await? {
        let room_id: String = row.try_get(0)?;
        let (seq, member) = member_of(&row)?;
        let Some((_, members)) = rooms.get_mut(&room_id) else {
            return Err(Flaw::Words(format!("a member of {room_id} has no room")));
        };
        members.insert(seq, member);
    }
    drop(rows);
    Ok(rooms)
}

fn body_of(row: &SqliteRow) -> Result<(String, u64, &[u8]), sqlx::Error> {
    Ok((row.try_get(0)?, row.try_get::<i64, _>(1)?.unsigned_abs(), row.try_get(2)?))
}

fn read_snapshot(room_id: &str, version: u64, body: &[u8]) -> Result<Room, String> {
    let room: Room = serde_json::from_slice(body)
        .map_err(|error| format!("the snapshot of {room_id} can't be read: {error}"))?;
    if room.room_id.as_str() == room_id && room.version == version {
        Ok(room)
    } else {
        Err(format!("the snapshot of {room_id} is of {} at {}", room.room_id, room.version))
    }
}

fn replay(room: Option<&mut Room>, room_id: &str, version: u64, body: &[u8]) -> Result<(), String> {
    let room = room.ok_or_else(|| format!("commits of {room_id} have no snapshot before them"))?;
    let commit: Commit = serde_json::from_slice(body)
        .map_err(|error| format!("commit {version} of {room_id} can't be read: {error}"))?;
    if commit.version != version || version != room.version + 1 {
        let next = room.version + 1;
        return Err(format!("commit {next} of {room_id} is missing before commit {version}"));
    }
    room.apply(&commit);
    Ok(())
}

fn member_of(row: &SqliteRow) -> Result<(u64, Member), sqlx::Error> {
    let base: String = row.try_get(4)?;
    let base: Role = serde_json::from_value(Value::String(base))
        .map_err(|error| sqlx::Error::Decode(error.into()))?;
    let member = Member {
        participant_id: ParticipantId::new(row.try_get::<String, _>(1)?),
        user_id: row.try_get(2)?,
        display_name: row.try_get(3)?,
        base,
    };
    Ok((row.try_get::<i64, _>(5)?.unsigned_abs(), member))
}
