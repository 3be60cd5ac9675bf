//! Journals that can't be used are refused, with an error that says what to do.

use super::*;

#[tokio::test]
async fn a_journal_of_garbage_is_refused_with_a_clear_error() {
    let dir = stored_room("garbage").await;
    std::fs::write(dir.path().join(FILE), "not a database at all".repeat(1_000)).unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains(FILE), "{error}");
}

#[tokio::test]
async fn a_journal_that_lost_its_content_is_refused_with_a_clear_error() {
    let dir = stored_room("emptied").await;
    let sql = database(dir.path()).await;
    assert_eq!(sql.count_rooms().await.unwrap(), 1);
    std::fs::write(dir.path().join(FILE), "").unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Emptied { rooms: 1, .. }), "{error}");

    // Moving the journal away is a decision to forget its rooms.
    std::fs::remove_file(dir.path().join(FILE)).unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    assert!(store.list_public().await.unwrap().is_empty());
    assert_eq!(sql.count_rooms().await.unwrap(), 0);
}

#[tokio::test]
async fn a_damaged_row_is_refused_with_a_clear_error() {
    for (damage, words) in [
        (
            "UPDATE commits SET body = x'7b' WHERE version = 3",
            "commit 3 of r_damaged can't be read",
        ),
        ("DELETE FROM commits WHERE version = 3", "commit 3 of r_damaged is missing"),
        ("DELETE FROM snapshots", "commits of r_damaged have no snapshot"),
        ("UPDATE snapshots SET body = x'7b'", "the snapshot of r_damaged can't be read"),
    ] {
        let dir = stored_room("damaged").await;
        let mut journal = connect(dir.path()).await;
        sqlx::query(damage).execute(&mut journal).await.unwrap();
        journal.close().await.unwrap();
        let error = open(dir.path()).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_journal_of_a_newer_program_is_refused_with_a_clear_error() {
    let dir = stored_room("newer").await;
    let mut journal = connect(dir.path()).await;
    sqlx::query("PRAGMA user_version = 99").execute(&mut journal).await.unwrap();
    journal.close().await.unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }));
    assert!(error.to_string().contains("newer version of this program"), "{error}");
}
