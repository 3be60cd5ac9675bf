//! What holds on every database.

use std::collections::HashSet;
use std::pin::Pin;

use sqlx::AssertSqlSafe;

use super::super::{SnapshotRow, Sql, SqlError, Taken, TokenKey};
use super::{NOW, Place, create, id, snapshot};

/// A law, to be kept by a new database.
pub(super) type Law = fn(Place) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Lists every law for whoever brings databases, and makes each a test on a file.
macro_rules! laws {
    ($($law:ident,)*) => {
        pub(super) const ALL: &[(&str, Law)] =
            &[$((stringify!($law), |place| Box::pin(async move { $law(&place).await }))),*];

        mod on_sqlite {
            $(#[tokio::test]
            async fn $law() {
                super::$law(&super::Place::file()).await;
            })*
        }
    };
}

laws! {
    a_new_room_has_the_first_epoch_and_is_found_by_its_id_and_by_its_code,
    a_taken_id_and_a_taken_code_are_told_apart,
    a_room_that_was_known_but_never_made_can_be_made_again,
    epochs_rise_above_both_the_issued_and_the_held_ones,
    epochs_of_more_rooms_than_one_statement_names_rise_too,
    known_rooms_alone_get_a_new_epoch,
    an_epoch_rises_above_what_a_store_holds,
    nodes_that_raise_the_same_epochs_at_once_all_get_their_own,
    a_snapshot_gives_way_to_newer_ones_only,
    of_several_snapshots_of_one_room_the_newest_is_kept,
    a_snapshot_brings_no_deleted_room_back,
    more_snapshots_than_one_statement_names_come_back_byte_for_byte,
    nothing_is_left_of_a_deleted_room,
    rooms_are_listed_in_pages_each_once,
    the_token_key_is_made_once_and_kept,
    a_database_keeps_its_name_and_no_other_has_it,
    nodes_that_open_a_new_database_at_once_find_it_whole,
    nodes_that_open_a_database_of_the_version_before_at_once_keep_its_rooms,
    a_database_of_a_newer_program_is_refused_in_words,
    an_operation_that_is_not_finished_changes_nothing,
    a_closed_database_answers_with_an_error,
}

async fn a_new_room_has_the_first_epoch_and_is_found_by_its_id_and_by_its_code(place: &Place) {
    let sql = place.open().await;
    assert_eq!(sql.create_room(&id("r_a"), "AAAAA-AAAAA", NOW).await.unwrap(), 1);
    assert!(sql.has_room(&id("r_a")).await.unwrap());
    assert_eq!(sql.find_code("AAAAA-AAAAA").await.unwrap(), Some(id("r_a")));
    assert_eq!(sql.count_rooms().await.unwrap(), 1);
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), None);

    assert!(!sql.has_room(&id("r_b")).await.unwrap());
    assert_eq!(sql.find_code("BBBBB-BBBBB").await.unwrap(), None);
}

