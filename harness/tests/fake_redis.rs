//! A Redis that lies, lies as it was told, to clients that have many commands under way.

use std::time::Duration;

use harness::fake_redis::{Answer, PushFault};
use harness::resp::{Client, Reply, encode_command};
use harness::{FakeRedis, RedisOptions, RedisServer};

#[tokio::test]
async fn a_rule_answers_its_command_in_its_place_and_carries_nothing_out() {
    let (redis, fake, mut client) = fake_redis().await;
    fake.answer_error("evalsha", "READONLY You can't write against a read only replica.");
    let mut pipeline = encode_command(&["SET", "key", "1"]);
    pipeline.extend(encode_command(&["EVALSHA", "f00", "0"]));
    pipeline.extend(encode_command(&["INCR", "key"]));
    client.send(&pipeline).await.unwrap();
    assert_eq!(client.receive().await.unwrap().text(), "OK");
    assert!(client.receive().await.unwrap().text().starts_with("READONLY"));
    assert_eq!(client.receive().await.unwrap(), Reply::Integer(2));
    assert_eq!(fake.answered(), 1);
    let calls = redis.command(&["INFO", "commandstats"]).await.unwrap().text();
    assert!(!calls.contains("evalsha"), "{calls}");

    fake.clear_answers();
    let passed = client.request(&["EVALSHA", "f00", "0"]).await.unwrap();
    assert!(passed.text().starts_with("NOSCRIPT"), "{passed:?}");
}

#[tokio::test]
async fn a_rule_of_two_words_for_so_many_times_leaves_the_rest_alone() {
    let (_redis, fake, mut client) = fake_redis().await;
    let busy = Reply::Error("BUSY Redis is busy running a script.".to_owned());
    fake.answer_times("SCRIPT EXISTS", Answer::Reply(busy.clone()), 2);
    assert!(client.command(&["SCRIPT", "FLUSH"]).await.is_ok());
    for _ in 0..2 {
        assert_eq!(client.request(&["script", "exists", "f00"]).await.unwrap(), busy);
    }
    assert_eq!(client.command(&["SCRIPT", "EXISTS", "f00"]).await.unwrap().integer(), None);
}

#[tokio::test]
async fn what_is_no_reply_at_all_arrives_as_it_is() {
    let (_redis, fake, mut client) = fake_redis().await;
    fake.answer("GET", Answer::Bytes(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()));
    let error = client.request(&["GET", "key"]).await.unwrap_err().to_string();
    assert!(error.contains("HTTP/1.1"), "{error}");

    let mut client = connect(&fake).await;
    fake.answer("GET", Answer::Nested(10_000));
    let error = client.request(&["GET", "key"]).await.unwrap_err().to_string();
    assert!(error.contains("nested"), "{error}");

    let mut client = connect(&fake).await;
    fake.answer("GET", Answer::Close);
    let error = client.request(&["GET", "key"]).await.unwrap_err().to_string();
    assert!(error.contains("ended"), "{error}");
}

#[tokio::test]
async fn a_half_reply_is_followed_by_nothing_and_an_endless_one_by_itself() {
    let (_redis, fake, mut client) = fake_redis().await;
    fake.answer("GET", Answer::HalfThenSilence(Reply::Bulk(b"whole".to_vec())));
    client.send(&encode_command(&["GET", "key"])).await.unwrap();
    client.send(&encode_command(&["PING"])).await.unwrap();
    assert_nothing_whole_comes(&mut client).await;

    let mut client = connect(&fake).await;
    fake.answer("GET", Answer::EndlessBulk);
    client.send(&encode_command(&["GET", "key"])).await.unwrap();
    assert_nothing_whole_comes(&mut client).await;
}

#[tokio::test]
async fn a_swallowed_reply_is_its_own_among_many_under_way() {
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
async fn without_a_fault_messages_pass_and_a_subscriber_may_ping() {
    let (redis, fake, mut subscriber) = subscribed(&["SUBSCRIBE", "room"]).await;
    publish(&redis, 1..=2).await;
    assert_eq!(messages(&mut subscriber, 2).await, ["1", "2"]);
    assert_eq!(subscriber.command(&["PING"]).await.unwrap().texts(), ["pong", ""]);
    assert_eq!(fake.push_faults(), 0);
}

#[tokio::test]
async fn messages_come_twice_swapped_late_or_not() {
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
async fn resp3_pushes_and_patterns_are_messages_too() {
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
        let message = message.expect("a message is on its way").unwrap();
        texts.push(message.items().last().map(Reply::text).unwrap_or_default());
    }
    texts
}

async fn assert_nothing_whole_comes(client: &mut Client) {
    let came = tokio::time::timeout(Duration::from_millis(200), client.receive()).await;
    assert!(came.is_err(), "{came:?} came");
}
