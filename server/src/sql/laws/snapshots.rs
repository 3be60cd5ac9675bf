//! Laws of snapshots.

use engine::Place;

use super::{Database, create_rooms, id, snapshot};
use crate::sql::SnapshotRow;

pub(super) async fn a_snapshot_is_replaced_only_by_a_newer_one(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_a", "r_b"]).await;
    let mut newest = None;
    for (epoch, version) in [(1, 9), (1, 8), (1, 9), (1, 10), (2, 1), (1, 11), (2, 0), (3, 2)] {
        let row = snapshot("r_a", epoch, version);
        let place = |row: &SnapshotRow| (row.epoch, row.version);
        sql.write_snapshots(&[row.clone(), snapshot("r_b", 1, 1)]).await.unwrap();
        if newest.as_ref().is_none_or(|newest| place(newest) < place(&row)) {
            newest = Some(row);
        }
        assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), newest);
    }
    // The body of a version never changes.
    let mut forged = snapshot("r_a", 3, 2);
    forged.body = b"another".to_vec();
    sql.write_snapshots(&[forged]).await.unwrap();
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), Some(snapshot("r_a", 3, 2)));
    // A snapshot doesn't raise the epoch that the database issues.
    assert_eq!(sql.raise_epochs(&[id("r_a")]).await.unwrap(), [(id("r_a"), 2)]);
}

pub(super) async fn of_several_snapshots_of_one_room_the_newest_is_kept(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_a", "r_b"]).await;
    let rows = [
        snapshot("r_a", 1, 7),
        snapshot("r_b", 1, 1),
        snapshot("r_a", 2, 1),
        snapshot("r_a", 1, 9),
    ];
    sql.write_snapshots(&rows).await.unwrap();
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), Some(snapshot("r_a", 2, 1)));
    create_rooms(&sql, &["r_c"]).await;
    let known = sql.list_known_rooms(Some(&id("r_a")), 9).await.unwrap();
    let known: Vec<_> =
        known.iter().map(|known| (known.room_id.as_str(), known.snapshot)).collect();
    assert_eq!(known, [("r_b", Some(Place { epoch: 1, version: 1 })), ("r_c", None)]);
    assert_eq!(sql.load_snapshot(&id("r_b")).await.unwrap(), Some(snapshot("r_b", 1, 1)));
}

pub(super) async fn a_snapshot_does_not_bring_a_deleted_room_back(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_a", "r_gone"]).await;
    sql.delete_rooms(&[id("r_gone")]).await.unwrap();
    sql.write_snapshots(&[snapshot("r_gone", 9, 9), snapshot("r_a", 1, 2)]).await.unwrap();
    assert!(!sql.has_room(&id("r_gone")).await.unwrap());
    assert_eq!(sql.load_snapshot(&id("r_gone")).await.unwrap(), None);
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), Some(snapshot("r_a", 1, 2)));
}

pub(super) async fn more_snapshots_than_fit_in_one_statement_are_read_back_byte_for_byte(
    database: &Database,
) {
    let sql = database.open().await;
    let names: Vec<String> = (0..130).map(|room| format!("r_{room:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    create_rooms(&sql, &names).await;
    let mut rows: Vec<_> = names.iter().map(|name| snapshot(name, 1, 1)).collect();
    for row in &mut rows {
        row.body.extend((0..=255).cycle().take(20_000));
    }
    sql.write_snapshots(&rows).await.unwrap();
    let rooms: Vec<_> = names.iter().map(|name| id(name)).chain([id("r_unknown")]).collect();
    let mut loaded = sql.load_snapshots(&rooms).await.unwrap();
    loaded.sort_by_key(|row| row.room_id.to_string());
    assert!(loaded == rows);
}
