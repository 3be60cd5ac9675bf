//! A Redis of the harness can be killed, paused, restarted and wiped.

use std::path::PathBuf;
use std::time::Duration;

use harness::resp::Reply;
use harness::{AppendFsync, RedisCluster, RedisOptions, RedisServer};

#[tokio::test]
async fn acknowledged_writes_survive_kill_9_with_appendfsync_always() {
    let mut redis = RedisServer::start(RedisOptions::new()).await.unwrap();
    let url = redis.url();
    for count in 1..=50 {
        assert_eq!(redis.command(&["INCR", "count"]).await.unwrap(), Reply::Integer(count));
    }
    redis.kill_9().await.unwrap();
    assert!(redis.command(&["PING"]).await.is_err());
    redis.restart().await.unwrap();
    assert_eq!(redis.command(&["GET", "count"]).await.unwrap().integer(), Some(50));
    assert_eq!(redis.url(), url);
}

#[tokio::test]
async fn redis_is_empty_after_a_restart_without_a_log_and_after_a_wipe() {
    let options = RedisOptions::new().append_fsync(AppendFsync::Off);
    let mut forgetful = RedisServer::start(options).await.unwrap();
    forgetful.command(&["SET", "key", "value"]).await.unwrap();
    forgetful.restart().await.unwrap();
    assert_eq!(forgetful.command(&["DBSIZE"]).await.unwrap(), Reply::Integer(0));

    let mut wiped = RedisServer::start(RedisOptions::new()).await.unwrap();
    wiped.command(&["SET", "key", "value"]).await.unwrap();
    wiped.wipe_and_restart().await.unwrap();
    assert_eq!(wiped.command(&["DBSIZE"]).await.unwrap(), Reply::Integer(0));
}

#[tokio::test]
async fn a_paused_redis_sends_no_reply_until_it_is_resumed() {
    let redis = RedisServer::start(RedisOptions::new()).await.unwrap();
    let mut client = redis.client().await.unwrap();
    client.command(&["PING"]).await.unwrap();
    redis.pause().await.unwrap();
    client.send(b"*2\r\n$4\r\nINCR\r\n$5\r\ncount\r\n").await.unwrap();
    let reply = tokio::time::timeout(Duration::from_millis(300), client.receive()).await;
    assert!(reply.is_err(), "a paused Redis replied {reply:?}");
    redis.resume().unwrap();
    assert_eq!(client.receive().await.unwrap(), Reply::Integer(1));
}

#[tokio::test]
async fn a_paused_redis_ends_with_its_owner() {
    let redis = RedisServer::start(RedisOptions::new()).await.unwrap();
    redis.pause().await.unwrap();
    let process = PathBuf::from(format!("/proc/{}", redis.pid().unwrap()));
    assert!(process.exists());
    drop(redis);
    assert!(!process.exists());
}

#[tokio::test]
async fn a_redis_uses_the_given_directory_and_ends_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    let options = RedisOptions::new().data_dir(directory.path());
    let mut first = RedisServer::start(options.clone()).await.unwrap();
    first.command(&["SET", "key", "value"]).await.unwrap();
    first.shutdown().await.unwrap();
    let second = RedisServer::start(options).await.unwrap();
    assert_eq!(second.command(&["GET", "key"]).await.unwrap().text(), "value");
}

#[tokio::test]
async fn the_error_of_a_redis_that_does_not_start_shows_its_log() {
    let options = RedisOptions::new().arg("no-such-setting", "1");
    let error = RedisServer::start(options).await.unwrap_err().to_string();
    assert!(error.contains("no-such-setting"), "{error}");
    let full = RedisServer::start(RedisOptions::new().arg("maxmemory", "1")).await.unwrap();
    let error = full.command(&["SET", "key", "value"]).await.unwrap_err().to_string();
    assert!(error.contains("OOM"), "{error}");
}

#[tokio::test]
async fn three_masters_form_a_cluster_and_again_after_one_was_killed() {
    let mut cluster = RedisCluster::start().await.unwrap();
    assert_eq!(cluster.url().matches("127.0.0.1:").count(), 3, "{}", cluster.url());
    let mut stored = 0;
    for key in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        for node in cluster.nodes() {
            match node.client().await.unwrap().request(&["SET", key, "1"]).await.unwrap() {
                Reply::Simple(_) => stored += 1,
                other => assert!(other.text().starts_with("MOVED "), "{other:?}"),
            }
        }
    }
    assert_eq!(stored, 8);
    cluster.node_mut(1).restart().await.unwrap();
    cluster.wait_ok().await.unwrap();
    let keys = cluster.command(&["DBSIZE"]).await.unwrap();
    assert_eq!(keys.iter().filter_map(Reply::integer).sum::<i64>(), 8);
}
