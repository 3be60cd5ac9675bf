//! SQL on a real PostgreSQL: the laws of every database, and the faults of the server.

use std::time::Duration;

use engine::RoomId;
use harness::PostgresServer;
use server::sql::laws::{self, Database, NOW, create_rooms, snapshot};
use server::sql::{Sql, SqlError};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Every operation ends before this, if it ends at all.
const DEADLINE: Duration = Duration::from_secs(30);

/// One test for all laws, because the server must be stopped when the last law is done.
#[tokio::test]
async fn every_law_holds_on_postgresql() {
    let server = PostgresServer::start_unsynced().await.unwrap();
    let mut broken = Vec::new();
    for (number, (name, law)) in laws::ALL.iter().enumerate() {
        let url = server.create_database(&format!("law_{number}")).await.unwrap();
        let run = tokio::spawn(law(Database { url }));
        if !matches!(timeout(DEADLINE, run).await, Ok(Ok(()))) {
            broken.push(*name);
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");

    let (one, other) = (server.create_database("one").await, server.create_database("other").await);
    let one = Sql::open(&one.unwrap()).await.unwrap();
    let other = Sql::open(&other.unwrap()).await.unwrap();
    assert_ne!(one.database_id().await.unwrap(), other.database_id().await.unwrap());
}

#[tokio::test]
async fn rows_locked_by_another_session_give_an_error_and_work_once_they_are_released() {
    let server = PostgresServer::start_unsynced().await.unwrap();
    let sql = Sql::open(&server.url()).await.unwrap();
    create_rooms(&sql, &["r_a"]).await;
    let other = Sql::open(&server.url()).await.unwrap();
    let mut holding = other.begin_transaction("hold a room").await.unwrap();
    holding.lock_rooms(&["r_a"]).await.unwrap();
    let error = sql.raise_epochs(&[id("r_a")]).await.unwrap_err();
    let SqlError::Statement { operation: "raise epochs of rooms", source } = error else {
        panic!("{error:?}")
    };
    assert!(source.to_string().contains("statement timeout"), "{source}");

    holding.commit().await.unwrap();
    assert_eq!(sql.raise_epochs(&[id("r_a")]).await.unwrap(), [(id("r_a"), 2)]);
}

#[tokio::test]
async fn a_stopped_server_gives_errors_in_time_and_works_after_a_restart_without_reopening() {
    let mut server = PostgresServer::start().await.unwrap();
    let sql = Sql::open(&server.url()).await.unwrap();
    create_rooms(&sql, &["r_a"]).await;
    sql.write_snapshots(&[snapshot("r_a", 1, 3)]).await.unwrap();
    let database_id = sql.database_id().await.unwrap();

    server.stop().await.unwrap();
    each_operation_fails(&sql).await;
    let unopened = timeout(DEADLINE, Sql::open(&server.url())).await.unwrap().unwrap_err();
    assert_eq!(unopened.to_string(), "sql: open");
    server.restart().await.unwrap();
    assert_eq!(sql.raise_epochs(&[id("r_a")]).await.unwrap(), [(id("r_a"), 2)]);

    // What was acknowledged survives, and epochs don't go back.
    server.kill_9().await.unwrap();
    server.restart().await.unwrap();
    assert_eq!(sql.raise_epochs(&[id("r_a")]).await.unwrap(), [(id("r_a"), 3)]);
    assert_eq!(sql.load_snapshot(&id("r_a")).await.unwrap(), Some(snapshot("r_a", 1, 3)));
    assert_eq!(sql.database_id().await.unwrap(), database_id);
}

#[tokio::test]
async fn a_paused_server_gives_errors_in_time_and_works_when_it_resumes() {
    let server = PostgresServer::start().await.unwrap();
    let sql = Sql::open(&server.url()).await.unwrap();
    create_rooms(&sql, &["r_a", "r_b"]).await;
    let mut halfway = sql.begin_transaction("stop halfway").await.unwrap();
    halfway.lock_rooms(&["r_a", "r_b"]).await.unwrap();

    server.pause().unwrap();
    // More operations than there are connections, so that none of them is kept by what hangs.
    let mut many = JoinSet::new();
    for _ in 0..4 {
        let sql = sql.clone();
        many.spawn(async move { each_operation_fails(&sql).await });
    }
    let error = timeout(DEADLINE, halfway.commit()).await.unwrap().unwrap_err();
    assert!(matches!(error, SqlError::Timeout { operation: "stop halfway", .. }), "{error:?}");
    many.join_all().await;

    server.resume().unwrap();
    sql.database_id().await.unwrap();
    sql.create_room(&id("r_later"), "later", NOW).await.unwrap();
}

/// Asserts that every operation fails with an error that names it.
async fn each_operation_fails(sql: &Sql) {
    let (rooms, new) = ([id("r_a")], id("r_new"));
    let rows = [snapshot("r_a", 9, 9)];
    let (create, above, write, delete, one, database_id) = tokio::join!(
        timeout(DEADLINE, sql.create_room(&new, "new", NOW)),
        timeout(DEADLINE, sql.raise_epoch_above(&rooms[0], 7)),
        timeout(DEADLINE, sql.write_snapshots(&rows)),
        timeout(DEADLINE, sql.delete_rooms(&rooms)),
        timeout(DEADLINE, sql.load_snapshot(&rooms[0])),
        timeout(DEADLINE, sql.database_id()),
    );
    let errors = [
        create.unwrap().unwrap_err(),
        above.unwrap().unwrap_err(),
        write.unwrap().unwrap_err(),
        delete.unwrap().unwrap_err(),
        one.unwrap().unwrap_err(),
        database_id.unwrap().unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().starts_with("sql: "), "{error:?}");
    }
}

fn id(text: &str) -> RoomId {
    RoomId::new(text)
}
