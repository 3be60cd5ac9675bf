use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use engine::{
    Actor, Command, Decision, Envelope, Facts, LifecycleState, Op, ParticipantId, Place, Request,
    Role, Room, RoomId, RoomPatch,
};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use super::journal::FILE;
use super::{MemoryStore, OpenError};
use crate::clock::RoomClock;
use crate::sql::Sql;
use crate::store::conformance::{self, delete, host, member, rename, room};
use crate::store::{CommitOutcome, News, RoomStore, StoreError};

/// As many pages as SQLite has anyway.
const DISK_FULL: u32 = 1;
/// More pages than any test takes.
const DISK_FREE: u32 = 1_000_000;

#[tokio::test]
async fn it_obeys_the_laws_of_a_store() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    conformance::all(&*store, "").await;
    conformance::at_any_time(&*store, "any-").await;
}

#[tokio::test]
async fn every_acknowledged_commit_and_every_member_survives_a_restart() {
    let dir = TempDir::new().unwrap();
    let (store, clock) = open(dir.path()).await.unwrap();
    let party = create(&store, "party").await;
    let party = commit_times(&store, party, 5).await;
    let other = create(&store, "other").await;
    for id in ["p_a", "p_b"] {
        assert!(store.add_member(&party.room_id, member(id), 2, &|_| false).await.unwrap());
    }
    let before = clock.now();
    store.close().await;

    let (store, clock) = open(dir.path()).await.unwrap();
    assert_rebased(&store, &party).await;
    assert_rebased(&store, &other).await;
    assert_eq!(store.find_code("party").await.unwrap(), Some(party.room_id.clone()));
    assert!(clock.now() >= before);
    for id in ["p_a", "p_b"] {
        let found = store.find_member(&party.room_id, &ParticipantId::new(id)).await.unwrap();
        assert_eq!(found, Some(member(id)));
    }
    // The order in which they joined is kept too: the oldest makes room.
    assert!(store.add_member(&party.room_id, member("p_c"), 2, &|_| false).await.unwrap());
    let gone = store.find_member(&party.room_id, &ParticipantId::new("p_a")).await.unwrap();
    assert_eq!(gone, None);
    store.close().await;

    let (store, _) = open(dir.path()).await.unwrap();
    assert_eq!(load(&store, &party.room_id).await.epoch, 3);
    let gone = store.find_member(&party.room_id, &ParticipantId::new("p_a")).await.unwrap();
    assert_eq!(gone, None);
}

#[tokio::test]
async fn every_acknowledged_commit_survives_a_crash() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let room = create(&store, "crash").await;
    let room = commit_times(&store, room, 3).await;

    // The files as they are at this moment are what a crash leaves.
    let crashed = TempDir::new().unwrap();
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let file = file.unwrap();
        if !file.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(file.path(), crashed.path().join(file.file_name())).unwrap();
        }
    }
    let (store, _) = open(crashed.path()).await.unwrap();
    assert_rebased(&store, &room).await;
}

#[tokio::test]
async fn snapshots_replace_commits_and_keep_the_room_right() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let room = create(&store, "long").await;
    let room = commit_times(&store, room, 300).await;
    assert_eq!(room.version, 301);
    store.close().await;
    assert_eq!(count(dir.path(), "snapshots").await, 1);
    assert_eq!(count(dir.path(), "commits").await, 301 - 256);

    let (store, _) = open(dir.path()).await.unwrap();
    assert_rebased(&store, &room).await;
}

#[tokio::test]
async fn a_repeated_command_is_known_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let room = create(&store, "ops").await;
    let room = commit_times(&store, room, 200).await;
    store.close().await;

    let (store, _) = open(dir.path()).await.unwrap();
    let restarted = load(&store, &room.room_id).await;
    for version in [1, 127, 128, 200] {
        let patch = RoomPatch { name: Some("again".to_owned()), ..RoomPatch::default() };
        let op = Op { participant_id: host(), id: format!("c{version}"), payload_hash: version };
        let actor = Actor::Participant { id: host(), base: Role::Member };
        let envelope = Envelope { op: Some(op), ..Envelope::of(actor) };
        let request = Request { envelope, command: Command::ChangeRoom(patch) };
        let answer = restarted.handle(&request, &Facts::default());
        assert_eq!(answer, Ok(Decision::Duplicate(Place { epoch: 1, version: version + 1 })));
    }
}

