//! F31: Redis answers with errors of every kind, with too much, with half, and with nonsense.

use harness::fake_redis::Answer;
use harness::resp::Reply;
use harness::{FakeRedis, ServerProcess};

use super::scene::{Duo, Scene, answers, insist, unavailable};
use crate::party::resident_bytes;

/// What an answer without end may take from a node, at most.
const MEMORY_MAX: u64 = 400 * 1024 * 1024;

#[tokio::test]
async fn f31_errors_of_redis_are_answered_in_time_and_heal() {
    let errors = [
        "ERR unknown",
        "READONLY You can't write against a read only replica.",
        "LOADING Redis is loading the dataset in memory",
        "BUSY Redis is busy running a script.",
        "OOM command not allowed when used memory > 'maxmemory'.",
        "MOVED 3999 127.0.0.1:1",
    ];
    let replies = errors.map(|error| (error, Answer::Reply(Reply::Error(error.to_owned()))));
    survive(&replies).await;
}

#[tokio::test]
async fn f31_nonsense_of_redis_is_answered_in_time_and_heals() {
    let half = Reply::Array(vec![Reply::Bulk(b"ok".to_vec()), Reply::Bulk(vec![b'x'; 100])]);
    survive(&[
        ("bytes that are no reply", Answer::Bytes(b"\x00\xffnonsense\r\n\r\n".to_vec())),
        ("another type", Answer::Reply(Reply::Integer(7))),
        ("an empty list", Answer::Reply(Reply::Array(Vec::new()))),
        ("a deep nest", Answer::Nested(100)),
        ("half a reply", Answer::HalfThenSilence(half)),
        ("a closed connection", Answer::Close),
    ])
    .await;
}

#[tokio::test]
async fn f31_an_endless_answer_of_redis_ends_and_takes_no_more_memory_than_it_may() {
    survive(&[("a string without end", Answer::EndlessBulk)]).await;
}

#[tokio::test]
async fn f31_a_redis_that_knows_no_script_is_told_it() {
    let (scene, fake, nodes) = lying().await;
    let mut duo = Duo::meet(&nodes).await;
    fake.answer_error("EVALSHA", "NOSCRIPT No matching script. Please use EVAL.");
    let before = duo.agree().await.version;
    let acked = insist(&mut duo.host, "by its text", 1234).await;
    assert_eq!((acked.version, acked.duplicate), (before + 1, false));
    assert!(fake.answered() > 0);
    // Not only lied to: forgotten.
    fake.clear_answers();
    scene.redis.command(&["SCRIPT", "FLUSH"]).await.unwrap();
    insist(&mut duo.host, "forgotten", 2345).await;
    assert_eq!(duo.agree().await.version, before + 2);
    duo.judge(true);
}

/// Each answer in turn to every script: commands are refused in time, the node lives, the other
/// one goes on, and all is well once Redis talks sense.
async fn survive(lies: &[(&str, Answer)]) {
    let (scene, fake, nodes) = lying().await;
    let mut duo = Duo::meet(&nodes).await;
    for (number, (what, answer)) in lies.iter().enumerate() {
        let position = 1000 + 10 * number as u64;
        let before = duo.agree().await;
        fake.answer("EVALSHA", answer.clone());
        let id = format!("lie {number}");
        unavailable(&mut duo.host, &id, position).await;
        answers(&nodes[0]).await;
        let other = insist(&mut duo.mate, &format!("meanwhile {number}"), position + 1).await;
        assert_eq!((other.epoch, other.version), (before.epoch, before.version + 1), "{what}");
        let held = resident_bytes(&nodes[0]);
        assert!(held < MEMORY_MAX, "{what}: the node holds {held} bytes");
        fake.clear_answers();
        let healed = insist(&mut duo.host, &id, position).await;
        assert_eq!(healed.version, before.version + 2, "{what}: one effect");
    }
    assert!(fake.answered() >= lies.len());
    let state = duo.agree().await;
    assert_eq!(state.epoch, 1, "nothing was rebuilt");
    scene.note_store(&duo.recorder, &duo.room_id).await;
    duo.judge(true);
}

/// One node behind a Redis that lies, one that is told the truth.
async fn lying() -> (Scene, FakeRedis, [ServerProcess; 2]) {
    let scene = Scene::new().await;
    let fake = FakeRedis::start(scene.redis.address()).await.unwrap();
    let nodes = [scene.node_at(&fake.url()).await, scene.node().await];
    (scene, fake, nodes)
}
