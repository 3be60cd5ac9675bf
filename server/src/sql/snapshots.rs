//! Snapshots of rooms, written behind their commits, from which a lost state is rebuilt.

use engine::RoomId;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::rooms::in_order;
use super::work::{column, named, number, places, rows_of_places};
use super::{Sql, SqlError};

/// How many snapshots one statement takes; each may have a hundred kilobytes.
const SNAPSHOTS_PER_STATEMENT: usize = 50;

/// The state of a room after one of its commits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SnapshotRow {
    /// Whose.
    pub room_id: RoomId,
    /// Its epoch.
    pub epoch: u64,
    /// Its version.
    pub version: u64,
    /// The state, as its writer encodes it.
    pub body: Vec<u8>,
}

impl Sql {
    /// Keeps the newest snapshot of each known room: an older one changes nothing, whoever comes
    /// first, and one of an unknown room, which may have been deleted, is dropped.
    pub async fn write_snapshots(&self, rooms: &[SnapshotRow]) -> Result<(), SqlError> {
        let rooms = newest(rooms);
        let mut work = self.transaction("write snapshots").await?;
        for rooms in rooms.chunks(SNAPSHOTS_PER_STATEMENT) {
            let ids: Vec<&str> = rooms.iter().map(|row| row.room_id.as_str()).collect();
            work.lock_rooms(&ids).await?;
            let sql = format!(
                "UPDATE rooms SET snapshot_epoch = new.column2, snapshot_version = new.column3, \
                 snapshot = new.column4 FROM (VALUES {}) AS new \
                 WHERE rooms.room_id = new.column1 AND (rooms.snapshot IS NULL OR \
                 (rooms.snapshot_epoch, rooms.snapshot_version) < (new.column2, new.column3))",
                rows_of_places(rooms.len(), 4)
            );
            let update = sqlx::query(AssertSqlSafe(sql)).persistent(false);
            let update = rooms.iter().fold(update, |update, row| {
                update
                    .bind(row.room_id.as_str())
                    .bind(column(row.epoch))
                    .bind(column(row.version))
                    .bind(row.body.as_slice())
            });
            work.execute(update).await?;
        }
        work.commit().await
    }

    /// The newest snapshot of a room; `None` if none was written or the room is unknown.
    pub async fn load_snapshot(&self, room_id: &RoomId) -> Result<Option<SnapshotRow>, SqlError> {
        Ok(self.load_snapshots(std::slice::from_ref(room_id)).await?.pop())
    }

    /// The newest snapshots of those `rooms` that have one, in no order.
    pub async fn load_snapshots(&self, rooms: &[RoomId]) -> Result<Vec<SnapshotRow>, SqlError> {
        let mut work = self.work("load snapshots").await?;
        let mut loaded = Vec::new();
        for ids in in_order(rooms).chunks(SNAPSHOTS_PER_STATEMENT) {
            let sql = format!(
                "SELECT room_id, snapshot_epoch, snapshot_version, snapshot FROM rooms \
                 WHERE snapshot IS NOT NULL AND room_id IN {}",
                places(ids.len())
            );
            loaded.extend(work.fetch(named(sql, ids), read).await?);
        }
        Ok(loaded)
    }
}

fn read(row: &AnyRow) -> Result<SnapshotRow, sqlx::Error> {
    Ok(SnapshotRow {
        room_id: RoomId::new(row.try_get::<&str, _>(0)?),
        epoch: number(row, 1)?,
        version: number(row, 2)?,
        body: row.try_get(3)?,
    })
}

/// The newest of each room, in the order in which rows are locked.
fn newest(rooms: &[SnapshotRow]) -> Vec<&SnapshotRow> {
    let mut rows: Vec<&SnapshotRow> = rooms.iter().collect();
    rows.sort_by(|a, b| {
        let newer_first = (b.epoch, b.version).cmp(&(a.epoch, a.version));
        a.room_id.as_str().cmp(b.room_id.as_str()).then(newer_first)
    });
    rows.dedup_by(|later, earlier| later.room_id == earlier.room_id);
    rows
}
