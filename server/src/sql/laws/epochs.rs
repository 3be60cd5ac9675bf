//! Laws of epochs.

use std::collections::HashSet;

use super::{Database, NOW, create_rooms, id, snapshot};
use crate::sql::SnapshotRow;

pub(super) async fn epochs_rise_above_both_the_issued_and_the_given_ones(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_a", "r_behind", "r_gone"]).await;
    let held = [(id("r_behind"), 7), (id("r_a"), 1), (id("r_unknown"), 3)];
    let raised = sql.raise_epochs_and_delete_others(&held, NOW).await.unwrap();
    assert_eq!(raised, [(id("r_behind"), 8), (id("r_a"), 2), (id("r_unknown"), 4)]);

    assert_eq!(sql.count_rooms().await.unwrap(), 3);
    assert!(!sql.has_room(&id("r_gone")).await.unwrap());
    let raised = sql.raise_epochs_and_delete_others(&raised, NOW).await.unwrap();
    assert_eq!(raised, [(id("r_behind"), 9), (id("r_a"), 3), (id("r_unknown"), 5)]);
    assert_eq!(sql.find_code("code of r_a").await.unwrap(), Some(id("r_a")));
}

pub(super) async fn epochs_of_more_rooms_than_fit_in_one_statement_rise(database: &Database) {
    let sql = database.open().await;
    let rooms: Vec<_> = (0..1_300).map(|room| (id(&format!("r_{room}")), 1)).collect();
    let raised = sql.raise_epochs_and_delete_others(&rooms, NOW).await.unwrap();
    assert!(raised.iter().all(|(_, epoch)| *epoch == 2));
    assert_eq!(sql.count_rooms().await.unwrap(), 1_300);

    let raised = sql.raise_epochs_and_delete_others(&rooms[..2], NOW).await.unwrap();
    assert_eq!(raised, [(id("r_0"), 3), (id("r_1"), 3)]);
    assert_eq!(sql.count_rooms().await.unwrap(), 2);
}

pub(super) async fn only_registered_rooms_get_a_new_epoch(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_a", "r_b", "r_c"]).await;
    let rooms = [id("r_c"), id("r_unknown"), id("r_a"), id("r_c")];
    let mut raised = sql.raise_epochs(&rooms).await.unwrap();
    raised.sort_by_key(|(room_id, _)| room_id.to_string());
    assert_eq!(raised, [(id("r_a"), 2), (id("r_c"), 2)]);
    assert!(!sql.has_room(&id("r_unknown")).await.unwrap());
    assert_eq!(sql.raise_epochs(&[id("r_b")]).await.unwrap(), [(id("r_b"), 2)]);
    assert_eq!(sql.raise_epochs(&[]).await.unwrap(), []);
}

pub(super) async fn an_epoch_rises_above_the_one_that_a_store_holds(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_a"]).await;
    assert_eq!(sql.raise_epoch_above(&id("r_a"), 7).await.unwrap(), Some(8));
    assert_eq!(sql.raise_epoch_above(&id("r_a"), 8).await.unwrap(), Some(9));
    assert_eq!(sql.raise_epoch_above(&id("r_a"), 2).await.unwrap(), Some(10));
    assert_eq!(sql.raise_epoch_above(&id("r_unknown"), 2).await.unwrap(), None);
    assert!(!sql.has_room(&id("r_unknown")).await.unwrap());

    // There is no epoch above these.
    for floor in [u64::MAX, i64::MAX as u64] {
        sql.raise_epoch_above(&id("r_a"), floor).await.unwrap_err();
    }
    assert_eq!(sql.raise_epochs(&[id("r_a")]).await.unwrap(), [(id("r_a"), 11)]);
}

pub(super) async fn nodes_that_raise_the_same_epochs_at_once_each_get_their_own(
    database: &Database,
) {
    let sql = database.open().await;
    let mut rooms: Vec<_> = (0..700).map(|room| id(&format!("r_{room}"))).collect();
    let held: Vec<_> = rooms.iter().map(|room_id| (room_id.clone(), 0)).collect();
    sql.raise_epochs_and_delete_others(&held, NOW).await.unwrap();

    let mut nodes = Vec::new();
    for _ in 0..4 {
        let node = database.open().await;
        rooms.rotate_left(190);
        rooms.reverse();
        let rooms = rooms.clone();
        nodes.push(tokio::spawn(async move {
            let raised = node.raise_epochs(&rooms).await.unwrap();
            let body = |(room_id, epoch): &(_, u64)| snapshot(&format!("{room_id}"), *epoch, 1);
            let rows: Vec<SnapshotRow> = raised.iter().map(body).collect();
            node.write_snapshots(&rows).await.unwrap();
            raised
        }));
    }
    let mut issued = HashSet::new();
    for node in nodes {
        let raised = node.await.unwrap();
        assert_eq!(raised.len(), 700);
        for room_and_epoch in raised {
            assert!(issued.insert(room_and_epoch.clone()), "{room_and_epoch:?} was issued twice");
        }
    }
    let newest = sql.load_snapshots(&rooms).await.unwrap();
    assert_eq!(newest.len(), 700);
    assert!(newest.iter().all(|row| row.epoch == 5));
}