async fn a_taken_id_and_a_taken_code_are_told_apart(place: &Place) {
    let sql = place.open().await;
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

async fn a_room_that_was_known_but_never_made_can_be_made_again(place: &Place) {
    let sql = place.open().await;
    assert_eq!(sql.create_room(&id("r_a"), "one", NOW).await.unwrap(), 1);
    assert_eq!(sql.create_room(&id("r_a"), "other", NOW).await.unwrap(), 2);
    assert_eq!(sql.find_code("other").await.unwrap(), Some(id("r_a")));
    assert_eq!(sql.find_code("one").await.unwrap(), None);
    assert_eq!(sql.count_rooms().await.unwrap(), 1);
}

async fn epochs_rise_above_both_the_issued_and_the_held_ones(place: &Place) {
    let sql = place.open().await;
    create(&sql, &["r_a", "r_behind", "r_gone"]).await;
    let held = [(id("r_behind"), 7), (id("r_a"), 1), (id("r_unknown"), 3)];
    let raised = sql.raise_epochs(&held, NOW).await.unwrap();
    assert_eq!(raised, [(id("r_behind"), 8), (id("r_a"), 2), (id("r_unknown"), 4)]);

    assert_eq!(sql.count_rooms().await.unwrap(), 3);
    assert!(!sql.has_room(&id("r_gone")).await.unwrap());
    let raised = sql.raise_epochs(&raised, NOW).await.unwrap();
    assert_eq!(raised, [(id("r_behind"), 9), (id("r_a"), 3), (id("r_unknown"), 5)]);
    assert_eq!(sql.find_code("code of r_a").await.unwrap(), Some(id("r_a")));
}

async fn epochs_of_more_rooms_than_one_statement_names_rise_too(place: &Place) {
    let sql = place.open().await;
    let rooms: Vec<_> = (0..1_300).map(|room| (id(&format!("r_{room}")), 1)).collect();
    let raised = sql.raise_epochs(&rooms, NOW).await.unwrap();
    assert!(raised.iter().all(|(_, epoch)| *epoch == 2));
    assert_eq!(sql.count_rooms().await.unwrap(), 1_300);

    let raised = sql.raise_epochs(&rooms[..2], NOW).await.unwrap();
    assert_eq!(raised, [(id("r_0"), 3), (id("r_1"), 3)]);
    assert_eq!(sql.count_rooms().await.unwrap(), 2);
}

async fn known_rooms_alone_get_a_new_epoch(place: &Place) {
    let sql = place.open().await;
    create(&sql, &["r_a", "r_b", "r_c"]).await;
    let rooms = [id("r_c"), id("r_unknown"), id("r_a"), id("r_c")];
    let mut raised = sql.raise_epoch_of(&rooms).await.unwrap();
    raised.sort_by_key(|(room_id, _)| room_id.to_string());
    assert_eq!(raised, [(id("r_a"), 2), (id("r_c"), 2)]);
    assert!(!sql.has_room(&id("r_unknown")).await.unwrap());
    assert_eq!(sql.raise_epoch_of(&[id("r_b")]).await.unwrap(), [(id("r_b"), 2)]);
    assert_eq!(sql.raise_epoch_of(&[]).await.unwrap(), []);
}

async fn an_epoch_rises_above_what_a_store_holds(place: &Place) {
    let sql = place.open().await;
    create(&sql, &["r_a"]).await;
    assert_eq!(sql.raise_epoch_above(&id("r_a"), 7).await.unwrap(), Some(8));
    assert_eq!(sql.raise_epoch_above(&id("r_a"), 8).await.unwrap(), Some(9));
    assert_eq!(sql.raise_epoch_above(&id("r_a"), 2).await.unwrap(), Some(10));
    assert_eq!(sql.raise_epoch_above(&id("r_unknown"), 2).await.unwrap(), None);
    assert!(!sql.has_room(&id("r_unknown")).await.unwrap());

    // None is above these.
    for floor in [u64::MAX, i64::MAX as u64] {
        sql.raise_epoch_above(&id("r_a"), floor).await.unwrap_err();
    }
    assert_eq!(sql.raise_epoch_of(&[id("r_a")]).await.unwrap(), [(id("r_a"), 11)]);
}

async fn nodes_that_raise_the_same_epochs_at_once_all_get_their_own(place: &Place) {
    let sql = place.open().await;
    let mut rooms: Vec<_> = (0..700).map(|room| id(&format!("r_{room}"))).collect();
    let held: Vec<_> = rooms.iter().map(|room_id| (room_id.clone(), 0)).collect();
    sql.raise_epochs(&held, NOW).await.unwrap();

    let mut nodes = Vec::new();
    for _ in 0..4 {
        let node = place.open().await;
        rooms.rotate_left(190);
        rooms.reverse();
        let rooms = rooms.clone();
        nodes.push(tokio::spawn(async move {
            let raised = node.raise_epoch_of(&rooms).await.unwrap();
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

async fn a_snapshot_gives_way_to_newer_ones_only(place: &Place) {
    let sql = place.open().await;
    create(&sql, &["r_a", "r_b"]).await;
    let mut newest = None;
    for (epoch, version) in [(1, 9), (1, 8), (1, 9), (1, 10), (2, 1), (1, 11), (2, 0), (3, 2)] {
        let row = snapshot("r_a", epoch, version);
        let position = |row: &SnapshotRow| (row.epoch, row.version);
        sql.write_snapshots(&[row.clone(), snapshot("r_b", 1, 1)]).await.unwrap();
        if newest.as_ref().is_none_or(|newest| position(newest) < position(&row)) {
            newest = Some(row);
        }
        assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), newest);
    }
    // The body of a version is what was written first.
    let mut forged = snapshot("r_a", 3, 2);
    forged.body = b"another".to_vec();
    sql.write_snapshots(&[forged]).await.unwrap();
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), Some(snapshot("r_a", 3, 2)));
    // A snapshot is no epoch.
    assert_eq!(sql.raise_epoch_of(&[id("r_a")]).await.unwrap(), [(id("r_a"), 2)]);
}

async fn of_several_snapshots_of_one_room_the_newest_is_kept(place: &Place) {
    let sql = place.open().await;
    create(&sql, &["r_a", "r_b"]).await;
    let rows = [
        snapshot("r_a", 1, 7),
        snapshot("r_b", 1, 1),
        snapshot("r_a", 2, 1),
        snapshot("r_a", 1, 9),
    ];
    sql.write_snapshots(&rows).await.unwrap();
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), Some(snapshot("r_a", 2, 1)));
    assert_eq!(sql.load_snapshot(&id("r_b")).await.unwrap(), Some(snapshot("r_b", 1, 1)));
}

