//! How nodes start, and what they must have in common.

use std::time::{Duration, Instant};

use harness::ServerOptions;

use super::site::{Site, site};

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
    let words = does_not_start(site.options().env("PLAYHEAD_REDIS_URL", url)).await;
    assert!(words.contains("Redis can't be used"), "{words}");
    assert!(!words.contains("hush"), "a password is nobody's to read: {words}");
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

/// The error of a process that ends instead of serving.
async fn does_not_start(options: ServerOptions) -> String {
    let words = options.start().await.expect_err("it doesn't start").to_string();
    assert!(words.contains("exit status: 1"), "{words}");
    assert!(!words.contains("panicked"), "{words}");
    words
}
