//! How nodes start, and what they must have in common.

use std::time::{Duration, Instant};

use harness::http::Method;
use harness::port::ReservedPort;
use harness::{Api, PostgresServer};
use tokio::task::JoinSet;

use super::site::{NOTICED, Site, site, until};
use crate::party::{does_not_start, options};
use crate::rooms::create_under;

/// How far apart two readings of the time may be, in addition to how long they took.
const APART_US: u64 = 50_000;

#[tokio::test]
async fn a_node_with_another_sql_database_ends_with_an_explanation_and_harms_nothing() {
    let site = Site::of(1).await;
    let host = site.api(0).as_guest("Ada").await.unwrap();
    let room = host.create_room("Friday").await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", other.path().join("other.db").display());
    let words = does_not_start(site.options().env("PLAYHEAD_DATABASE_URL", url)).await;
    assert!(words.contains("all nodes of one Redis share one SQL database"), "{words}");
    assert!(words.contains("PLAYHEAD_DATABASE_URL"), "{words}");
    host.enter(&room.room_id).await.unwrap();
    let another = site.options().start().await.unwrap();
    let there = another.api().as_guest("Ben").await.unwrap();
    assert_eq!(there.find_room(&room.code).await.unwrap().room_id, room.room_id);
}

#[tokio::test]
async fn a_node_that_cannot_reach_redis_ends_with_an_explanation() {
    let site = Site::of(0).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("redis://:hush@{nobody}");
    let options = site.options().env("PLAYHEAD_REDIS_URL", url);
    let words = does_not_start(options.env("PLAYHEAD_START_TIMEOUT_MS", "1000")).await;
    assert!(words.contains("Redis can't be used"), "{words}");
    assert!(words.contains("PLAYHEAD_START_TIMEOUT_MS"), "{words}");
    assert_eq!(words.matches("waiting for Redis at 127.0.0.1").count(), 1, "said once: {words}");
    assert!(!words.contains("hush"), "a password is nobody's to read: {words}");
}

#[tokio::test]
async fn a_postgresql_that_never_answers_is_waited_for_as_long_as_is_set_and_the_log_says_so() {
    // It accepts connections, as the system does for a process that hangs.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://me:hush@{}/party", silent.local_addr().unwrap());
    let options = options().env("PLAYHEAD_DATABASE_URL", url);
    let began = Instant::now();
    let words = does_not_start(options.env("PLAYHEAD_START_TIMEOUT_MS", "2000")).await;
    assert!(began.elapsed() < Duration::from_secs(20), "{words}");
    assert!(words.contains("connect: no answer"), "{words}");
    assert!(words.contains("PLAYHEAD_START_TIMEOUT_MS"), "{words}");
    let waiting = "waiting for the database at 127.0.0.1";
    assert_eq!(words.matches(waiting).count(), 1, "said once: {words}");
    assert!(!words.contains("hush"), "a password is nobody's to read: {words}");
}

#[tokio::test]
async fn a_node_that_starts_before_redis_and_postgresql_waits_for_both() {
    let mut postgres = PostgresServer::start_unsynced().await.unwrap();
    let mut site = Site::of(0).await;
    let admin = ReservedPort::take().unwrap();
    let options = site.options().env("PLAYHEAD_DATABASE_URL", postgres.url());
    let options = options.env("PLAYHEAD_ADMIN_LISTEN", admin.address().to_string());
    postgres.stop().await.unwrap();
    site.redis.kill_9().await.unwrap();
    let starting = tokio::spawn(options.start());
    // Meanwhile it is alive, but not ready.
    let probe = Api::new(&format!("http://{}/", admin.address()));
    let ready =
        until("an answer", NOTICED, async || probe.raw(Method::GET, "readyz", &[], "").await.ok());
    let ready = ready.await;
    assert_eq!((ready.status, ready.text.as_str()), (503, "starting\n"));
    let alive = probe.raw(Method::GET, "healthz", &[], "").await.unwrap();
    assert_eq!(alive.status, 200);
    postgres.restart().await.unwrap();
    site.redis.restart().await.unwrap();
    let node = starting.await.unwrap().unwrap();
    let log = node.log();
    assert_eq!(log.matches("waiting for the database at 127.0.0.1").count(), 1, "{log}");
    let ready = probe.raw(Method::GET, "readyz", &[], "").await.unwrap();
    assert_eq!((ready.status, ready.text.as_str()), (200, "ready\nstore: ok\ndatabase: ok\n"));
    let host = node.api().as_guest("Ada").await.unwrap();
    host.create_room("Friday").await.unwrap();
}

