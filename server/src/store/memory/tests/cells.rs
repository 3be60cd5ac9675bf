//! Damaged cells of the database: a row that can't be read counts as absent, and costs neither the start nor
//! another room anything.

use super::*;
use crate::sql::laws::{DAMAGES, inflict};

#[tokio::test]
async fn a_damaged_row_of_the_database_costs_nothing_while_the_journal_has_the_room() {
    for damage in DAMAGES.iter().chain(&["epoch = 'zz'", "epoch = -7", "created_at_ms = 'zz'"]) {
        let dir = stored_room("whole").await;
        let (store, _) = open(dir.path()).await.unwrap();
        let before = load(&store, &RoomId::new("r_whole")).await;
        store.close().await;
        let url = format!("sqlite://{}", dir.path().join("playhead.db").display());
        inflict(&url, &format!("UPDATE rooms SET {damage}")).await;
        // The second start finds what the first has mended.
        let (store, _) = open(dir.path()).await.unwrap_or_else(|error| panic!("{damage}: {error}"));
        let room = load(&store, &before.room_id).await;
        assert!(room.epoch > before.epoch, "{damage}");
        assert_eq!(room.version, before.version + 1, "{damage}");
        assert!(!room.rebased.unwrap().lost, "{damage}");
        store.close().await;
        let sql = database(dir.path()).await;
        let snapshot = sql.load_snapshot(&room.room_id).await.unwrap();
        assert!(snapshot.is_some(), "{damage}");
        let (store, _) = open(dir.path()).await.unwrap();
        assert_rebased(&store, &room).await;
        store.close().await;
    }
}

#[tokio::test]
async fn a_damaged_row_of_the_database_costs_at_most_its_room_if_the_journal_lacks_rooms() {
    for damage in DAMAGES {
        let dir = TempDir::new().unwrap();
        let sql = database(dir.path()).await;
        let (store, clock) = MemoryStore::open(dir.path(), sql.clone()).await.unwrap();
        let mut rooms = Vec::new();
        for name in ["one", "other", "third"] {
            let room = create(&store, name).await;
            sql.create_room(&room.room_id, &room.code, clock.now()).await.unwrap();
            rooms.push(commit_times(&store, room, 1).await);
        }
        store.close().await;
        let mut journal = connect(dir.path()).await;
        for statement in ["DELETE FROM snapshots", "DELETE FROM commits"] {
            sqlx::query(statement).execute(&mut journal).await.unwrap();
        }
        journal.close().await.unwrap();
        let url = format!("sqlite://{}", dir.path().join("playhead.db").display());
        inflict(&url, &format!("UPDATE rooms SET {damage} WHERE room_id = 'r_other'")).await;
        let (store, _) = open(dir.path()).await.unwrap_or_else(|error| panic!("{damage}: {error}"));
        for room in [&rooms[0], &rooms[2]] {
            let found = load(&store, &room.room_id).await;
            assert_eq!((found.version, &found.profile), (room.version + 1, &room.profile));
        }
        assert!(store.load(&rooms[1].room_id).await.unwrap().is_none(), "{damage}");
        store.close().await;
    }
}
