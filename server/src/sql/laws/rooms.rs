//! Laws of registered rooms and their codes.

use std::collections::HashSet;

use super::{Database, NOW, create_rooms, id, snapshot};
use crate::sql::{SqlError, Taken};

pub(super) async fn a_new_room_has_the_first_epoch_and_is_found_by_its_id_and_by_its_code(
    database: &Database,
) {
    let sql = database.open().await;
    assert_eq!(sql.create_room(&id("r_a"), "AAAAA-AAAAA", NOW).await.unwrap(), 1);
    assert!(sql.has_room(&id("r_a")).await.unwrap());
    assert_eq!(sql.find_code("AAAAA-AAAAA").await.unwrap(), Some(id("r_a")));
    assert_eq!(sql.count_rooms().await.unwrap(), 1);
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), None);

    assert!(!sql.has_room(&id("r_b")).await.unwrap());
    assert_eq!(sql.find_code("BBBBB-BBBBB").await.unwrap(), None);
}

pub(super) async fn a_taken_id_and_a_taken_code_are_told_apart(database: &Database) {
    let sql = database.open().await;
    sql.create_room(&id("r_a"), "one", NOW).await.unwrap();
    sql.write_snapshots(&[snapshot("r_a", 1, 1)]).await.unwrap();
    let error = sql.create_room(&id("r_a"), "other", NOW).await.unwrap_err();
    assert!(matches!(error, SqlError::Taken(Taken::RoomId)), "{error:?}");
    let error = sql.create_room(&id("r_b"), "one", NOW).await.unwrap_err();
    assert!(matches!(error, SqlError::Taken(Taken::Code)), "{error:?}");

    assert_eq!(sql.find_code("one").await.unwrap(), Some(id("r_a")));
    assert_eq!(sql.find_code("other").await.unwrap(), None);
    assert!(!sql.has_room(&id("r_b")).await.unwrap());
}

pub(super) async fn a_room_whose_creation_failed_can_be_created_again(database: &Database) {
    let sql = database.open().await;
    assert_eq!(sql.create_room(&id("r_a"), "one", NOW).await.unwrap(), 1);
    assert_eq!(sql.create_room(&id("r_a"), "other", NOW).await.unwrap(), 2);
    assert_eq!(sql.find_code("other").await.unwrap(), Some(id("r_a")));
    assert_eq!(sql.find_code("one").await.unwrap(), None);
    assert_eq!(sql.count_rooms().await.unwrap(), 1);
}

pub(super) async fn nothing_is_left_of_a_deleted_room(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_a", "r_b"]).await;
    sql.write_snapshots(&[snapshot("r_a", 1, 5)]).await.unwrap();
    sql.delete_rooms(&[id("r_a"), id("r_unknown")]).await.unwrap();
    assert!(!sql.has_room(&id("r_a")).await.unwrap());
    assert_eq!(sql.find_code("code of r_a").await.unwrap(), None);
    assert_eq!(sql.raise_epochs(&[id("r_a")]).await.unwrap(), []);
    assert_eq!(sql.count_rooms().await.unwrap(), 1);

    // The code and the id are free again, without anything of the deleted room.
    sql.create_room(&id("r_c"), "code of r_a", NOW).await.unwrap();
    sql.create_room(&id("r_a"), "another", NOW).await.unwrap();
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), None);
}

pub(super) async fn each_room_is_listed_on_exactly_one_page(database: &Database) {
    let sql = database.open().await;
    assert_eq!(sql.list_rooms(None, 10).await.unwrap(), []);
    let names = ["r_B", "r_a", "r_Z", "r_z", "r_0", "r_9", "r_b"];
    create_rooms(&sql, &names).await;
    let mut listed = Vec::new();
    loop {
        let page = sql.list_rooms(listed.last(), 3).await.unwrap();
        assert!(page.len() <= 3);
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }
    assert_eq!(listed.len(), names.len());
    let listed: HashSet<_> = listed.into_iter().collect();
    assert_eq!(listed, names.iter().map(|name| id(name)).collect());
}
