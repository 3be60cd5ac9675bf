//! The server that tests share, and a party: a host and a guest in their own room.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use contracts::{CreateRoom, PatchRoom, Playback, RoomState};
use harness::{Api, ServerOptions, ServerProcess, WsClient};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// A directory in memory, on machines that have it.
const MEMORY: &str = "/dev/shm";
/// The variable with the URL of a Redis that all servers of these tests use.
const REDIS: &str = "PLAYHEAD_TEST_REDIS_URL";

/// Numbers the servers that share this Redis, since each uses its own database in it.
static REDIS_DATABASES: AtomicU32 = AtomicU32::new(0);

// Weak, so that the server ends with the last test that uses it, since statics are never dropped.
static SHARED: Mutex<Weak<ServerProcess>> = Mutex::const_new(Weak::new());

/// The shared server, for tests that leave it unchanged.
pub async fn server() -> Arc<ServerProcess> {
    let mut shared = SHARED.lock().await;
    if let Some(server) = shared.upgrade() {
        return server;
    }
    let server = Arc::new(options().start().await.expect("the server starts"));
    *shared = Arc::downgrade(&server);
    server
}

/// The options of servers in these tests: no limits per address or on a user's commands, and media may come from
/// this machine.
pub fn options() -> ServerOptions {
    strict_options().env("PLAYHEAD_EGRESS_ALLOW", "127.0.0.0/8")
}

/// As [`options`], but media may come only from public addresses.
pub fn strict_options() -> ServerOptions {
    let options = ServerOptions::built().expect("the server is built");
    let options = options
        .env("PLAYHEAD_LIMIT_PER_ADDRESS", "0")
        .env("PLAYHEAD_LIMIT_COMMANDS_PER_USER_AND_SECOND", "100000");
    let options = match redis_url() {
        Some(redis) => {
            let database = REDIS_DATABASES.fetch_add(1, Ordering::Relaxed);
            over_redis(options, &format!("{redis}/{database}"))
        }
        None => options,
    };
    // On a disk that other programs keep busy, a late commit would change the answer.
    match quick_directory() {
        Some(directory) => options.directory_in(directory),
        None => options,
    }
}

/// The URL of a Redis that all servers of these tests use, if one is set.
pub fn redis_url() -> Option<String> {
    std::env::var(REDIS).ok()
}

/// The same options with rooms in a Redis that syncs each write before it replies.
pub fn over_redis(options: ServerOptions, url: &str) -> ServerOptions {
    let options = options.env("PLAYHEAD_STORE", "redis").env("PLAYHEAD_REDIS_URL", url);
    options.env("PLAYHEAD_REDIS_APPENDFSYNC", "always")
}

/// The error of a process that ends instead of serving.
pub async fn does_not_start(options: ServerOptions) -> String {
    let words = options.start().await.expect_err("it doesn't start").to_string();
    assert!(words.contains("exit status: 1"), "{words}");
    assert!(!words.contains("panicked"), "{words}");
    words
}

/// A directory in memory, if the machine has one.
pub fn quick_directory() -> Option<&'static Path> {
    Some(Path::new(MEMORY)).filter(|path| path.is_dir())
}

/// The link to the server's own sample clip.
pub fn sample(server: &ServerProcess) -> String {
    format!("{}sample/clip.m3u8", server.page())
}

/// The settings of a room, unless a test changes them.
pub fn new_room() -> CreateRoom {
    CreateRoom {
        name: "Friday".to_owned(),
        is_public: false,
        language: None,
        tags: Vec::new(),
        host_loss: None,
        host_grace_ms: None,
        host_lease_ms: None,
        rebuffer_barrier: false,
        playback_control: None,
        entry: None,
        password: None,
        capacity: None,
    }
}

/// A host and a guest in one room, both connected.
pub struct Party {
    /// Keeps the server alive.
    pub server: Arc<ServerProcess>,
    /// The room.
    pub room_id: String,
    /// The host's API.
    pub host_api: Api,
    /// The host's socket.
    pub host: WsClient,
    /// The host's participant id.
    pub host_id: String,
    /// The guest's API.
    pub guest_api: Api,
    /// The guest's socket, which must receive each commit and nothing else.
    pub guest: WsClient,
    /// The guest's participant id.
    pub guest_id: String,
    /// The last version that both have seen.
    pub version: u64,
    nudges: u64,
}

impl Party {
    /// A party without media, on the shared server.
    pub async fn idle() -> Self {
        Self::meet(server().await, &new_room(), &[]).await
    }

    /// A party with the sample paused at its start, on the shared server.
    pub async fn watching() -> Self {
        Self::watching_with(&[]).await
    }

    /// As [`watching`](Self::watching), with these capabilities of both.
    pub async fn watching_with(capabilities: &[&str]) -> Self {
        Self::watching_in(server().await, &new_room(), capabilities).await
    }

