//! F10: SQL is unreachable, or another process holds its write lock.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use engine::RoomId;
use harness::history::{Fact, Place};
use harness::http::Method;
use harness::{DEADLINE, PostgresServer, ServerProcess};
use serde_json::json;
use server::sql::Sql;
use tokio::time::{Instant, sleep};

use super::scene::{Duo, Scene, insist};
use crate::problem;

const POLL: Duration = Duration::from_millis(100);

#[tokio::test]
async fn f10_live_rooms_continue_while_postgresql_is_paused_and_the_backlog_drains() {
    let scene = Scene::new().await;
    let postgres = PostgresServer::start_unsynced().await.unwrap();
    let nodes = on_postgres(&scene, &postgres).await;
    let mut duo = Duo::meet(&nodes).await;
    postgres.pause().unwrap();
    continues_without_sql(&mut duo).await;
    postgres.resume().unwrap();
    drains(&postgres.url(), duo, Some(&postgres)).await;
}

#[tokio::test]
async fn f10_live_rooms_continue_while_postgresql_is_down_and_the_backlog_drains() {
    let scene = Scene::new().await;
    let mut postgres = PostgresServer::start_unsynced().await.unwrap();
    let nodes = on_postgres(&scene, &postgres).await;
    let mut duo = Duo::meet(&nodes).await;
    postgres.stop().await.unwrap();
    continues_without_sql(&mut duo).await;
    postgres.restart().await.unwrap();
    drains(&postgres.url(), duo, Some(&postgres)).await;
}

#[tokio::test]
async fn f10_live_rooms_continue_while_another_process_locks_the_sqlite_database() {
    let scene = Scene::new().await;
    let nodes = [scene.node().await, scene.node().await];
    let mut duo = Duo::meet(&nodes).await;
    let mut locked = Locked::take(&scene.database());
    continues_without_sql(&mut duo).await;
    locked.release();
    drains(&format!("sqlite://{}", scene.database().display()), duo, None).await;
}

async fn on_postgres(scene: &Scene, postgres: &PostgresServer) -> [ServerProcess; 2] {
    let options = scene.options(&scene.redis.url()).env("PLAYHEAD_DATABASE_URL", postgres.url());
    [options.clone().start().await.unwrap(), options.start().await.unwrap()]
}

/// Asserts that commands are carried out, but no room can be created.
async fn continues_without_sql(duo: &mut Duo) {
    let before = insist(&mut duo.host, "away 0", 1000).await;
    for number in 1..=20 {
        let socket = if number % 2 == 0 { &mut duo.host } else { &mut duo.mate };
        let seek = json!({ "position_ms": 1000 + number });
        let acked = socket.ack_with_id(&format!("away {number}"), "seek", seek).await.unwrap();
        assert_eq!(acked.version, before.version + number);
    }
    let room = json!({ "name": "Saturday", "is_public": false });
    let response = duo.host_api.request(Method::POST, "rooms", Some(&room)).await.unwrap();
    problem::check(&response, "store_unavailable", "a new room without SQL");
    duo.agree().await;
}

/// Asserts that rooms can be created again and that the newest snapshot reaches SQL.
async fn drains(url: &str, mut duo: Duo, postgres: Option<&PostgresServer>) {
    let began = Instant::now();
    while let Err(error) = duo.host_api.create_room("Sunday").await {
        assert!(began.elapsed() < DEADLINE, "rooms still can't be created: {error}");
        sleep(POLL).await;
    }
    let state = duo.agree().await;
    let newest = Place { epoch: state.epoch, version: state.version };
    let sql = Sql::open(url).await.unwrap();
    let room_id = RoomId::new(&duo.room_id);
    loop {
        let row = sql.load_snapshot(&room_id).await.unwrap().expect("a snapshot");
        let place = Place { epoch: row.epoch, version: row.version };
        duo.recorder.record(&duo.room_id, Fact::SqlRow { place });
        if place == newest {
            break;
        }
        assert!(began.elapsed() < DEADLINE, "SQL stays at {place}, the room is at {newest}");
        sleep(POLL).await;
    }
    if let Some(postgres) = postgres {
        let statement = format!("SELECT epoch FROM rooms WHERE room_id = '{}'", duo.room_id);
        let epoch = postgres.query(url, &statement).await.unwrap().parse().unwrap();
        duo.recorder.record(&duo.room_id, Fact::EpochIssued { epoch });
    }
    duo.judge(true);
}

/// A process that holds the write lock of the database.
struct Locked(Child);

impl Locked {
    fn take(database: &Path) -> Self {
        let program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
            c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()";
        let mut child = Command::new("python3")
            .args(["-c", program])
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        assert_eq!(line, "locked\n");
        Self(child)
    }

    fn release(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        self.release();
    }
}
