//! F31: Redis replies with errors of every kind, too much, too little, and nonsense.

use harness::fake_redis::Response;
use harness::resp::Reply;
use harness::{FakeRedis, ServerProcess};

use super::scene::{Duo, Scene, answers, insist, unavailable};
use crate::party::resident_bytes;

/// The most memory that an endless reply may take from a node.
const MEMORY_MAX: u64 = 400 * 1024 * 1024;

#[tokio::test]
async fn f31_commands_are_answered_in_time_while_redis_replies_with_errors() {
    let errors = [
        "ERR unknown",
        "READONLY You can't write against a read only replica.",
        "LOADING Redis is loading the dataset in memory",
        "BUSY Redis is busy running a script.",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "MOVED 3999 127.0.0.1:1",
    ];
    let responses = errors.map(|error| (error, Response::Reply(Reply::Error(error.to_owned()))));
    survive(&responses).await;
}

#[tokio::test]
async fn f31_commands_are_answered_in_time_while_redis_replies_with_nonsense() {
    let half = Reply::Array(vec![Reply::Bulk(b"ok".to_vec()), Reply::Bulk(vec![b'x'; 100])]);
    survive(&[
        ("bytes that aren't a reply", Response::Bytes(b"\x00\xffnonsense\r\n\r\n".to_vec())),
        ("another type", Response::Reply(Reply::Integer(7))),
        ("an empty list", Response::Reply(Reply::Array(Vec::new()))),
        ("deep nesting", Response::Nested(100)),
        ("half a reply", Response::HalfThenSilence(half)),
        ("a closed connection", Response::Close),
    ])
    .await;
}

#[tokio::test]
async fn f31_an_endless_reply_of_redis_is_cut_off_within_bounded_memory() {
    survive(&[("an endless string", Response::EndlessBulk)]).await;
}

#[tokio::test]
async fn f31_a_script_that_redis_does_not_know_is_loaded_again() {
    let (scene, fake, nodes) = with_fake().await;
    let mut duo = Duo::meet(&nodes).await;
    fake.respond_error("EVALSHA", "NOSCRIPT No matching script. Please use EVAL.");
    let before = duo.agree().await.version;
    let acked = insist(&mut duo.host, "by its text", 1234).await;
    assert_eq!((acked.version, acked.duplicate), (before + 1, false));
    assert!(fake.responded() > 0);
    // Now the script is really missing.
    fake.clear_responses();
    scene.redis.command(&["SCRIPT", "FLUSH"]).await.unwrap();
    insist(&mut duo.host, "flushed", 2345).await;
    assert_eq!(duo.agree().await.version, before + 2);
    duo.judge(true);
}

/// Gives each response in turn to every script: commands are refused in time, the node survives, the
/// other node continues, and everything recovers when Redis replies correctly again.
async fn survive(responses: &[(&str, Response)]) {
    let (scene, fake, nodes) = with_fake().await;
    let mut duo = Duo::meet(&nodes).await;
    for (number, (what, response)) in responses.iter().enumerate() {
        let position = 1000 + 10 * number as u64;
        let before = duo.agree().await;
        fake.respond("EVALSHA", response.clone());
        let id = format!("fault {number}");
        unavailable(&mut duo.host, &id, position).await;
        answers(&nodes[0]).await;
        let other = insist(&mut duo.mate, &format!("meanwhile {number}"), position + 1).await;
        assert_eq!((other.epoch, other.version), (before.epoch, before.version + 1), "{what}");
        let bytes = resident_bytes(&nodes[0]);
        assert!(bytes < MEMORY_MAX, "{what}: the node uses {bytes} bytes");
        fake.clear_responses();
        let repeated = insist(&mut duo.host, &id, position).await;
        assert_eq!(repeated.version, before.version + 2, "{what}: one effect");
    }
    assert!(fake.responded() >= responses.len());
    let state = duo.agree().await;
    assert_eq!(state.epoch, 1, "nothing was rebuilt");
    scene.record_store(&duo.recorder, &duo.room_id).await;
    duo.judge(true);
}

/// One node behind the fake Redis, and one behind the real one.
async fn with_fake() -> (Scene, FakeRedis, [ServerProcess; 2]) {
    let scene = Scene::new().await;
    let fake = FakeRedis::start(scene.redis.address()).await.unwrap();
    let nodes = [scene.node_at(&fake.url()).await, scene.node().await];
    (scene, fake, nodes)
}
