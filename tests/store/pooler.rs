//! PostgreSQL behind pgbouncer.

use engine::{RoomId, Timestamp};
use harness::{Pooler, PostgresServer};
use server::sql::Sql;

const STARTS: &str = "ignore_startup_parameters = extra_float_digits";

#[tokio::test]
async fn a_pooler_that_keeps_sessions_is_as_good_as_postgresql_itself() {
    let postgres = PostgresServer::start_unsynced().await.unwrap();
    let settings = format!("{STARTS}\npool_mode = session");
    let pooler = Pooler::start(&postgres, &settings).await.unwrap();
    let sql = Sql::open(&pooler.url()).await.unwrap();
    sql.claim_for("redis").await.unwrap();
    for name in ["r_a", "r_b", "r_c"] {
        let room_id = RoomId::new(name);
        sql.create_room(&room_id, name, Timestamp::default()).await.unwrap();
        assert!(sql.has_room(&room_id).await.unwrap());
    }
    let direct = Sql::open(&postgres.url()).await.unwrap();
    assert_eq!(direct.count_rooms().await.unwrap(), 3);
    assert_eq!(direct.database_id().await.unwrap(), sql.database_id().await.unwrap());
}

#[tokio::test]
async fn a_pooler_that_lends_each_transaction_another_connection_is_refused_in_words() {
    let postgres = PostgresServer::start_unsynced().await.unwrap();
    for mode in ["transaction", "statement"] {
        let settings = format!("{STARTS}\npool_mode = {mode}");
        let pooler = Pooler::start(&postgres, &settings).await.unwrap();
        let refused = Sql::open(&pooler.url()).await.unwrap_err().to_string();
        assert!(refused.contains("pool_mode = session"), "{mode}: {refused}");
    }
}

#[tokio::test]
async fn a_pooler_that_refuses_the_start_of_a_connection_is_named_with_its_setting() {
    let postgres = PostgresServer::start_unsynced().await.unwrap();
    let pooler = Pooler::start(&postgres, "pool_mode = session").await.unwrap();
    let refused = Sql::open(&pooler.url()).await.unwrap_err().to_string();
    assert!(refused.contains("ignore_startup_parameters = extra_float_digits"), "{refused}");
}