#[tokio::test]
async fn hosts_of_live_rooms_get_one_lease_to_come_back() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let waiting = create(&store, "waiting").await;
    let live = create(&store, "live").await;
    let request = Request::of_system(Command::Connected { participant: host() });
    let Ok(Decision::Commit(commit)) = live.handle(&request, &Facts::default()) else {
        panic!("the host comes")
    };
    store.commit(&Arc::new(live.clone()), Arc::new(*commit)).await.unwrap();
    store.close().await;

    let (store, clock) = open(dir.path()).await.unwrap();
    let signs = store.life_signs(&live.room_id).await.unwrap();
    let lease = signs.lease.unwrap();
    let rebased = load(&store, &live.room_id).await;
    assert_eq!(rebased.lifecycle.state, LifecycleState::Live);
    assert_eq!(lease, rebased.at.plus_millis(15_000));
    assert_eq!(signs.attended, Some(rebased.at), "nobody can have come while it was down");
    assert_eq!(store.life_signs(&waiting.room_id).await.unwrap().lease, None);
    assert!(store.list_due(lease, 10).await.unwrap().contains(&live.room_id));
    assert!(clock.now() >= rebased.at);
}

#[tokio::test]
async fn a_second_store_in_the_same_directory_is_refused_in_words() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }));
    assert!(error.to_string().contains("another process is using"), "{error}");

    store.close().await;
    open(dir.path()).await.unwrap();
}

#[tokio::test]
async fn many_commits_of_many_rooms_at_once_are_all_kept() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200 {
        let store = store.clone();
        tasks.spawn(async move {
            let room = create(&store, &format!("many-{number}")).await;
            commit_times(&store, room, 5).await
        });
    }
    let rooms = tasks.join_all().await;
    store.close().await;

    let (store, _) = open(dir.path()).await.unwrap();
    assert_eq!(store.list_public().await.unwrap().len(), 200);
    for room in rooms {
        assert_rebased(&store, &room).await;
    }
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
    assert!(store.add_member(&party.room_id, member("p_a"), 8, &|_| false).await.unwrap());
    assert_eq!(load(&store, &party.room_id).await, party);
    assert!(subscription.try_recv().is_err());

    store.pages_max.store(DISK_FREE, Ordering::Relaxed);
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
async fn a_journal_that_another_program_holds_refuses_commits_until_it_lets_go() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    let party = create(&store, "held").await;
    let mut other = connect(dir.path()).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let commit = Arc::new(rename(&party, "renamed"));
    store.commit(&Arc::new(party.clone()), commit.clone()).await.unwrap_err();
    assert_eq!(load(&store, &party.room_id).await, party);

    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let outcome = store.commit(&Arc::new(party), commit).await.unwrap();
    assert_eq!(outcome, CommitOutcome::Committed);
}

#[tokio::test]
async fn a_queue_that_is_full_refuses_at_once_and_drains() {
    let dir = TempDir::new().unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    // Nothing is taken from the queue before this test awaits for the first time.
    let mut creations: Vec<_> = (0..super::QUEUE_MAX + 1)
        .map(|number| Box::pin(create_queued(store.clone(), number)))
        .collect();
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
    create_queued(store.clone(), super::QUEUE_MAX).await.unwrap();
}