    /// A party with the sample, in a new room with these settings.
    pub async fn watching_in(
        server: Arc<ServerProcess>,
        room: &CreateRoom,
        capabilities: &[&str],
    ) -> Self {
        let mut party = Self::meet(server, room, capabilities).await;
        let link = sample(&party.server);
        party.command("set_media", json!({ "link": link })).await;
        party
    }

    /// A host and a guest join a new room.
    pub async fn meet(
        server: Arc<ServerProcess>,
        room: &CreateRoom,
        capabilities: &[&str],
    ) -> Self {
        let host_api = server.api().as_guest("Ada").await.unwrap();
        let guest_api = server.api().as_guest("Ben").await.unwrap();
        Self::of(server, host_api, guest_api, room, capabilities).await
    }

    /// These two join a new room, each at the node of their API.
    pub async fn of(
        server: Arc<ServerProcess>,
        host_api: Api,
        guest_api: Api,
        room: &CreateRoom,
        capabilities: &[&str],
    ) -> Self {
        let room_id = host_api.create_room_with(room).await.unwrap().room_id;
        Self::into(server, host_api, guest_api, room_id, capabilities).await
    }

    /// These two join a room that the first has made, each at the node of their API.
    pub async fn into(
        server: Arc<ServerProcess>,
        host_api: Api,
        guest_api: Api,
        room_id: String,
        capabilities: &[&str],
    ) -> Self {
        let mut host = host_api.connect(&room_id).await.unwrap();
        let host_id = host.hello(capabilities).await.unwrap().participant_id;
        let mut guest = guest_api.connect(&room_id).await.unwrap();
        let welcome = guest.welcome(capabilities, None).await.unwrap();
        let guest_id = text(&welcome["data"]["participant_id"]);
        let version = number(&welcome["version"]);
        let nudges = 0;
        Self {
            server,
            room_id,
            host_api,
            host,
            host_id,
            guest_api,
            guest,
            guest_id,
            version,
            nudges,
        }
    }

    /// Sends a command of the host, which must become the next version; returns its frame, which both
    /// must receive.
    pub async fn command(&mut self, type_: &str, data: Value) -> Value {
        let acked = self.host.ack(type_, data).await.unwrap();
        assert_eq!(acked.version, self.version + 1, "{type_} is the next commit");
        assert!(!acked.duplicate, "{type_} is new");
        self.committed().await
    }

    /// Waits for the next commit; returns its frame, which both must receive.
    pub async fn committed(&mut self) -> Value {
        self.version += 1;
        let version = self.version;
        let of_commit = |frame: &Value| is_versioned(frame) && frame["version"] == version;
        let at_host = self.host.take(format!("version {version}"), of_commit).await.unwrap();
        let at_guest = versioned(&mut self.guest).await;
        assert_eq!(at_guest["version"], version, "the guest gets each commit once: {at_guest}");
        assert_eq!(at_guest, at_host, "both get the same frame");
        at_guest
    }

    /// Asserts that nothing was committed or broadcast since the last version, and that the server still
    /// responds: another commit gets the next version.
    pub async fn nothing_happened(&mut self) {
        let state = self.state().await;
        assert_eq!(state.version, self.version, "the version is unchanged");
        self.nudges += 1;
        let patch =
            PatchRoom { name: Some(format!("nudge {}", self.nudges)), ..Default::default() };
        self.host_api.patch_room(&self.room_id, &patch).await.unwrap();
        self.version += 1;
        let frame = versioned(&mut self.guest).await;
        let found = (text(&frame["type"]), number(&frame["version"]));
        assert_eq!(found, ("room_changed".to_owned(), self.version), "{frame}");
    }

    /// The state, read over HTTP by the guest.
    pub async fn state(&self) -> RoomState {
        self.guest_api.state(&self.room_id).await.unwrap()
    }

    /// Reconnects the host after its socket was closed.
    pub async fn host_returns(&mut self) {
        self.host = self.host_api.enter(&self.room_id).await.unwrap();
    }
}

/// Waits for the next versioned frame that isn't an answer, for twice the deadline: a node that has
/// just reached Redis again gives hosts some time before it commits their loss.
pub async fn versioned(client: &mut WsClient) -> Value {
    if let Ok(frame) = client.take("a versioned frame", is_versioned).await {
        return frame;
    }
    client.take("a versioned frame", is_versioned).await.unwrap()
}

/// The playback that a frame carries.
pub fn playback(frame: &Value) -> Playback {
    serde_json::from_value(frame["data"]["playback"].clone())
        .unwrap_or_else(|error| panic!("{error}: {frame}"))
}

/// A number of a frame.
pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} isn't a whole number"))
}

/// A string of a frame.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} isn't a string")).to_owned()
}

fn is_versioned(frame: &Value) -> bool {
    frame["version"].is_u64() && frame["type"] != "ack" && frame["type"] != "welcome"
}

/// The server's resident memory, in bytes.
pub fn resident_bytes(server: &ServerProcess) -> u64 {
    (server.resident_kib().expect("the server runs") * 1024.0) as u64
}
