//! Tests of the memory store on real files.

mod cells;
mod damage;
mod faults;
mod restart;

use std::path::Path;
use std::sync::Arc;

use engine::{ParticipantId, Room, RoomId};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use super::journal::{FILE, Journal};
use super::{MemoryStore, OpenError};
use crate::clock::RoomClock;
use crate::sql::Sql;
use crate::store::laws::{self, delete, host, member, rename, room};
use crate::store::{Bus, CommitOutcome, MemberStore, News, RoomStore, StoreError};

#[tokio::test]
async fn the_store_obeys_every_law() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    laws::all(&*store, "").await;
    laws::at_any_time(&*store, "any-").await;
}

#[tokio::test]
async fn many_commits_of_many_rooms_at_once_are_all_kept() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200 {
        let store = store.clone();
        tasks.spawn(async move {
            let room = create(&store, &format!("many-{number}")).await;
            commit_times(&store, room, 5).await
        });
    }
    let rooms = tasks.join_all().await;
    store.close().await;

    let (store, _) = open(dir.path()).await.unwrap();
    assert_eq!(store.list_public().await.unwrap().len(), 200);
    for room in rooms {
        assert_rebased(&store, &room).await;
    }
}

#[tokio::test]
async fn a_deleted_room_leaves_no_row_in_any_table() {
    let dir = TempDir::new().unwrap();
    let sql = database(dir.path()).await;
    let (store, clock) = MemoryStore::open(dir.path(), sql.clone()).await.unwrap();
    sql.create_room(&RoomId::new("r_gone"), "gone", clock.now()).await.unwrap();
    let room = create(&store, "gone").await;
    assert!(store.add_member(&room.room_id, member("p_a"), 8, &|_| false).await.unwrap());
    commit_times(&store, room.clone(), 3).await;
    assert!(store.add_member(&room.room_id, member("p_b"), 8, &|_| false).await.unwrap());
    delete(&*store, &room.room_id).await;
    assert_eq!(sql.count_rooms().await.unwrap(), 0);
    store.close().await;
    for table in ["snapshots", "commits", "members"] {
        assert_eq!(count(dir.path(), table).await, 0, "{table}");
    }
}

async fn open(dir: &Path) -> Result<(Arc<MemoryStore>, RoomClock), OpenError> {
    MemoryStore::open(dir, database(dir).await).await
}

async fn database(dir: &Path) -> Arc<Sql> {
    Arc::new(Sql::open_file(&dir.join("playhead.db")).await.unwrap())
}

/// A directory with the closed journal of one room at version 5, which SQL knows.
async fn stored_room(name: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    let sql = database(dir.path()).await;
    let (store, clock) = MemoryStore::open(dir.path(), sql.clone()).await.unwrap();
    let room = create(&store, name).await;
    sql.create_room(&room.room_id, &room.code, clock.now()).await.unwrap();
    commit_times(&store, room, 4).await;
    store.close().await;
    dir
}

async fn create(store: &MemoryStore, name: &str) -> Room {
    let room = room(name);
    store.create(room.clone()).await.unwrap();
    room
}

async fn create_queued(store: Arc<MemoryStore>, number: usize) -> Result<(), StoreError> {
    store.create(room(&format!("queued-{number}"))).await
}

async fn commit_times(store: &MemoryStore, mut room: Room, times: u64) -> Room {
    for _ in 0..times {
        let commit = rename(&room, &format!("After version {}", room.version));
        let outcome =
            store.commit(&Arc::new(room.clone()), Arc::new(commit.clone())).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Committed);
        room.apply(&commit);
    }
    room
}

async fn load(store: &MemoryStore, room_id: &RoomId) -> Room {
    Room::clone(&*store.load(room_id).await.unwrap().unwrap())
}

/// Asserts that a room is as before, except for one commit that announces the next epoch.
async fn assert_rebased(store: &MemoryStore, before: &Room) {
    let now = load(store, &before.room_id).await;
    let rebased = now.rebased.unwrap();
    assert_eq!(
        (rebased.previous_epoch, rebased.previous_version, rebased.lost),
        (before.epoch, before.version, false)
    );
    assert_eq!((now.epoch, now.version), (before.epoch + 1, before.version + 1));
    let as_before = Room {
        epoch: before.epoch,
        version: before.version,
        at: before.at,
        rebased: before.rebased,
        ..now
    };
    assert_eq!(as_before, *before);
}

async fn connect(dir: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", dir.join(FILE).display())).await.unwrap()
}

async fn count(dir: &Path, table: &str) -> i64 {
    let mut journal = connect(dir).await;
    let query = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    let count = sqlx::query_scalar(query).fetch_one(&mut journal).await.unwrap();
    journal.close().await.unwrap();
    count
}