#[tokio::test]
async fn a_deleted_room_leaves_no_row_in_any_table() {
    let dir = TempDir::new().unwrap();
    let sql = database(dir.path()).await;
    let (store, clock) = MemoryStore::open(dir.path(), sql.clone()).await.unwrap();
    sql.create_room(&RoomId::new("r_gone"), "gone", clock.now()).await.unwrap();
    let room = create(&store, "gone").await;
    assert!(store.add_member(&room.room_id, member("p_a"), 8, &|_| false).await.unwrap());
    commit_times(&store, room.clone(), 3).await;
    assert!(store.add_member(&room.room_id, member("p_b"), 8, &|_| false).await.unwrap());
    delete(&*store, &room.room_id).await;
    assert_eq!(sql.count_rooms().await.unwrap(), 0);
    store.close().await;
    for table in ["snapshots", "commits", "members"] {
        assert_eq!(count(dir.path(), table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_closed_store_refuses_writes_and_still_answers() {
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
async fn a_journal_of_garbage_is_refused_in_words() {
    let dir = stored_room("garbage").await;
    std::fs::write(dir.path().join(FILE), "not a database at all".repeat(1_000)).unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Unreadable { .. }), "{error}");
    assert!(error.to_string().contains(FILE), "{error}");
}

#[tokio::test]
async fn a_journal_that_lost_its_content_is_refused_in_words() {
    let dir = stored_room("emptied").await;
    let sql = database(dir.path()).await;
    assert_eq!(sql.count_rooms().await.unwrap(), 1);
    std::fs::write(dir.path().join(FILE), "").unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Emptied { rooms: 1, .. }), "{error}");

    // Moving it away is a decision; it is followed.
    std::fs::remove_file(dir.path().join(FILE)).unwrap();
    let (store, _) = open(dir.path()).await.unwrap();
    assert!(store.list_public().await.unwrap().is_empty());
    assert_eq!(sql.count_rooms().await.unwrap(), 0);
}

#[tokio::test]
async fn a_damaged_row_is_refused_in_words() {
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
async fn a_journal_of_a_newer_program_is_refused_in_words() {
    let dir = stored_room("newer").await;
    let mut journal = connect(dir.path()).await;
    sqlx::query("PRAGMA user_version = 99").execute(&mut journal).await.unwrap();
    journal.close().await.unwrap();
    let error = open(dir.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }));
    assert!(error.to_string().contains("newer version of this program"), "{error}");
}

async fn open(dir: &Path) -> Result<(Arc<MemoryStore>, RoomClock), OpenError> {
    MemoryStore::open(dir, database(dir).await).await
}

async fn database(dir: &Path) -> Arc<Sql> {
    Arc::new(Sql::open_file(&dir.join("playhead.db")).await.unwrap())
}

/// A directory with the closed journal of one room, with commits up to version 5, that SQL knows.
async fn stored_room(name: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    let sql = database(dir.path()).await;
    let (store, clock) = MemoryStore::open(dir.path(), sql.clone()).await.unwrap();
    let room = create(&store, name).await;
    sql.create_room(&room.room_id, &room.code, clock.now()).await.unwrap();
    commit_times(&store, room, 4).await;
    store.close().await;
    dir
}

async fn create(store: &MemoryStore, name: &str) -> Room {
    let room = room(name);
    store.create(room.clone()).await.unwrap();
    room
}

async fn create_queued(store: Arc<MemoryStore>, number: usize) -> Result<(), StoreError> {
    store.create(room(&format!("queued-{number}"))).await
}

async fn commit_times(store: &MemoryStore, mut room: Room, times: u64) -> Room {
    for _ in 0..times {
        let commit = rename(&room, &format!("After version {}", room.version));
        let outcome =
            store.commit(&Arc::new(room.clone()), Arc::new(commit.clone())).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Committed);
        room.apply(&commit);
    }
    room
}

async fn load(store: &MemoryStore, room_id: &RoomId) -> Room {
    Room::clone(&*store.load(room_id).await.unwrap().unwrap())
}

/// The room is as before, but for one commit that announces the next epoch.
async fn assert_rebased(store: &MemoryStore, before: &Room) {
    let now = load(store, &before.room_id).await;
    let rebased = now.rebased.unwrap();
    assert_eq!(
        (rebased.previous_epoch, rebased.previous_version, rebased.lost),
        (before.epoch, before.version, false)
    );
    assert_eq!((now.epoch, now.version), (before.epoch + 1, before.version + 1));
    let as_before = Room {
        epoch: before.epoch,
        version: before.version,
        at: before.at,
        rebased: before.rebased,
        ..now
    };
    assert_eq!(as_before, *before);
}

async fn connect(dir: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", dir.join(FILE).display())).await.unwrap()
}

async fn count(dir: &Path, table: &str) -> i64 {
    let mut journal = connect(dir).await;
    let query = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
    let count = sqlx::query_scalar(query).fetch_one(&mut journal).await.unwrap();
    journal.close().await.unwrap();
    count
}
