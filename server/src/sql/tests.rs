use engine::{RoomId, Timestamp};
use tempfile::TempDir;

use super::{Sql, SqlError, TokenKey};

const NOW: Timestamp = Timestamp::from_millis(1_000);

#[tokio::test]
async fn a_new_room_has_the_first_epoch_and_can_not_be_made_twice() {
    let (_dir, sql) = database().await;
    assert_eq!(sql.create_room_epoch(&id("r_a"), NOW).await.unwrap(), 1);
    assert!(matches!(
        sql.create_room_epoch(&id("r_a"), NOW).await,
        Err(SqlError::Statement { .. })
    ));
}

#[tokio::test]
async fn epochs_rise_above_both_the_issued_and_the_held_ones() {
    let (_dir, sql) = database().await;
    for room in ["r_a", "r_behind", "r_gone"] {
        sql.create_room_epoch(&id(room), NOW).await.unwrap();
    }
    let held = [(id("r_a"), 1), (id("r_behind"), 7), (id("r_unknown"), 3)];
    let raised = sql.raise_epochs(&held, NOW).await.unwrap();
    assert_eq!(raised, [(id("r_a"), 2), (id("r_behind"), 8), (id("r_unknown"), 4)]);

    assert_eq!(sql.count_rooms().await.unwrap(), 3);
    let raised = sql.raise_epochs(&raised, NOW).await.unwrap();
    assert_eq!(raised, [(id("r_a"), 3), (id("r_behind"), 9), (id("r_unknown"), 5)]);
}

#[tokio::test]
async fn epochs_of_more_rooms_than_one_statement_names_rise_too() {
    let (_dir, sql) = database().await;
    let rooms: Vec<_> = (0..1_300).map(|room| (id(&format!("r_{room}")), 1)).collect();
    let raised = sql.raise_epochs(&rooms, NOW).await.unwrap();
    assert!(raised.iter().all(|(_, epoch)| *epoch == 2));
    assert_eq!(sql.count_rooms().await.unwrap(), 1_300);

    let ids: Vec<_> = raised.into_iter().map(|(room_id, _)| room_id).collect();
    sql.delete_rooms(&ids).await.unwrap();
    assert_eq!(sql.count_rooms().await.unwrap(), 0);
}

#[tokio::test]
async fn the_token_key_is_made_once_and_kept() {
    let (dir, sql) = database().await;
    let (one, other) = tokio::join!(
        sql.load_or_create_token_key(|| key("k1"), NOW),
        sql.load_or_create_token_key(|| key("k2"), NOW),
    );
    let made = one.unwrap();
    assert_eq!(made, other.unwrap());
    sql.close().await;

    let sql = Sql::open_file(&dir.path().join("playhead.db")).await.unwrap();
    let kept = sql.load_or_create_token_key(|| key("k3"), NOW).await.unwrap();
    assert_eq!(kept, made);
    assert!(!format!("{kept:?}").contains("pkcs8"));
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_in_words() {
    let (dir, sql) = database().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'later', 1, x'00', 0)",
    )
    .execute(&sql.pool)
    .await
    .unwrap();
    sql.close().await;

    let error = Sql::open_file(&dir.path().join("playhead.db")).await.unwrap_err();
    assert!(matches!(error, SqlError::Newer { found: 999, .. }));
    assert!(error.to_string().contains("newer version of this program"), "{error}");
}

#[tokio::test]
async fn a_url_of_another_kind_is_refused_in_words() {
    let error = Sql::open("postgres://localhost/playhead").await.unwrap_err();
    assert!(error.to_string().contains("sqlite://"), "{error}");
}

#[tokio::test]
async fn a_url_names_the_file_and_its_directory_is_made() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("new").join("playhead.db");
    let sql = Sql::open(&format!("sqlite://{}", file.display())).await.unwrap();
    sql.close().await;
    assert!(file.exists());
}

async fn database() -> (TempDir, Sql) {
    let dir = TempDir::new().unwrap();
    let sql = Sql::open_file(&dir.path().join("playhead.db")).await.unwrap();
    (dir, sql)
}

fn id(text: &str) -> RoomId {
    RoomId::new(text)
}

fn key(kid: &str) -> TokenKey {
    TokenKey { kid: kid.to_owned(), pkcs8: vec![1, 2, 3], public: vec![4, 5] }
}
