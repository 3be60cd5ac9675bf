//! F10: SQL is unreachable, or another process holds its write lock.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use engine::RoomId;
use harness::history::{Fact, Place};
use harness::http::Method;
use harness::{DEADLINE, PostgresServer, ServerProcess};
use serde_json::json;
use server::sql::Sql;
use tokio::time::{Instant, sleep};

use super::scene::{Duo, Scene, insist};
use crate::locked::Locked;
use crate::nodes::site::until;
use crate::problem;

const POLL: Duration = Duration::from_millis(100);
/// Within what time a connection is closed that doesn't take the chance to refresh.
const OUTLIVED: Duration = Duration::from_secs(45);
/// How long access tokens last that end while SQL is away.
const TOKEN_MS: u64 = 8_000;

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

#[tokio::test]
async fn f10_connections_outlive_their_tokens_while_no_token_can_be_refreshed() {
    let scene = Scene::new().await;
    let options = scene.options(&scene.redis.url());
    let node = options.env("PLAYHEAD_ACCESS_TOKEN_MS", TOKEN_MS.to_string()).start().await.unwrap();
    let ada = node.api().guest("Ada").await.unwrap();
    let api = node.api().with_token(&ada.access_token);
    let room_id = api.create_room("Friday").await.unwrap().room_id;
    let mut host = api.enter(&room_id).await.unwrap();
    let mut guest = node.api().as_guest("Ben").await.unwrap().enter(&room_id).await.unwrap();

    let mut locked = Locked::take(&scene.database());
    host.wait_for("token_expiring").await.unwrap();
    let refresh = json!({ "refresh_token": ada.refresh_token });
    let refused = node.api().request(Method::POST, "auth/refresh", Some(&refresh)).await.unwrap();
    problem::check(&refused, "store_unavailable", "a refresh without SQL");
    // Longer than anybody's token lasts.
    sleep(Duration::from_millis(TOKEN_MS + 4_000)).await;
    let link = format!("{}sample/clip.m3u8", node.page());
    host.ack("set_media", json!({ "link": link })).await.expect("the host is still connected");
    guest.wait_for("media_changed").await.expect("the guest is still connected");

    locked.release();
    let refreshed = async || node.api().refresh(&ada.refresh_token).await.ok();
    let next = until("a refresh", DEADLINE, refreshed).await;
    assert_eq!(next.user_id, ada.user_id);
    let token = json!({ "access_token": next.access_token });
    host.ack("auth_refresh", token).await.expect("in time");
    // The other one has half a minute for it, and no more.
    let ended = until("the end", OUTLIVED, async || guest.closed().await.ok()).await;
    assert_eq!(ended.close_code, Some(4401));
}

#[tokio::test]
async fn f10_readyz_says_so_while_the_table_of_refresh_tokens_takes_no_writes_though_others_do() {
    let scene = Scene::new().await;
    let node = scene.node().await;
    let ada = node.api().guest("Ada").await.unwrap();
    let says = async |words: &str| {
        until(words, DEADLINE, async || {
            let response = node.admin_api().raw(Method::GET, "readyz", &[], "").await.ok()?;
            assert_eq!(response.status, 200, "{}", response.text);
            response.text.starts_with(words).then_some(())
        })
        .await;
    };
    says("ready\n").await;
    for write in ["INSERT", "UPDATE"] {
        change(
            &scene.database(),
            &format!(
                "CREATE TRIGGER damage_{write} BEFORE {write} ON refresh_families \
                 BEGIN SELECT RAISE(FAIL, 'damaged'); END"
            ),
        );
    }
    node.api().guest("Ben").await.expect("guests come, and wait to be stored");
    says("degraded\nstore: ok\ndatabase: refresh tokens").await;
    change(&scene.database(), "DROP TRIGGER damage_INSERT");
    let refresh = json!({ "refresh_token": ada.refresh_token });
    let refused = node.api().request(Method::POST, "auth/refresh", Some(&refresh)).await.unwrap();
    problem::check(&refused, "store_unavailable", "a refresh that can't be stored");
    says("degraded\nstore: ok\ndatabase: refresh tokens").await;
    change(&scene.database(), "DROP TRIGGER damage_UPDATE");
    node.api().refresh(&ada.refresh_token).await.unwrap();
    says("ready\n").await;
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

/// Changes the database as a program that isn't ours does.
fn change(database: &Path, statement: &str) {
    let program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=10); \
        c.execute(sys.argv[2]); c.commit()";
    let status =
        Command::new("python3").args(["-c", program]).arg(database).arg(statement).status();
    assert!(status.expect("python3 starts").success(), "{statement}");
}
