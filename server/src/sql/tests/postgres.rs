//! The laws on a real PostgreSQL, and its faults.

use std::time::Duration;

use harness::PostgresServer;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::super::{Sql, SqlError};
use super::{NOW, Place, create, id, laws, snapshot};

/// By when anything has ended that ends at all.
const DEADLINE: Duration = Duration::from_secs(30);

/// One test, since the server must be ended when the last law is done.
#[tokio::test]
async fn every_law_holds_on_postgresql() {
    let server = PostgresServer::start_unsynced().await.unwrap();
    let mut broken = Vec::new();
    for (number, (name, law)) in laws::ALL.iter().enumerate() {
        let url = server.create_database(&format!("law_{number}")).await.unwrap();
        let kept = tokio::spawn(law(Place { url, _dir: None }));
        if !matches!(timeout(DEADLINE, kept).await, Ok(Ok(()))) {
            broken.push(*name);
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn rows_that_another_session_holds_give_an_error_and_later_work() {
    let server = PostgresServer::start_unsynced().await.unwrap();
    let sql = Sql::open(&server.url()).await.unwrap();
    create(&sql, &["r_a"]).await;
    let other = Sql::open(&server.url()).await.unwrap();
    let mut held = other.transaction("hold a room").await.unwrap();
    held.lock_rooms(&["r_a"]).await.unwrap();
    let error = sql.raise_epoch_of(&[id("r_a")]).await.unwrap_err();
    let SqlError::Statement { operation: "raise epochs of rooms", source } = error else {
        panic!("{error:?}")
    };
    assert!(source.to_string().contains("statement timeout"), "{source}");

    held.commit().await.unwrap();
    assert_eq!(sql.raise_epoch_of(&[id("r_a")]).await.unwrap(), [(id("r_a"), 2)]);
}

#[tokio::test]
async fn a_stopped_server_gives_errors_in_time_and_a_restarted_one_works_without_reopening() {
    let mut server = PostgresServer::start().await.unwrap();
    let sql = Sql::open(&server.url()).await.unwrap();
    create(&sql, &["r_a"]).await;
    sql.write_snapshots(&[snapshot("r_a", 1, 3)]).await.unwrap();
    let name = sql.database_id().await.unwrap();

    server.stop().await.unwrap();
    each_operation_fails(&sql).await;
    let unopened = timeout(DEADLINE, Sql::open(&server.url())).await.unwrap().unwrap_err();
    assert_eq!(unopened.to_string(), "sql: open");
    server.restart().await.unwrap();
    sql.is_reachable().await.unwrap();
    assert_eq!(sql.raise_epoch_of(&[id("r_a")]).await.unwrap(), [(id("r_a"), 2)]);

    // What was acknowledged survives, and epochs don't go back.
    server.kill_9().await.unwrap();
    server.restart().await.unwrap();
    assert_eq!(sql.raise_epoch_of(&[id("r_a")]).await.unwrap(), [(id("r_a"), 3)]);
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), Some(snapshot("r_a", 1, 3)));
    assert_eq!(sql.database_id().await.unwrap(), name);
}

#[tokio::test]
async fn a_paused_server_gives_errors_in_time_and_works_when_it_goes_on() {
    let server = PostgresServer::start().await.unwrap();
    let sql = Sql::open(&server.url()).await.unwrap();
    create(&sql, &["r_a", "r_b"]).await;
    let mut halfway = sql.transaction("stop halfway").await.unwrap();
    halfway.execute(sqlx::query("DELETE FROM rooms")).await.unwrap();

    server.pause().unwrap();
    // More than there are connections, so that none of them is kept by what hangs.
    let mut many = JoinSet::new();
    for _ in 0..4 {
        let sql = sql.clone();
        many.spawn(async move { each_operation_fails(&sql).await });
    }
    let error = timeout(DEADLINE, halfway.commit()).await.unwrap().unwrap_err();
    assert!(matches!(error, SqlError::Timeout { operation: "stop halfway", .. }), "{error:?}");
    many.join_all().await;

    server.resume().unwrap();
    sql.is_reachable().await.unwrap();
    sql.create_room(&id("r_later"), "later", NOW).await.unwrap();
}

/// Every operation ends with an error that names it.
async fn each_operation_fails(sql: &Sql) {
    let (rooms, new) = ([id("r_a")], id("r_new"));
    let rows = [snapshot("r_a", 9, 9)];
    let (create, above, write, delete, one, ping) = tokio::join!(
        timeout(DEADLINE, sql.create_room(&new, "new", NOW)),
        timeout(DEADLINE, sql.raise_epoch_above(&rooms[0], 7)),
        timeout(DEADLINE, sql.write_snapshots(&rows)),
        timeout(DEADLINE, sql.delete_rooms(&rooms)),
        timeout(DEADLINE, sql.load_snapshot(&rooms[0])),
        timeout(DEADLINE, sql.is_reachable()),
    );
    let errors = [
        create.unwrap().unwrap_err(),
        above.unwrap().unwrap_err(),
        write.unwrap().unwrap_err(),
        delete.unwrap().unwrap_err(),
        one.unwrap().unwrap_err(),
        ping.unwrap().unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().starts_with("sql: "), "{error:?}");
    }
}
