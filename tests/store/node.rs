//! One node's side of a Redis: a store with a database of its own, or a shared one.

use std::path::Path;
use std::sync::Arc;

use harness::{RedisOptions, RedisServer};
use server::clock::RoomClock;
use server::sql::Sql;
use server::store::RedisStore;
use tempfile::TempDir;

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
        let redis = RedisServer::start(options).await.expect("Redis starts");
        let dir = TempDir::new().expect("a directory");
        let sql = Arc::new(database(&dir.path().join("playhead.db")).await);
        Self { redis, sql, _dir: dir }
    }

    /// One more node.
    pub async fn node(&self) -> Opened {
        open(&self.redis.url(), self.sql.clone()).await
    }
}

/// A store at a URL, whose operator declares `appendfsync always`.
pub async fn open(url: &str, sql: Arc<Sql>) -> Opened {
    RedisStore::open(url, true, sql).await.expect("the store opens")
}

/// The database in a file.
pub async fn database(path: &Path) -> Sql {
    Sql::open_file(path).await.expect("the database opens")
}
