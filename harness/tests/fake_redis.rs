//! The fake Redis misbehaves exactly as configured, even for clients with many commands in progress.

use std::time::Duration;

use harness::fake_redis::{PushFault, Response};
use harness::resp::{Client, Reply, encode_command};
use harness::{FakeRedis, RedisOptions, RedisServer};

#[tokio::test]
async fn a_rule_replaces_the_reply_of_its_command_and_keeps_it_from_being_carried_out() {
    let (redis, fake, mut client) = fake_redis().await;
    fake.respond_error("evalsha", "READONLY You can't write against a read only replica.");
    let mut pipeline = encode_command(&["SET", "key", "1"]);
    pipeline.extend(encode_command(&["EVALSHA", "f00", "0"]));
    pipeline.extend(encode_command(&["INCR", "key"]));
    client.send(&pipeline).await.unwrap();
    assert_eq!(client.receive().await.unwrap().text(), "OK");
    assert!(client.receive().await.unwrap().text().starts_with("READONLY"));
    assert_eq!(client.receive().await.unwrap(), Reply::Integer(2));
    assert_eq!(fake.responded(), 1);
    let calls = redis.command(&["INFO", "commandstats"]).await.unwrap().text();
    assert!(!calls.contains("evalsha"), "{calls}");

    fake.clear_responses();
    let passed = client.request(&["EVALSHA", "f00", "0"]).await.unwrap();
    assert!(passed.text().starts_with("NOSCRIPT"), "{passed:?}");
}

#[tokio::test]
async fn a_rule_with_two_words_and_a_limit_leaves_other_commands_alone() {
    let (_redis, fake, mut client) = fake_redis().await;
    let busy = Reply::Error("BUSY Redis is busy running a script.".to_owned());
    fake.respond_times("SCRIPT EXISTS", Response::Reply(busy.clone()), 2);
    assert!(client.command(&["SCRIPT", "FLUSH"]).await.is_ok());
    for _ in 0..2 {
        assert_eq!(client.request(&["script", "exists", "f00"]).await.unwrap(), busy);
    }
    assert_eq!(client.command(&["SCRIPT", "EXISTS", "f00"]).await.unwrap().integer(), None);
}

#[tokio::test]
async fn bytes_that_are_not_a_reply_arrive_unchanged() {
    let (_redis, fake, mut client) = fake_redis().await;
    fake.respond("GET", Response::Bytes(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()));
    let error = client.request(&["GET", "key"]).await.unwrap_err().to_string();
    assert!(error.contains("HTTP/1.1"), "{error}");

    let mut client = connect(&fake).await;
    fake.respond("GET", Response::Nested(10_000));
    let error = client.request(&["GET", "key"]).await.unwrap_err().to_string();
    assert!(error.contains("nested"), "{error}");

    let mut client = connect(&fake).await;
    fake.respond("GET", Response::Close);
    let error = client.request(&["GET", "key"]).await.unwrap_err().to_string();
    assert!(error.contains("ended"), "{error}");
}

#[tokio::test]
async fn half_a_reply_and_an_endless_reply_never_complete() {
    let (_redis, fake, mut client) = fake_redis().await;
    fake.respond("GET", Response::HalfThenSilence(Reply::Bulk(b"whole".to_vec())));
    client.send(&encode_command(&["GET", "key"])).await.unwrap();
    client.send(&encode_command(&["PING"])).await.unwrap();
    assert_no_reply_completes(&mut client).await;

    let mut client = connect(&fake).await;
    fake.respond("GET", Response::EndlessBulk);
    client.send(&encode_command(&["GET", "key"])).await.unwrap();
    assert_no_reply_completes(&mut client).await;
}