async fn a_snapshot_brings_no_deleted_room_back(place: &Place) {
    let sql = place.open().await;
    create(&sql, &["r_a", "r_gone"]).await;
    sql.delete_rooms(&[id("r_gone")]).await.unwrap();
    sql.write_snapshots(&[snapshot("r_gone", 9, 9), snapshot("r_a", 1, 2)]).await.unwrap();
    assert!(!sql.has_room(&id("r_gone")).await.unwrap());
    assert_eq!(sql.load_snapshot(&id("r_gone")).await.unwrap(), None);
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), Some(snapshot("r_a", 1, 2)));
}

async fn more_snapshots_than_one_statement_names_come_back_byte_for_byte(place: &Place) {
    let sql = place.open().await;
    let names: Vec<String> = (0..130).map(|room| format!("r_{room:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    create(&sql, &names).await;
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

async fn nothing_is_left_of_a_deleted_room(place: &Place) {
    let sql = place.open().await;
    create(&sql, &["r_a", "r_b"]).await;
    sql.write_snapshots(&[snapshot("r_a", 1, 5)]).await.unwrap();
    sql.delete_rooms(&[id("r_a"), id("r_unknown")]).await.unwrap();
    assert!(!sql.has_room(&id("r_a")).await.unwrap());
    assert_eq!(sql.find_code("code of r_a").await.unwrap(), None);
    assert_eq!(sql.raise_epoch_of(&[id("r_a")]).await.unwrap(), []);
    assert_eq!(sql.count_rooms().await.unwrap(), 1);

    // Another room may have the code, and nothing of the old one.
    sql.create_room(&id("r_c"), "code of r_a", NOW).await.unwrap();
    sql.create_room(&id("r_a"), "another", NOW).await.unwrap();
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), None);
}

async fn rooms_are_listed_in_pages_each_once(place: &Place) {
    let sql = place.open().await;
    assert_eq!(sql.list_rooms(None, 10).await.unwrap(), []);
    let names = ["r_B", "r_a", "r_Z", "r_z", "r_0", "r_9", "r_b"];
    create(&sql, &names).await;
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

async fn the_token_key_is_made_once_and_kept(place: &Place) {
    let (one, other) = (place.open().await, place.open().await);
    let key = |kid: &str| TokenKey { kid: kid.to_owned(), pkcs8: vec![0, 255], public: vec![4] };
    let (first, second) = tokio::join!(
        one.load_or_create_token_key(|| key("k1"), NOW),
        other.load_or_create_token_key(|| key("k2"), NOW),
    );
    let made = first.unwrap();
    assert_eq!(made, second.unwrap());
    one.close().await;

    let kept = place.open().await.load_or_create_token_key(|| key("k3"), NOW).await.unwrap();
    assert_eq!(kept, made);
    assert!(!format!("{kept:?}").contains("pkcs8"));
}

async fn a_database_keeps_its_name_and_no_other_has_it(place: &Place) {
    let sql = place.open().await;
    let name = sql.database_id().await.unwrap();
    sql.is_reachable().await.unwrap();
    sql.close().await;
    assert_eq!(place.open().await.database_id().await.unwrap(), name);
    assert_ne!(Place::file().open().await.database_id().await.unwrap(), name);
}

async fn nodes_that_open_a_new_database_at_once_find_it_whole(place: &Place) {
    let mut names = HashSet::new();
    for sql in open_at_once(place).await {
        names.insert(sql.database_id().await.unwrap());
    }
    assert_eq!(names.len(), 1);
}

async fn nodes_that_open_a_database_of_the_version_before_at_once_keep_its_rooms(place: &Place) {
    let sql = place.open().await;
    for statement in [
        "DROP INDEX rooms_code",
        "ALTER TABLE rooms DROP COLUMN code",
        "ALTER TABLE rooms DROP COLUMN snapshot_epoch",
        "ALTER TABLE rooms DROP COLUMN snapshot_version",
        "ALTER TABLE rooms DROP COLUMN snapshot",
        "DROP TABLE identity",
        "DELETE FROM _sqlx_migrations WHERE version > 1",
        "INSERT INTO rooms VALUES ('r_a', 4, 1000), ('r_b', 5, 1000)",
    ] {
        sqlx::query(statement).execute(&sql.pool).await.unwrap();
    }
    sql.close().await;

    let sql = open_at_once(place).await.remove(0);
    assert_eq!(sql.raise_epoch_of(&[id("r_a")]).await.unwrap(), [(id("r_a"), 5)]);
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), None);
    sql.write_snapshots(&[snapshot("r_b", 5, 1)]).await.unwrap();
    assert_eq!(sql.load_snapshot(&id("r_b")).await.unwrap(), Some(snapshot("r_b", 5, 1)));
}

