//! Saves what can be read of a journal whose file is damaged: room by room, since the database knows them,
//! so that a page that can't be read costs the rooms that have rows on it, and not the start.

use engine::RoomId;
use sqlx::SqliteConnection;

use super::damage::is_damage;
use super::error::OpenError;
use super::journal::Journal;
use super::replay::{Replay, Replayed, read_commits, read_members, read_snapshots};
use crate::sql::Sql;
use crate::store::snapshots::snapshot_of;

/// How many rooms are listed, and written, at once.
const PAGE: usize = 256;

impl Journal {
    /// Reads each room that the database knows, as far as that goes, then sets the file aside and begins
    /// a new one, to which all rooms have to be written. None of them is known to be whole.
    pub(super) async fn salvage(&mut self, sql: &Sql) -> Result<Replay, OpenError> {
        let path = self.path.clone();
        let unreadable = |source| OpenError::of_journal(&path, source);
        let mut replay = Replay::default();
        let mut after: Option<RoomId> = None;
        // Without the first page nothing can be read, and all rooms go on from their snapshots.
        while let Some(connection) = self.connection.as_mut() {
            let page = sql.list_rooms(after.as_ref(), PAGE).await?;
            for room_id in &page {
                read_one(connection, &mut replay, room_id.as_str()).await.map_err(unreadable)?;
            }
            match page.last() {
                Some(last) => after = Some(last.clone()),
                None => break,
            }
        }
        for (room_id, detail) in &replay.gone {
            tracing::error!(
                room.id = room_id,
                detail,
                "a room can't be read from the journal; only a snapshot in the database brings it back"
            );
        }
        let rooms: Vec<&Replayed> = replay.rooms.values().collect();
        // Wherever the next steps are interrupted, the next start finds them.
        for rooms in rooms.chunks(PAGE) {
            let rows: Vec<_> = rooms.iter().map(|replayed| snapshot_of(&replayed.room)).collect();
            sql.write_snapshots(&rows).await?;
        }
        let kept = self.begin_anew().await?;
        let (kept, rooms_read) = (kept.display(), rooms.len());
        tracing::error!(
            %kept,
            rooms_read,
            "the journal was damaged: it is set aside, and what can be read of it is in a new one"
        );
        Ok(replay)
    }
}

/// Reads a room as far as that goes. Only damage is no error.
async fn read_one(
    connection: &mut SqliteConnection,
    replay: &mut Replay,
    room_id: &str,
) -> Result<(), sqlx::Error> {
    let words = |error: sqlx::Error| {
        if is_damage(&error) { Ok(format!("can't be read: {error}")) } else { Err(error) }
    };
    let snapshot = read_snapshots(connection, replay, Some(room_id)).await;
    let mut commits = None;
    if let Err(error) = snapshot {
        let words = format!("the snapshot of {room_id} {}", words(error)?);
        replay.gone.insert(room_id.to_owned(), words);
    } else if let Err(error) = read_commits(connection, replay, Some(room_id)).await {
        commits = Some(words(error)?);
    }
    let members = read_members(connection, replay, Some(room_id)).await;
    if let Err(error) = members {
        let detail = words(error)?;
        tracing::error!(room.id = room_id, detail, "members of a room have to join again");
    }
    if let Some(replayed) = replay.rooms.get_mut(room_id) {
        let version = replayed.room.version;
        if let Some(detail) = &commits {
            tracing::error!(
                room.id = room_id,
                version,
                detail,
                "a room can't be read to its end from the journal; it goes on from this version, or \
                 from a later snapshot in the database"
            );
        }
        // Rows may also be missing where nothing shows it.
        let damaged = || "the journal is damaged".to_owned();
        replayed.lost.get_or_insert_with(|| commits.unwrap_or_else(damaged));
    }
    Ok(())
}
