//! Laws of the database itself: opening, migrating and closing it, and the token key.

use std::collections::HashSet;

use sqlx::AssertSqlSafe;

use super::{Database, NOW, create_rooms, id, snapshot};
use crate::clock::WallTime;
use crate::sql::{Sql, SqlError, TokenKey};

pub(super) async fn the_token_key_is_created_once_and_kept(database: &Database) {
    let (one, other) = (database.open().await, database.open().await);
    let now = WallTime::from_millis(1_000);
    let (first, second) = tokio::join!(
        one.load_or_create_token_key(|_| true, || key("k1"), now),
        other.load_or_create_token_key(|_| true, || key("k2"), now),
    );
    let created = first.unwrap();
    assert_eq!(created, second.unwrap());
    one.close().await;

    let sql = database.open().await;
    let kept = sql.load_or_create_token_key(|_| true, || key("k3"), now).await.unwrap();
    assert_eq!(kept, created);
    assert!(!format!("{kept:?}").contains("pkcs8"));
}

pub(super) async fn a_token_key_that_is_unusable_is_named_and_the_newest_of_the_others_is_taken(
    database: &Database,
) {
    let sql = database.open().await;
    let at = WallTime::from_millis;
    let nothing = |_: &TokenKey| false;
    for (kid, created_at) in [("k1", 1_000), ("k2", 2_000), ("bad", 3_000)] {
        sql.load_or_create_token_key(nothing, || key(kid), at(created_at)).await.unwrap();
    }
    let is_good = |key: &TokenKey| key.kid != "bad";
    let loaded = sql.load_or_create_token_key(is_good, || key("k3"), at(4_000)).await.unwrap();
    assert_eq!((loaded.newest.kid.as_str(), loaded.unreadable), ("k2", vec!["bad".to_owned()]));

    let made = sql.load_or_create_token_key(nothing, || key("k3"), at(4_000)).await.unwrap();
    assert_eq!((made.newest.kid.as_str(), made.unreadable.len()), ("k3", 3));
    let kept = sql.load_or_create_token_key(is_good, || key("k4"), at(5_000)).await.unwrap();
    assert_eq!(kept.newest.kid, "k3");
}

pub(super) async fn a_database_keeps_its_id(database: &Database) {
    let sql = database.open().await;
    let id = sql.database_id().await.unwrap();
    sql.close().await;
    assert_eq!(database.open().await.database_id().await.unwrap(), id);
}

pub(super) async fn the_clock_of_a_database_shows_the_milliseconds_of_its_time(
    database: &Database,
) {
    let sql = database.open().await;
    let first = sql.wall_now().await.unwrap();
    let years = |years: u64| WallTime::from_millis(years * 365 * 24 * 60 * 60 * 1000);
    assert!((years(50)..years(200)).contains(&first), "since 1970: {first:?}");
    assert!(sql.wall_now().await.unwrap() >= first);
}

pub(super) async fn nodes_that_open_a_new_database_at_once_find_it_complete(database: &Database) {
    let mut ids = HashSet::new();
    for sql in open_at_once(database).await {
        ids.insert(sql.database_id().await.unwrap());
    }
    assert_eq!(ids.len(), 1);
}

pub(super) async fn nodes_that_open_a_database_of_the_previous_version_at_once_keep_its_rooms(
    database: &Database,
) {
    let sql = database.open().await;
    for statement in [
        "DROP INDEX rooms_code",
        "ALTER TABLE rooms DROP COLUMN code",
        "ALTER TABLE rooms DROP COLUMN snapshot_epoch",
        "ALTER TABLE rooms DROP COLUMN snapshot_version",
        "ALTER TABLE rooms DROP COLUMN snapshot",
        "DROP TABLE identity",
        "DROP TABLE refresh_families",
        "DROP TABLE creations",
        "DROP TABLE revoked_families",
        "DROP TABLE bans",
        "DROP TABLE access_changes",
        "DROP TABLE grants",
        "DROP TABLE invites",
        "DROP TABLE room_passwords",
        "DELETE FROM _sqlx_migrations WHERE version > 1",
        "INSERT INTO rooms VALUES ('r_a', 4, 1000), ('r_b', 5, 1000)",
    ] {
        sqlx::query(statement).execute(&sql.pool).await.unwrap();
    }
    sql.close().await;

    let sql = open_at_once(database).await.remove(0);
    assert_eq!(sql.raise_epochs(&[id("r_a")]).await.unwrap(), [(id("r_a"), 5)]);
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), None);
    sql.write_snapshots(&[snapshot("r_b", 5, 1)]).await.unwrap();
    assert_eq!(sql.load_snapshot(&id("r_b")).await.unwrap(), Some(snapshot("r_b", 5, 1)));
}

pub(super) async fn a_database_of_a_newer_program_is_rejected_with_a_readable_error(
    database: &Database,
) {
    let sql = database.open().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'later', TRUE, $1, 0)",
    )
    .bind(vec![0])
    .execute(&sql.pool)
    .await
    .unwrap();
    sql.close().await;

    let error = Sql::open(&database.url).await.unwrap_err();
    assert!(matches!(error, SqlError::Newer { found: 999, known: 13 }), "{error:?}");
    assert!(error.to_string().contains("newer version of this program"), "{error}");
}

pub(super) async fn an_unfinished_operation_changes_nothing(database: &Database) {
    let sql = database.open().await;
    create_rooms(&sql, &["r_a"]).await;
    // More often than there are connections, so that a connection that is kept would be noticed.
    for _ in 0..10 {
        let mut operation = sql.begin_transaction("stop halfway").await.unwrap();
        let statement = format!("DELETE FROM rooms WHERE room_id = '{}'", id("r_a"));
        operation.execute(sqlx::query(AssertSqlSafe(statement))).await.unwrap();
        drop(operation);
        assert!(sql.has_room(&id("r_a")).await.unwrap());
    }
}

pub(super) async fn a_closed_database_returns_errors(database: &Database) {
    let sql = database.open().await;
    sql.close().await;
    let error = sql.create_room(&id("r_a"), "one", NOW).await.unwrap_err();
    assert_eq!(error.to_string(), "sql: create a room");
    sql.database_id().await.unwrap_err();
}

/// Opens a database as six nodes that start at the same time do.
async fn open_at_once(database: &Database) -> Vec<Sql> {
    let mut nodes = Vec::new();
    for _ in 0..6 {
        let url = database.url.clone();
        nodes.push(tokio::spawn(async move { Sql::open(&url).await }));
    }
    let mut opened = Vec::new();
    for node in nodes {
        opened.push(node.await.unwrap().unwrap());
    }
    opened
}

fn key(kid: &str) -> TokenKey {
    TokenKey { kid: kid.to_owned(), pkcs8: vec![0, 255], public: vec![4] }
}
