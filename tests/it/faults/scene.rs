//! Nodes that share a Redis, and a room with a host at the first and a co-host at the last.

use std::time::Duration;

use contracts::{Role, RoomState};
use harness::checker::{Promises, check};
use harness::history::{Fact, Place, Recorder};
use harness::prove::Ground;
use harness::{
    Acked, Api, AppendFsync, DEADLINE, RedisOptions, RedisServer, ServerOptions, ServerProcess,
    SessionLog, WsClient,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::nodes::site::until;

/// The longest time for an answer: half a second, plus what a busy machine adds.
pub const ANSWERED: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_millis(20);

/// How servers are started in these tests.
pub fn ground() -> Ground {
    Ground::in_memory(ServerOptions::built().expect("the server is built"))
}

/// A Redis that nodes can share.
pub struct Scene {
    /// The Redis, which syncs each write before it replies.
    pub redis: RedisServer,
    ground: Ground,
    directory: TempDir,
}

/// A host and a co-host, each connected to their own node, and their history.
pub struct Duo {
    /// The room.
    pub room_id: String,
    /// The host's API at the host's node.
    pub host_api: Api,
    /// The host's socket.
    pub host: WsClient,
    /// The co-host's API at the co-host's node.
    pub mate_api: Api,
    /// The co-host's socket.
    pub mate: WsClient,
    /// The recorder of both sessions.
    pub recorder: Recorder,
    /// The furthest place that each has received.
    seen: [Place; 2],
}

impl Scene {
    /// Starts an empty Redis.
    pub async fn new() -> Self {
        let ground = ground();
        let directory = ground.directory().unwrap();
        let options = RedisOptions::new().data_dir(directory.path().join("redis"));
        let redis = RedisServer::start(options).await.unwrap();
        Self { redis, ground, directory }
    }

    /// The options of a node that reaches the Redis at `url`.
    pub fn options(&self, url: &str) -> ServerOptions {
        self.ground.sharing(url, AppendFsync::Always, self.directory.path())
    }

    /// Starts a node.
    pub async fn node(&self) -> ServerProcess {
        self.node_at(&self.redis.url()).await
    }

    /// Starts a node that reaches the Redis at `url`.
    pub async fn node_at(&self, url: &str) -> ServerProcess {
        self.options(url).start().await.unwrap()
    }

    /// The SQLite database of all nodes.
    pub fn database(&self) -> std::path::PathBuf {
        self.directory.path().join("shared.db")
    }

    /// The name of a room's key, such as `state`, once it is there.
    pub async fn key(&self, room_id: &str, name: &str) -> String {
        let pattern = format!("*:{room_id}:{name}");
        let find = async || self.redis.command(&["KEYS", &pattern]).await.ok()?.texts().pop();
        until(&pattern, DEADLINE, find).await
    }

    /// Records what Redis holds of a room, while nothing happens in it.
    pub async fn record_store(&self, recorder: &Recorder, room_id: &str) {
        let mut redis = self.redis.client().await.unwrap();
        let keys = redis.command(&["KEYS", &format!("*:{room_id}:*")]).await.unwrap().texts();
        let mut without_ttl = Vec::new();
        for key in &keys {
            if redis.command(&["PTTL", key]).await.unwrap().integer() < Some(0) {
                without_ttl.push(key.clone());
            }
        }
        let of = |kind: &str| keys.iter().find(|key| key.ends_with(kind)).cloned();
        let state = of(":state").expect("the room has a state");
        let fields = redis.command(&["HMGET", &state, "epoch", "version", "deadline"]).await;
        let fields = fields.unwrap().texts();
        let number = |text: &String| text.parse::<u64>().ok();
        let place = Place {
            epoch: number(&fields[0]).expect("an epoch"),
            version: number(&fields[1]).expect("a version"),
        };
        let log = of(":log").expect("the room has a log");
        let entry = redis.command(&["XREVRANGE", &log, "+", "-", "COUNT", "1"]).await.unwrap();
        let log = entry.items().first().and_then(|entry| place_of_entry(&entry.texts()[0]));
        let shard = state.split(':').nth(1).unwrap_or_default();
        let due = redis.command(&["ZSCORE", &format!("ph:{shard}:due"), room_id]).await.unwrap();
        recorder.record(
            room_id,
            Fact::Stored {
                place,
                log,
                newest_op: None,
                deadline_ms: number(&fields[2]),
                due_ms: due.text().parse::<f64>().ok().map(|due| due as u64),
            },
        );
        let keys = keys.len() as u64;
        recorder.record(room_id, Fact::RoomKeys { keys, without_ttl, swept: false });
    }
}

impl Duo {
    /// Lets a host join at the first node and a co-host at the last, with the sample chosen.
    pub async fn meet(nodes: &[ServerProcess]) -> Self {
        let [first, .., last] = nodes else { panic!("a duo meets at two nodes") };
        let token = first.api().guest("Ada").await.unwrap().access_token;
        let host_api = first.api().with_token(&token);
        let room_id = host_api.create_room("Friday").await.unwrap().room_id;
        let recorder = Recorder::new();
        let (mut host, at_host) = enter(&host_api, &room_id, &recorder).await;
        let link = format!("{}sample/clip.m3u8", first.page());
        host.ack("set_media", json!({ "link": link })).await.unwrap();
        let token = first.api().guest("Ben").await.unwrap().access_token;
        let mate_api = last.api().with_token(&token);
        let mate_id = mate_api.join(&room_id).await.unwrap().participant_id;
        host_api.give_role(&room_id, &mate_id, Role::CoHost).await.unwrap();
        let (mate, at_mate) = enter(&mate_api, &room_id, &recorder).await;
        let seen = [at_host, at_mate];
        Self { room_id, host_api, host, mate_api, mate, recorder, seen }
    }

    /// Waits until both nodes agree on the newest state and both sessions have received it.
    pub async fn agree(&mut self) -> RoomState {
        let began = Instant::now();
        loop {
            let (at_host, at_mate) = (
                self.host_api.state(&self.room_id).await,
                self.mate_api.state(&self.room_id).await,
            );
            match (at_host, at_mate) {
                (Ok(here), Ok(there))
                    if (here.epoch, here.version) == (there.epoch, there.version) =>
                {
                    assert_eq!(here.room.playback, there.room.playback, "both nodes say the same");
                    let place = Place { epoch: here.epoch, version: here.version };
                    let sockets = [&mut self.host, &mut self.mate];
                    for (socket, seen) in sockets.into_iter().zip(&mut self.seen) {
                        if *seen < place {
                            *seen = wait_for_place(socket, place).await;
                        }
                    }
                    return here;
                }
                (here, there) => {
                    assert!(began.elapsed() < DEADLINE, "no agreement: {here:?} {there:?}");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Checks the history; `strong` promises that no acknowledged commit is lost.
    pub fn judge(self, strong: bool) {
        let report = check(&self.recorder.history(), Promises { strong });
        assert!(report.is_clean(), "{report}");
        for id in ["S1", "S2", "S3", "S6", "S22"] {
            assert!(report.find(id).is_some_and(|verdict| verdict.is_held()), "{id}\n{report}");
        }
    }
}

/// Enters a room and records everything; also returns the place of the welcome.
pub async fn enter(api: &Api, room_id: &str, recorder: &Recorder) -> (WsClient, Place) {
    let participant_id = api.join(room_id).await.unwrap().participant_id;
    let log = SessionLog::new(recorder, room_id, &participant_id, &participant_id);
    let mut socket = api.connect(room_id).await.unwrap().recorded(log);
    let welcome = socket.welcome(&[], None).await.unwrap();
    (socket, Place::of(&welcome).expect("it has a place"))
}

/// Sends a command that can't be carried out now; it must be rejected in time, with unknown outcome.
pub async fn unavailable(socket: &mut WsClient, id: &str, position_ms: u64) {
    let began = Instant::now();
    let answer = socket.command_with_id(id, "seek", json!({ "position_ms": position_ms })).await;
    let answer = answer.unwrap();
    assert_eq!(answer["error"]["code"], "store_unavailable", "{answer}");
    assert_eq!(answer["error"]["outcome"], "unknown", "{answer}");
    assert!(began.elapsed() < ANSWERED, "answered after {:?}", began.elapsed());
}

/// Repeats a seek under the same id until its outcome is known, as clients do; it must take effect.
pub async fn insist(socket: &mut WsClient, id: &str, position_ms: u64) -> Acked {
    let began = Instant::now();
    loop {
        let data = json!({ "position_ms": position_ms });
        let answer = socket.command_with_id(id, "seek", data).await.unwrap();
        if answer["type"] == "ack" {
            return Acked {
                epoch: answer["epoch"].as_u64().expect("a number"),
                version: answer["version"].as_u64().expect("a number"),
                duplicate: answer["data"]["duplicate"] == true,
            };
        }
        assert_eq!(answer["error"]["code"], "store_unavailable", "{answer}");
        assert!(began.elapsed() < DEADLINE, "still {answer}");
        tokio::time::sleep(RETRY).await;
    }
}

/// Waits for the frame that says whether commands can be stored.
pub async fn wait_for_authority(socket: &mut WsClient, reachable: bool) {
    let awaited = format!("authority_changed, reachable {reachable}");
    let wanted = |frame: &Value| {
        frame["type"] == "authority_changed" && frame["data"]["reachable"] == reachable
    };
    socket.take(awaited, wanted).await.unwrap();
}

/// Asserts that the node responds to a request that needs no Redis.
pub async fn answers(node: &ServerProcess) {
    let began = Instant::now();
    node.api().meta().await.unwrap();
    assert!(began.elapsed() < ANSWERED, "meta took {:?}", began.elapsed());
}

/// Waits for a frame with this place or a later one, and returns its place.
async fn wait_for_place(socket: &mut WsClient, wanted: Place) -> Place {
    let is_there = |frame: &Value| frame["type"] != "ack" && Place::of(frame) >= Some(wanted);
    let frame = socket.take(wanted, is_there).await.unwrap();
    Place::of(&frame).expect("it has a place")
}

fn place_of_entry(id: &str) -> Option<Place> {
    let (epoch, version) = id.split_once('-')?;
    Some(Place { epoch: epoch.parse().ok()?, version: version.parse().ok()? })
}
