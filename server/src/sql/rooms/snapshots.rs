//! Snapshots of rooms, written behind their commits. A lost state is rebuilt from them.

use engine::{Place, RoomId};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row};

use super::in_order;
use super::readable::{bytes_column, list_readable, number_column};
use crate::sql::operation::{bind_all, column, number, placeholder_rows, placeholders};
use crate::sql::told::Told;
use crate::sql::{Kind, Sql, SqlError};

/// The largest number of snapshots in one statement. Each may have a hundred kilobytes.
const SNAPSHOTS_PER_STATEMENT: usize = 50;

/// The state of a room after one of its commits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SnapshotRow {
    /// The room.
    pub room_id: RoomId,
    /// The epoch of the commit.
    pub epoch: u64,
    /// The version of the commit.
    pub version: u64,
    /// The state, encoded by its writer.
    pub body: Vec<u8>,
}

/// What the database knows of a room, without the snapshot itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownRoom {
    /// The room.
    pub room_id: RoomId,
    /// The place of its snapshot, if it has one that can be read.
    pub snapshot: Option<Place>,
}

impl Sql {
    /// Returns what is known of up to `max` registered rooms that come after `after`, in a stable order. A row
    /// whose id can't be read is left out.
    pub async fn list_known_rooms(
        &self,
        after: Option<&RoomId>,
        max: usize,
    ) -> Result<Vec<KnownRoom>, SqlError> {
        let mut operation = self.begin("list known rooms").await?;
        let place = ["snapshot_epoch", "snapshot_version"];
        let mut columns =
            place.map(|name| format!(", {}", number_column(self.kind, name))).concat();
        columns.push_str(match self.kind {
            Kind::Sqlite => ", typeof(snapshot) IN ('blob', 'null')",
            Kind::Postgres => ", CAST(1 AS BIGINT)",
        });
        let after = after.map_or("", RoomId::as_str);
        let known = list_readable(&mut operation, &columns, after, max, |room_id, row| {
            let place = match number(row, 4) {
                Ok(0) => Err(sqlx::Error::Decode("its snapshot isn't bytes".into())),
                _ => (|| Ok(Place { epoch: number(row, 2)?, version: number(row, 3)? }))(),
            };
            let place = place.map_err(|error| self.told.tell(room_id.as_str(), &error)).ok();
            KnownRoom { room_id, snapshot: place.filter(|place| place.version > 0) }
        });
        known.await
    }

    /// Stores snapshots, keeping only the newest of each room. A snapshot older than the stored one
    /// changes nothing. One of an unknown room, which may have been deleted, is dropped. A place that isn't a
    /// number is older than any.
    pub async fn write_snapshots(&self, rooms: &[SnapshotRow]) -> Result<(), SqlError> {
        let rooms = newest(rooms);
        let mut operation = self.begin_transaction("write snapshots").await?;
        for rooms in rooms.chunks(SNAPSHOTS_PER_STATEMENT) {
            let ids: Vec<&str> = rooms.iter().map(|row| row.room_id.as_str()).collect();
            operation.lock_rooms(&ids).await?;
            let sql = format!(
                "UPDATE rooms SET snapshot_epoch = new.column2, snapshot_version = new.column3, \
                 snapshot = new.column4 FROM (VALUES {}) AS new \
                 WHERE rooms.room_id = new.column1 AND (rooms.snapshot IS NULL OR \
                 (COALESCE(CAST(rooms.snapshot_epoch AS BIGINT), 0), \
                 COALESCE(CAST(rooms.snapshot_version AS BIGINT), 0)) < (new.column2, new.column3))",
                placeholder_rows(rooms.len(), 4)
            );
            let update = sqlx::query(AssertSqlSafe(sql)).persistent(false);
            let update = rooms.iter().fold(update, |update, row| {
                update
                    .bind(row.room_id.as_str())
                    .bind(column(row.epoch))
                    .bind(column(row.version))
                    .bind(row.body.as_slice())
            });
            operation.execute(update).await?;
        }
        operation.commit().await
    }

    /// Returns the newest snapshot of a room; `None` if it has none or is unknown.
    pub async fn load_snapshot(&self, room_id: &RoomId) -> Result<Option<SnapshotRow>, SqlError> {
        Ok(self.load_snapshots(std::slice::from_ref(room_id)).await?.pop())
    }

    /// Returns the newest snapshot of each of `rooms` that has one that can be read, in no particular order.
    pub async fn load_snapshots(&self, rooms: &[RoomId]) -> Result<Vec<SnapshotRow>, SqlError> {
        let mut operation = self.begin("load snapshots").await?;
        let mut loaded = Vec::new();
        let places = ["snapshot_epoch", "snapshot_version"];
        let [epoch, version] = places.map(|name| number_column(self.kind, name));
        let body = bytes_column(self.kind, "snapshot");
        for ids in in_order(rooms).chunks(SNAPSHOTS_PER_STATEMENT) {
            let sql = format!(
                "SELECT room_id, {epoch}, {version}, {body} FROM rooms \
                 WHERE snapshot IS NOT NULL AND room_id IN {}",
                placeholders(ids.len())
            );
            let rows = operation.fetch(bind_all(sql, ids), |row| read(row, &self.told));
            loaded.extend(rows.await?.into_iter().flatten());
        }
        Ok(loaded)
    }
}

/// Reads a row. One that can't be read is named in the log.
fn read(row: &AnyRow, told: &Told) -> Result<Option<SnapshotRow>, sqlx::Error> {
    let room_id = RoomId::new(row.try_get::<&str, _>(0)?);
    let read = || Ok((number(row, 1)?, number(row, 2)?, row.try_get(3)?));
    match read() {
        Ok((epoch, version, body)) => Ok(Some(SnapshotRow { room_id, epoch, version, body })),
        Err(error) => {
            told.tell(room_id.as_str(), &error);
            Ok(None)
        }
    }
}

/// Returns the newest snapshot of each room, in the order in which rows are locked.
fn newest(rooms: &[SnapshotRow]) -> Vec<&SnapshotRow> {
    let mut rows: Vec<&SnapshotRow> = rooms.iter().collect();
    rows.sort_by(|a, b| {
        let newer_first = (b.epoch, b.version).cmp(&(a.epoch, a.version));
        a.room_id.as_str().cmp(b.room_id.as_str()).then(newer_first)
    });
    rows.dedup_by(|later, earlier| later.room_id == earlier.room_id);
    rows
}