async fn a_database_of_a_newer_program_is_refused_in_words(place: &Place) {
    let sql = place.open().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'later', TRUE, $1, 0)",
    )
    .bind(vec![0])
    .execute(&sql.pool)
    .await
    .unwrap();
    sql.close().await;

    let error = Sql::open(&place.url).await.unwrap_err();
    assert!(matches!(error, SqlError::Newer { found: 999, known: 2 }), "{error:?}");
    assert!(error.to_string().contains("newer version of this program"), "{error}");
}

async fn an_operation_that_is_not_finished_changes_nothing(place: &Place) {
    let sql = place.open().await;
    create(&sql, &["r_a"]).await;
    // More often than there are connections.
    for _ in 0..10 {
        let mut work = sql.transaction("stop halfway").await.unwrap();
        let statement = format!("DELETE FROM rooms WHERE room_id = '{}'", id("r_a"));
        work.execute(sqlx::query(AssertSqlSafe(statement))).await.unwrap();
        drop(work);
        assert!(sql.has_room(&id("r_a")).await.unwrap());
    }
}

async fn a_closed_database_answers_with_an_error(place: &Place) {
    let sql = place.open().await;
    sql.close().await;
    let error = sql.create_room(&id("r_a"), "one", NOW).await.unwrap_err();
    assert_eq!(error.to_string(), "sql: create a room");
    sql.is_reachable().await.unwrap_err();
}

/// As nodes do that start together.
async fn open_at_once(place: &Place) -> Vec<Sql> {
    let mut nodes = Vec::new();
    for _ in 0..6 {
        let url = place.url.clone();
        nodes.push(tokio::spawn(async move { Sql::open(&url).await }));
    }
    let mut opened = Vec::new();
    for node in nodes {
        opened.push(node.await.unwrap().unwrap());
    }
    opened
}
