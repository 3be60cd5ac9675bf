//! Each fault has its effect on a real connection, and none once it is lifted.

use std::time::{Duration, Instant};

use harness::resp::{Client, Reply, encode_command};
use harness::{FaultProxy, RedisOptions, RedisServer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn a_cut_proxy_ends_connections_and_refuses_new_ones_until_it_is_healed() {
    let (redis, proxy, mut client) = redis_behind_proxy().await;
    proxy.cut().await;
    assert!(client.request(&["PING"]).await.is_err());
    let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    proxy.heal().await.unwrap();
    let mut again = Client::connect(proxy.address()).await.unwrap();
    assert_eq!(again.command(&["PING"]).await.unwrap().text(), "PONG");
    assert_eq!(redis.command(&["PING"]).await.unwrap().text(), "PONG");
}

#[tokio::test]
async fn a_black_hole_swallows_everything_and_connections_end_when_it_is_lifted() {
    let (redis, proxy, mut client) = redis_behind_proxy().await;
    proxy.black_hole(true);
    client.send(&encode_command(&["INCR", "count"])).await.unwrap();
    assert_nothing_arrives(&mut client).await;
    let mut newcomer = Client::connect(proxy.address()).await.unwrap();
    newcomer.send(&encode_command(&["INCR", "count"])).await.unwrap();
    assert_nothing_arrives(&mut newcomer).await;
    proxy.black_hole(false);
    assert!(client.receive().await.is_err(), "the connection survived");
    assert!(newcomer.receive().await.is_err(), "the connection survived");
    assert_eq!(redis.command(&["GET", "count"]).await.unwrap(), Reply::Null);
}

#[tokio::test]
async fn a_black_hole_hides_the_end_of_the_upstream() {
    let (mut redis, proxy, mut client) = redis_behind_proxy().await;
    proxy.black_hole(true);
    redis.kill_9().await.unwrap();
    assert_nothing_arrives(&mut client).await;
}

#[tokio::test]
async fn a_connection_that_lost_nothing_survives_a_black_hole() {
    let (_redis, proxy, mut client) = redis_behind_proxy().await;
    proxy.black_hole(true);
    proxy.black_hole(false);
    assert_eq!(client.command(&["PING"]).await.unwrap().text(), "PONG");
}

#[tokio::test]
async fn commands_are_carried_out_while_replies_are_stopped() {
    let (redis, proxy, mut client) = redis_behind_proxy().await;
    proxy.stop_replies(true);
    client.send(&encode_command(&["INCR", "count"])).await.unwrap();
    assert_nothing_arrives(&mut client).await;
    assert_eq!(redis.command(&["GET", "count"]).await.unwrap().integer(), Some(1));
    proxy.stop_replies(false);
    assert_eq!(client.receive().await.unwrap(), Reply::Integer(1));
}

#[tokio::test]
async fn a_swallowed_reply_leaves_one_effect_and_a_closed_connection() {
    let (redis, proxy, mut client) = redis_behind_proxy().await;
    proxy.swallow_replies("INCR", 1);
    assert_eq!(client.command(&["PING"]).await.unwrap().text(), "PONG");
    assert!(client.request(&["INCR", "count"]).await.is_err());
    assert_eq!(proxy.swallowed(), 1);
    assert_eq!(redis.command(&["GET", "count"]).await.unwrap().integer(), Some(1));
    let mut again = Client::connect(proxy.address()).await.unwrap();
    assert_eq!(again.command(&["INCR", "count"]).await.unwrap(), Reply::Integer(2));
}

#[tokio::test]
async fn garbage_replaces_one_reply() {
    let (_redis, proxy, mut client) = redis_behind_proxy().await;
    proxy.garble(b":8\r\n");
    assert_eq!(client.command(&["PING"]).await.unwrap(), Reply::Integer(8));
    assert_eq!(client.command(&["PING"]).await.unwrap().text(), "PONG");
}

#[tokio::test]
async fn a_delay_applies_in_both_directions_and_keeps_the_order() {
    let (_redis, proxy, mut client) = redis_behind_proxy().await;
    proxy.delay(Duration::from_millis(60), Duration::from_millis(40));
    let started = Instant::now();
    for _ in 0..3 {
        client.send(&encode_command(&["INCR", "count"])).await.unwrap();
    }
    for count in 1..=3 {
        assert_eq!(client.receive().await.unwrap(), Reply::Integer(count));
    }
    assert!(started.elapsed() >= Duration::from_millis(100), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_slow_client_makes_the_upstream_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = FaultProxy::start(listener.local_addr().unwrap()).await.unwrap();
    proxy.drip(Some(100));
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut upstream, _) = listener.accept().await.unwrap();
    let flood = vec![7; 64 * 1024 * 1024];
    let sent = tokio::time::timeout(Duration::from_millis(500), upstream.write_all(&flood)).await;
    assert!(sent.is_err(), "64 MiB were sent to a client that accepts 100 bytes per second");
    let mut byte = [0];
    client.read_exact(&mut byte).await.unwrap();
    assert_eq!(byte, [7]);
}

#[tokio::test]
async fn a_dropped_proxy_leaves_no_connection() {
    let (redis, proxy, mut client) = redis_behind_proxy().await;
    drop(proxy);
    assert!(client.receive().await.is_err());
    let gone = async {
        while clients(&redis).await > 1 {
            tokio::task::yield_now().await;
        }
    };
    let gone = tokio::time::timeout(harness::DEADLINE, gone).await;
    gone.expect("the proxy's connection to the upstream ends");
}

/// The number of connections to Redis, including this one.
async fn clients(redis: &RedisServer) -> usize {
    redis.command(&["CLIENT", "LIST"]).await.unwrap().text().lines().count()
}

async fn redis_behind_proxy() -> (RedisServer, FaultProxy, Client) {
    let redis = RedisServer::start(RedisOptions::new()).await.unwrap();
    let proxy = FaultProxy::start(redis.address()).await.unwrap();
    let mut client = Client::connect(proxy.address()).await.unwrap();
    client.command(&["PING"]).await.unwrap();
    (redis, proxy, client)
}

async fn assert_nothing_arrives(client: &mut Client) {
    let received = tokio::time::timeout(Duration::from_millis(200), client.receive()).await;
    assert!(received.is_err(), "received {received:?}");
}