#[tokio::test]
async fn a_start_waits_while_postgresql_is_read_only_as_a_standby_is() {
    let postgres = PostgresServer::start_unsynced().await.unwrap();
    let url = postgres.create_database("standby").await.unwrap();
    let read_only = "ALTER DATABASE standby SET default_transaction_read_only = on";
    postgres.query(&postgres.url(), read_only).await.unwrap();
    let site = Site::of(0).await;
    let options = || site.options().env("PLAYHEAD_DATABASE_URL", &url);
    let words = does_not_start(options().env("PLAYHEAD_START_TIMEOUT_MS", "0")).await;
    assert!(words.contains("read-only transaction"), "{words}");
    assert!(words.contains("PLAYHEAD_START_TIMEOUT_MS"), "it could have waited: {words}");
    let reset = "ALTER DATABASE standby RESET default_transaction_read_only";
    postgres.query(&postgres.url(), reset).await.unwrap();
    options().start().await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_ends_the_start_at_once() {
    let site = Site::of(0).await;
    site.redis.command(&["CONFIG", "SET", "requirepass", "right"]).await.unwrap();
    let url = site.redis.url().replace("redis://", "redis://:wrong@");
    let words = does_not_start(site.options().env("PLAYHEAD_REDIS_URL", url)).await;
    assert!(words.contains("Redis can't be used"), "{words}");
    assert!(!words.contains("waiting for"), "{words}");
}

#[tokio::test]
async fn a_room_created_at_two_nodes_at_once_under_one_idempotency_key_is_one_room() {
    let site = site().await;
    let guest = site.guest("Ada").await;
    for key in ["k1", "k2", "k3"] {
        let mut requests = JoinSet::new();
        for number in 0..6 {
            let (api, key) = (guest[number % 2].clone(), key.to_owned());
            requests.spawn(async move { create_under(&api, &key, "Friday").await });
        }
        let rooms = requests.join_all().await;
        assert!(rooms.iter().all(|room| *room == (201, rooms[0].1.clone())), "{rooms:?}");
        for api in &guest {
            let code = api.find_room(&rooms[0].1).await.unwrap().code;
            assert_eq!(api.find_room(&code).await.unwrap().room_id, rooms[0].1);
        }
    }
}

#[tokio::test]
async fn two_nodes_and_redis_share_one_clock() {
    let site = site().await;
    for _ in 0..5 {
        let began = Instant::now();
        let before = redis_now_us(&site).await;
        let here = site.api(0).time().await.unwrap();
        let there = site.api(1).time().await.unwrap();
        let after = redis_now_us(&site).await;
        let tolerated = APART_US + us(began.elapsed());
        for time in [&here, &there] {
            assert_eq!(time.now_ms, time.now_us / 1000);
            assert!(time.uncertainty_us > 0, "a measured clock is never exact");
            assert!(time.now_us + tolerated >= before && time.now_us <= after + tolerated);
        }
        assert!(here.now_us <= there.now_us + APART_US, "{here:?} {there:?}");
    }
}

async fn redis_now_us(site: &Site) -> u64 {
    let time = site.redis.command(&["TIME"]).await.unwrap().texts();
    let part = |index: usize| time[index].parse::<u64>().unwrap();
    part(0) * 1_000_000 + part(1)
}

fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap()
}
