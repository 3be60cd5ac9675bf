//! Nodes, their Redis and their SQL database.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use contracts::CreateRoom;
pub use harness::until;
use harness::{Api, RedisOptions, RedisServer, ServerOptions, ServerProcess, WsClient};
use serde_json::Value;
use server::sql::Sql;
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::party::{Party, options, over_redis, quick_directory, sample};

/// The time within which nodes notice and announce that another node has disappeared.
pub const NOTICED: Duration = Duration::from_secs(15);

// Weak, so that everything ends with the last test that uses it, since statics are never dropped.
static SHARED: Mutex<Weak<Site>> = Mutex::const_new(Weak::new());

/// Nodes with one Redis and one SQL database.
pub struct Site {
    /// The nodes, in the order of their start. They are dropped before the Redis.
    pub nodes: Vec<Arc<ServerProcess>>,
    /// The Redis.
    pub redis: RedisServer,
    directory: TempDir,
}

/// A party whose host is at the first node and whose guest is at the second.
pub struct Across {
    /// Host and guest.
    pub party: Party,
    /// The host's API at each node.
    pub host: [Api; 2],
    /// The guest's API at each node.
    pub guest: [Api; 2],
}

/// Two shared nodes, for tests that leave them unchanged.
pub async fn site() -> Arc<Site> {
    let mut shared = SHARED.lock().await;
    if let Some(site) = shared.upgrade() {
        return site;
    }
    let site = Arc::new(Site::of(2).await);
    *shared = Arc::downgrade(&site);
    site
}

impl Site {
    /// Starts nodes with their own Redis and SQLite database.
    pub async fn of(nodes: usize) -> Self {
        Self::over(nodes, RedisOptions::new()).await
    }

    /// Starts nodes with a Redis of these options and a SQLite database.
    pub async fn over(nodes: usize, redis: RedisOptions) -> Self {
        let parent = quick_directory().map_or_else(std::env::temp_dir, PathBuf::from);
        let directory = tempfile::Builder::new().prefix("playhead-site-").tempdir_in(parent);
        let directory = directory.unwrap();
        let redis = redis.data_dir(directory.path().join("redis"));
        let redis = RedisServer::start(redis).await.unwrap();
        let mut site = Self { nodes: Vec::new(), redis, directory };
        for _ in 0..nodes {
            let node = site.options().start().await.unwrap();
            site.nodes.push(Arc::new(node));
        }
        site
    }

    /// The options of another node.
    pub fn options(&self) -> ServerOptions {
        let database = format!("sqlite://{}", self.database().display());
        over_redis(options(), &self.redis.url()).env("PLAYHEAD_DATABASE_URL", database)
    }

    /// The API of a node.
    pub fn api(&self, node: usize) -> Api {
        self.nodes[node].api()
    }

    /// A host joins at the first node, and a guest at the second.
    pub async fn meet(&self, room: &CreateRoom, capabilities: &[&str]) -> Across {
        let (host, guest) = (self.guest("Ada").await, self.guest("Ben").await);
        let ([host_api, _], [_, guest_api]) = (host.clone(), guest.clone());
        let server = self.nodes[0].clone();
        let party = Party::of(server, host_api, guest_api, room, capabilities).await;
        Across { party, host, guest }
    }

    /// Does the same and chooses the sample.
    pub async fn watch(&self, room: &CreateRoom, capabilities: &[&str]) -> Across {
        let mut across = self.meet(room, capabilities).await;
        let link = sample(&across.party.server);
        across.party.command("set_media", serde_json::json!({ "link": link })).await;
        across
    }

    /// A new guest's API at the first two nodes; the token of one is valid at the other.
    pub async fn guest(&self, name: &str) -> [Api; 2] {
        let token = self.api(0).guest(name).await.unwrap().access_token;
        [0, 1].map(|node| self.api(node).with_token(&token))
    }

    /// Kills a node (SIGKILL), which no test may still hold.
    pub async fn kill_9(&mut self, node: usize) {
        let node = Arc::get_mut(&mut self.nodes[node]).expect("nobody else holds the node");
        node.kill_9().await.unwrap();
    }

    /// The keys of this pattern.
    pub async fn keys(&self, pattern: &str) -> Vec<String> {
        self.redis.command(&["KEYS", pattern]).await.unwrap().texts()
    }

    /// Opens the database that the nodes share.
    pub async fn sql(&self) -> Sql {
        Sql::open_file(&self.database()).await.unwrap()
    }

    fn database(&self) -> PathBuf {
        self.directory.path().join("shared.db")
    }
}

/// Waits for a `presence_changed` that lists exactly these participants.
pub async fn sees(client: &mut WsClient, wanted: &[&String]) -> Value {
    let mut wanted: Vec<String> = wanted.iter().copied().cloned().collect();
    wanted.sort_unstable();
    loop {
        let frame = client.wait_for("presence_changed").await;
        let frame = frame.unwrap_or_else(|error| panic!("{wanted:?} are to be here: {error}"));
        let named = frame["data"]["participants"].as_array().cloned().unwrap_or_default();
        let id = |one: &Value| one["participant_id"].as_str().map(str::to_owned);
        let mut ids: Vec<String> = named.iter().filter_map(id).collect();
        ids.sort_unstable();
        if ids == wanted {
            return frame;
        }
    }
}
