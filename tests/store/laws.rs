//! The laws of every store, kept by a single Redis and by a cluster.

use harness::{RedisCluster, RedisOptions};
use server::store::{RoomStore, laws};
use tempfile::TempDir;

use crate::node::{self, Ground};

#[tokio::test(flavor = "multi_thread")]
async fn the_redis_store_obeys_every_law() {
    let ground = Ground::new(RedisOptions::new()).await;
    let (store, _) = ground.node().await;
    laws::all(&*store, "redis").await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_redis_store_obeys_every_law_over_a_cluster_of_three_masters() {
    let cluster = RedisCluster::start().await.expect("the cluster starts");
    let dir = TempDir::new().expect("a directory");
    let sql = node::database(&dir.path().join("playhead.db")).await;
    let (store, _) = node::open(&cluster.url(), sql.into()).await;
    laws::all(&*store, "redis").await;
    store.close().await;
}
