//! A Redis and an SQL database for tests, the stores of nodes that share them, and what tests do with a
//! room.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::{Command, Commit, Decision, Facts, Request, Room, RoomId, Timestamp};
use harness::{RedisOptions, RedisServer};
use server::clock::RoomClock;
use server::sql::Sql;
use server::store::laws::{NOW, rename, room};
use server::store::{CommitOutcome, RedisStore, Store};
use tempfile::TempDir;

/// The longest that a test waits for what it tests.
pub const HANG: Duration = Duration::from_secs(15);
/// Where files are kept in memory, if the system has it.
const MEMORY: &str = "/dev/shm";

/// A Redis and an SQL database for any number of nodes.
pub struct Ground {
    /// The Redis.
    pub redis: RedisServer,
    /// The database of all nodes.
    pub sql: Arc<Sql>,
    dir: TempDir,
}

/// The store and the clock of a node.
pub type Opened = (Arc<RedisStore>, RoomClock);

impl Ground {
    /// Starts an empty Redis and an empty database.
    pub async fn new(options: RedisOptions) -> Self {
        let dir = quick_directory();
        let redis = RedisServer::start(options.data_dir(dir.path().join("redis"))).await;
        let sql = Arc::new(database(&dir.path().join("playhead.db")).await);
        Self { redis: redis.expect("Redis starts"), sql, dir }
    }

    /// Opens the store of a further node.
    pub async fn node(&self) -> Opened {
        open(&self.redis.url(), self.sql.clone()).await
    }

    /// Creates a room, in SQL too.
    pub async fn make(&self, store: &dyn Store, name: &str) -> Room {
        make(&self.sql, store, name).await
    }

    /// Changes the database, as a hand does.
    pub async fn inflict(&self, statement: &str) {
        let url = format!("sqlite://{}", self.dir.path().join("playhead.db").display());
        server::sql::laws::inflict(&url, statement).await;
    }

    /// Sends a command to Redis. An error fails the test.
    pub async fn ask(&self, words: &[&str]) -> harness::resp::Reply {
        self.redis.command(words).await.expect("Redis answers")
    }
}

/// Creates a directory in memory if possible, so that other programs' writes don't hold up commits.
pub fn quick_directory() -> TempDir {
    let dir = if Path::new(MEMORY).is_dir() { TempDir::new_in(MEMORY) } else { TempDir::new() };
    dir.expect("a directory")
}

/// Opens a store whose operator declares `appendfsync always`.
pub async fn open(url: &str, sql: Arc<Sql>) -> Opened {
    RedisStore::open(url, true, sql).await.expect("the store opens")
}

/// Opens the database in a file.
pub async fn database(path: &Path) -> Sql {
    Sql::open_file(path).await.expect("the database opens")
}

/// Creates a room, in SQL too.
pub async fn make(sql: &Sql, store: &dyn Store, name: &str) -> Room {
    let made = room(name);
    sql.create_room(&made.room_id, &made.code, NOW).await.expect("known");
    store.create(made.clone()).await.expect("created");
    made
}

/// Commits once to the newest room, which nobody else may change. Returns the room after it.
pub async fn advance(store: &dyn Store, room_id: &RoomId) -> Room {
    let room = newest(store, room_id).await;
    let commit = rename(&room, &format!("Party {}-{}", room.epoch, room.version + 1));
    let outcome = store.commit(&room, Arc::new(commit.clone())).await.expect("answered");
    assert_eq!(outcome, CommitOutcome::Committed);
    let mut after = Room::clone(&room);
    after.apply(&commit);
    after
}

/// Decides a command of the server itself.
pub fn decided(room: &Room, command: Command, now: Timestamp) -> Commit {
    let request = Request::of_system(command);
    match room.handle(&request, &Facts { now, ..Facts::default() }) {
        Ok(Decision::Commit(commit)) => *commit,
        decision => panic!("{decision:?}"),
    }
}

/// Loads the newest durable state.
pub async fn newest(store: &dyn Store, room_id: &RoomId) -> Arc<Room> {
    store.load_newest(room_id).await.expect("answered").expect("the room is there")
}

/// Waits until `probe` finds something.
pub async fn until<T>(awaited: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    harness::until(awaited, HANG, probe).await
}
