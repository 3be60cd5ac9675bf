//! One node's side of a Redis: a store with a database of its own, or a shared one.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::{Actor, Answer, Command, Commit, Facts, Request, Room, RoomId, Timestamp};
use harness::{RedisOptions, RedisServer};
use server::clock::RoomClock;
use server::sql::Sql;
use server::store::laws::{NOW, rename, room};
use server::store::{CommitOutcome, RedisStore, RoomStore, Store};
use tempfile::TempDir;

/// No test waits this long for what it tests.
pub const HANG: Duration = Duration::from_secs(15);
/// How often something that gives no notice is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// Files that live in memory, where there is such a place.
const MEMORY: &str = "/dev/shm";

/// A Redis and an SQL database, for any number of nodes.
pub struct Ground {
    /// The Redis.
    pub redis: RedisServer,
    /// The database of all nodes.
    pub sql: Arc<Sql>,
    _dir: TempDir,
}

/// A node's store and clock.
pub type Opened = (Arc<RedisStore>, RoomClock);

impl Ground {
    /// An empty one.
    pub async fn new(options: RedisOptions) -> Self {
        let dir = quick_directory();
        let redis = RedisServer::start(options.data_dir(dir.path().join("redis"))).await;
        let sql = Arc::new(database(&dir.path().join("playhead.db")).await);
        Self { redis: redis.expect("Redis starts"), sql, _dir: dir }
    }

    /// One more node.
    pub async fn node(&self) -> Opened {
        open(&self.redis.url(), self.sql.clone()).await
    }

    /// A new room, known to SQL as rooms are.
    pub async fn make(&self, store: &dyn Store, name: &str) -> Room {
        make(&self.sql, store, name).await
    }

    /// One command; an error is a failure of the test.
    pub async fn ask(&self, words: &[&str]) -> harness::resp::Reply {
        self.redis.command(words).await.expect("Redis answers")
    }
}

/// A directory where no other program's writes hold up a commit, if there is such a place.
pub fn quick_directory() -> TempDir {
    let dir = if Path::new(MEMORY).is_dir() { TempDir::new_in(MEMORY) } else { TempDir::new() };
    dir.expect("a directory")
}

/// A store at a URL, whose operator declares `appendfsync always`.
pub async fn open(url: &str, sql: Arc<Sql>) -> Opened {
    RedisStore::open(url, true, sql).await.expect("the store opens")
}

/// The database in a file.
pub async fn database(path: &Path) -> Sql {
    Sql::open_file(path).await.expect("the database opens")
}

/// A new room, known to SQL as rooms are.
pub async fn make(sql: &Sql, store: &dyn Store, name: &str) -> Room {
    let made = room(name);
    sql.create_room(&made.room_id, &made.code, NOW).await.expect("known");
    store.create(made.clone()).await.expect("created");
    made
}

/// One commit to the newest room, which nobody else changes; the room after it.
pub async fn advance(store: &dyn Store, room_id: &RoomId) -> Room {
    let room = newest(store, room_id).await;
    let commit = rename(&room, &format!("Party {}-{}", room.epoch, room.version + 1));
    let outcome = store.commit(&room, Arc::new(commit.clone())).await.expect("answered");
    assert_eq!(outcome, CommitOutcome::Committed);
    let mut after = Room::clone(&room);
    after.apply(&commit);
    after
}

/// What the server itself makes of a room at a time.
pub fn decided(room: &Room, command: Command, now: Timestamp) -> Commit {
    let request = Request {
        actor: Actor::System,
        command,
        op: None,
        expected_version: None,
        seen_epoch: None,
        fence: None,
    };
    match room.handle(&request, &Facts { now, ..Facts::default() }) {
        Ok(Answer::Commit(commit)) => *commit,
        other => panic!("{other:?}"),
    }
}

/// The newest durable state.
pub async fn newest(store: &dyn Store, room_id: &RoomId) -> Arc<Room> {
    store.load_newest(room_id).await.expect("answered").expect("the room is there")
}

/// Waits until `probe` finds something.
pub async fn until<T>(awaited: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(began.elapsed() < HANG, "waited {HANG:?} for {awaited}");
        tokio::time::sleep(LOOK).await;
    }
}