#[tokio::test]
async fn the_right_reply_is_swallowed_among_many_commands_in_progress() {
    let (redis, fake, mut client) = fake_redis().await;
    fake.swallow_replies("INCR", 1);
    let mut pipeline = encode_command(&["SET", "key", "1"]);
    pipeline.extend(encode_command(&["INCR", "key"]));
    client.send(&pipeline).await.unwrap();
    assert_eq!(client.receive().await.unwrap().text(), "OK");
    assert!(client.receive().await.is_err());
    assert_eq!(fake.swallowed(), 1);
    assert_eq!(redis.command(&["GET", "key"]).await.unwrap().integer(), Some(2));
}

#[tokio::test]
async fn without_a_fault_messages_pass_and_a_subscriber_can_ping() {
    let (redis, fake, mut subscriber) = subscribed(&["SUBSCRIBE", "room"]).await;
    publish(&redis, 1..=2).await;
    assert_eq!(messages(&mut subscriber, 2).await, ["1", "2"]);
    assert_eq!(subscriber.command(&["PING"]).await.unwrap().texts(), ["pong", ""]);
    assert_eq!(fake.push_faults(), 0);
}

#[tokio::test]
async fn messages_are_duplicated_swapped_delayed_or_dropped() {
    for (fault, count, delivered) in [
        (PushFault::Duplicate, 2, vec!["1", "1", "2", "2"]),
        (PushFault::ReorderPairs, 4, vec!["2", "1", "4", "3"]),
        (PushFault::DelayBy(2), 4, vec!["1", "2"]),
        (PushFault::DropEvery(3), 7, vec!["1", "2", "4", "5", "7"]),
    ] {
        let (redis, fake, mut subscriber) = subscribed(&["SUBSCRIBE", "room"]).await;
        fake.push_fault(Some(fault));
        publish(&redis, 1..=count).await;
        assert_eq!(messages(&mut subscriber, delivered.len()).await, delivered, "{fault:?}");
        assert!(fake.push_faults() > 0, "{fault:?}");
    }
}

#[tokio::test]
async fn resp3_pushes_and_pattern_subscriptions_are_messages_too() {
    let (redis, fake, _) = fake_redis().await;
    let mut subscriber = connect(&fake).await;
    assert!(!subscriber.command(&["HELLO", "3"]).await.unwrap().items().is_empty());
    let confirmed = subscriber.request(&["PSUBSCRIBE", "ro*"]).await.unwrap();
    assert_eq!(confirmed.items()[0].text(), "psubscribe");
    fake.push_fault(Some(PushFault::DropEvery(2)));
    publish(&redis, 1..=3).await;
    assert_eq!(messages(&mut subscriber, 2).await, ["1", "3"]);
    assert_eq!(subscriber.command(&["PING"]).await.unwrap().text(), "PONG");
}

async fn fake_redis() -> (RedisServer, FakeRedis, Client) {
    let redis = RedisServer::start(RedisOptions::new()).await.unwrap();
    let fake = FakeRedis::start(redis.address()).await.unwrap();
    let client = connect(&fake).await;
    (redis, fake, client)
}

async fn connect(fake: &FakeRedis) -> Client {
    Client::connect(fake.address()).await.unwrap()
}

async fn subscribed(command: &[&str]) -> (RedisServer, FakeRedis, Client) {
    let (redis, fake, mut subscriber) = fake_redis().await;
    subscriber.command(command).await.unwrap();
    (redis, fake, subscriber)
}

async fn publish(redis: &RedisServer, numbers: std::ops::RangeInclusive<u32>) {
    for number in numbers {
        let text = number.to_string();
        assert_eq!(redis.command(&["PUBLISH", "room", &text]).await.unwrap(), Reply::Integer(1));
    }
}

async fn messages(subscriber: &mut Client, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        let message = tokio::time::timeout(harness::DEADLINE, subscriber.receive()).await;
        let message = message.expect("a message arrives").unwrap();
        texts.push(message.items().last().map(Reply::text).unwrap_or_default());
    }
    texts
}

async fn assert_no_reply_completes(client: &mut Client) {
    let received = tokio::time::timeout(Duration::from_millis(200), client.receive()).await;
    assert!(received.is_err(), "received {received:?}");
}
