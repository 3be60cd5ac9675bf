//! Writes that can't be done are refused, and work again once they can.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;
use crate::store::memory::job::QUEUE_MAX;

/// The longest wait for something that takes a fraction of a second.
const HANG: Duration = Duration::from_secs(10);
/// As many pages as SQLite has in any case.
const DISK_FULL: u32 = 1;
/// More pages than any test needs.
const DISK_FREE: u32 = 1_000_000;

#[tokio::test]
async fn a_second_store_in_the_same_directory_is_refused_with_a_clear_error() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }));
    assert!(error.to_string().contains("another process is using"), "{error}");

    store.close().await;
    open(dir.path()).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_commits_until_there_is_space() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let party = create(&store, "full").await;
    let mut subscription = store.subscribe();
    let long = rename(&party, &"x".repeat(100_000));

    store.pages_max.store(DISK_FULL, Ordering::Relaxed);
    let error = store.commit(&Arc::new(party.clone()), Arc::new(long.clone())).await.unwrap_err();
    assert!(error.cause.unwrap().to_string().contains("full"));
    let mut large = room("large");
    large.profile.name = "x".repeat(100_000);
    store.create(large.clone()).await.unwrap_err();
    store.check_writable().await.unwrap_err();
    assert!(store.add_member(&party.room_id, member("p_a"), 8, &|_| false).await.unwrap());
    assert_eq!(load(&store, &party.room_id).await, party);
    assert!(subscription.try_recv().is_err());

    store.pages_max.store(DISK_FREE, Ordering::Relaxed);
    becomes_writable(&store).await;
    let outcome = store.commit(&Arc::new(party.clone()), Arc::new(long.clone())).await.unwrap();
    assert_eq!(outcome, CommitOutcome::Committed);
    let News::Commit(published) = subscription.try_recv().unwrap() else { panic!("a commit") };
    assert_eq!(*published.commit, long);
    store.create(large).await.unwrap();
    let party = load(&store, &party.room_id).await;
    store.close().await;

    let (store, _) = open(dir.path()).await.unwrap();
    assert_rebased(&store, &party).await;
    assert!(store.find_code("large").await.unwrap().is_some());
    let kept = store.find_member(&party.room_id, &ParticipantId::new("p_a")).await.unwrap();
    assert_eq!(kept, Some(member("p_a")));
}

#[tokio::test]
async fn a_journal_that_another_program_has_locked_refuses_commits_until_it_is_released() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let party = create(&store, "held").await;
    let mut other = connect(dir.path()).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let commit = Arc::new(rename(&party, "renamed"));
    store.commit(&Arc::new(party.clone()), commit.clone()).await.unwrap_err();
    assert_eq!(load(&store, &party.room_id).await, party);
    store.check_writable().await.unwrap_err();

    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    becomes_writable(&store).await;
    let outcome = store.commit(&Arc::new(party), commit).await.unwrap();
    assert_eq!(outcome, CommitOutcome::Committed);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_then_drains() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    // The writer takes nothing from the queue before this test first awaits.
    let mut creations: Vec<_> =
        (0..QUEUE_MAX + 1).map(|number| Box::pin(create_queued(store.clone(), number))).collect();
    for creation in &mut creations {
        assert!(futures_util::poll!(creation.as_mut()).is_pending());
        if store.queue.capacity() == 0 {
            break;
        }
    }
    let last = creations.pop().unwrap();
    let error = last.await.unwrap_err();
    assert!(error.cause.unwrap().to_string().contains("too many writes"));
    for creation in creations {
        creation.await.unwrap();
    }
    create_queued(store.clone(), QUEUE_MAX).await.unwrap();
}

#[tokio::test]
async fn a_closed_store_refuses_writes_and_still_answers_reads() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let party = create(&store, "closed").await;
    store.close().await;
    store.close().await;
    store.commit(&Arc::new(party.clone()), Arc::new(rename(&party, "late"))).await.unwrap_err();
    store.create(room("late")).await.unwrap_err();
    store.add_member(&party.room_id, member("p_a"), 8, &|_| false).await.unwrap_err();
    assert_eq!(load(&store, &party.room_id).await, party);
    assert_eq!(store.find_code("late").await.unwrap(), None);
}

#[tokio::test]
async fn the_file_shrinks_once_its_rooms_are_gone() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let mut rooms = Vec::new();
    for number in 0..80 {
        let mut large = room(&format!("large-{number}"));
        large.profile.name = "x".repeat(100_000);
        store.create(large.clone()).await.unwrap();
        rooms.push(large.room_id);
    }
    let pages = async || {
        let mut journal = connect(dir.path()).await;
        let pages = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut journal).await;
        journal.close().await.unwrap();
        let pages: i64 = pages.unwrap();
        pages
    };
    let full = pages().await;
    for room_id in &rooms {
        delete(&*store, room_id).await;
    }
    let shrunk = async {
        while pages().await > full / 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(HANG, shrunk).await.expect("most of the file is given back");
}

/// Waits until the store says that commits can be stored, without anybody's write.
async fn becomes_writable(store: &MemoryStore) {
    let noticed = async {
        while store.check_writable().await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(HANG, noticed).await.expect("it is noticed");
}
