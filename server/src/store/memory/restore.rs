//! Compares what the journal holds with what SQL knows. SQLite drops the rest of a damaged write-ahead log
//! without a word, and a file may have been copied without it: a room that is missing then goes on from its
//! snapshot in SQL, and is named in the log.

use std::collections::HashMap;

use engine::{Place, Room, RoomId};

use super::members::Members;
use super::replay::{Replay, Replayed};
use crate::sql::{KnownRoom, SnapshotRow, Sql, SqlError};

/// How many rooms are listed at once.
const PAGE: usize = 500;
/// How many snapshots are loaded at once. Each may have a hundred kilobytes.
const SNAPSHOTS: usize = 50;
/// How many rooms one line of the log names.
const NAMED_MAX: usize = 20;

/// Takes each room whose snapshot in SQL is newer than the journal's copy from that snapshot. Rooms that
/// are restored, and rooms that are in neither, are named in the log.
pub(super) async fn restore(sql: &Sql, replay: Replay) -> Result<Vec<Replayed>, SqlError> {
    let Replay { rooms, mut members, .. } = replay;
    let by_id = |replayed: Replayed| (replayed.room.room_id.clone(), replayed);
    let mut rooms: HashMap<RoomId, Replayed> = rooms.into_values().map(by_id).collect();
    let (mut behind, mut gone) = (Vec::new(), Vec::new());
    let mut after = None;
    loop {
        let page = sql.list_known_rooms(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.room_id.clone());
        for KnownRoom { room_id, snapshot } in page {
            match (rooms.get_mut(&room_id), snapshot) {
                (Some(replayed), Some(place)) if replayed.room.place() < place => {
                    behind.push(room_id);
                }
                (Some(replayed), Some(place)) => {
                    replayed.is_backed = replayed.room.lineage().last_change() <= place;
                }
                (None, Some(_)) => behind.push(room_id),
                (Some(_), None) => {}
                (None, None) => gone.push(room_id),
            }
        }
    }
    let mut restored = Vec::new();
    for ids in behind.chunks(SNAPSHOTS) {
        let rows = sql.load_snapshots(ids).await?;
        // A row that can't be read is as good as missing.
        let is_unread = |id: &&RoomId| !rows.iter().any(|row| row.room_id == **id);
        gone.extend(ids.iter().filter(is_unread).filter(|id| !rooms.contains_key(*id)).cloned());
        for row in rows {
            let room_id = row.room_id.clone();
            match decode(&row) {
                // It had ended, and the journal knows nothing of it any more.
                Ok(room) if !room.is_open() && !rooms.contains_key(&room_id) => {}
                Ok(room) => {
                    let members = members.remove(room_id.as_str()).unwrap_or_default();
                    take(&mut rooms, room, members);
                    restored.push(room_id);
                }
                Err(detail) => {
                    tracing::error!(room.id = %room_id, detail, "a snapshot can't be read");
                    if !rooms.contains_key(&room_id) {
                        gone.push(room_id);
                    }
                }
            }
        }
    }
    if !restored.is_empty() {
        tracing::warn!(
            count = restored.len(),
            rooms = names(&restored),
            "rooms are missing from the journal, or behind in it: they go on from their snapshots, \
             without their last changes"
        );
    }
    if !gone.is_empty() {
        tracing::warn!(
            count = gone.len(),
            rooms = names(&gone),
            "rooms that the database knows are neither in the journal nor in a snapshot: they are gone"
        );
    }
    Ok(rooms.into_values().collect())
}

fn decode(row: &SnapshotRow) -> Result<Room, String> {
    let room: Room = serde_json::from_slice(&row.body).map_err(|error| error.to_string())?;
    let place = Place { epoch: row.epoch, version: row.version };
    if room.room_id == row.room_id && room.place() == place {
        Ok(room)
    } else {
        Err(format!("it is of {} at {:?}", room.room_id, room.place()))
    }
}

/// Puts the room of a snapshot in place of the journal's copy, whose members it keeps; `members` are those of a
/// room of which the journal has no copy.
fn take(rooms: &mut HashMap<RoomId, Replayed>, room: Room, members: Members) {
    let before = rooms.remove(&room.room_id);
    let (epoch, members) = match before {
        Some(before) => (before.epoch.max(room.epoch), before.members),
        None => (room.epoch, members),
    };
    let lost = Some("the journal lacks its last changes".to_owned());
    let room_id = room.room_id.clone();
    rooms.insert(room_id, Replayed { room, members, commits: 0, epoch, lost, is_backed: true });
}

/// Names the first rooms.
fn names(rooms: &[RoomId]) -> String {
    let names: Vec<&str> = rooms.iter().take(NAMED_MAX).map(RoomId::as_str).collect();
    let more = if rooms.len() > NAMED_MAX { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}
