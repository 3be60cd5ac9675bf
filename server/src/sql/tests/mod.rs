//! The laws hold on both databases; each has faults of its own.

mod laws;
mod postgres;
mod sqlite;

use engine::{RoomId, Timestamp};
use tempfile::TempDir;

use super::{SnapshotRow, Sql};

const NOW: Timestamp = Timestamp::from_millis(1_000);

/// A database of one test.
struct Place {
    url: String,
    /// Goes with the test, if the database is a file.
    _dir: Option<TempDir>,
}

impl Place {
    /// A file that isn't there yet, nor its directory.
    fn file() -> Self {
        let dir = TempDir::new().unwrap();
        let url = format!("sqlite://{}", dir.path().join("data/playhead.db").display());
        Self { url, _dir: Some(dir) }
    }

    async fn open(&self) -> Sql {
        Sql::open(&self.url).await.unwrap()
    }
}

fn id(text: &str) -> RoomId {
    RoomId::new(text)
}

async fn create(sql: &Sql, rooms: &[&str]) {
    for room in rooms {
        sql.create_room(&id(room), &format!("code of {room}"), NOW).await.unwrap();
    }
}

fn snapshot(room: &str, epoch: u64, version: u64) -> SnapshotRow {
    let body = format!("{room} at {epoch}-{version}").into_bytes();
    SnapshotRow { room_id: id(room), epoch, version, body }
}
