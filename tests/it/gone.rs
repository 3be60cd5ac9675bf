//! Who has left or was removed is gone for good: that is on disk before it is acknowledged.

use std::path::Path;

use harness::http::Method;
use harness::{DEADLINE, ServerOptions, ServerProcess, WsClient};
use serde_json::json;

use crate::locked::Locked;
use crate::nodes::site::until;
use crate::party::{does_not_start, options};
use crate::problem;

/// How often the server is killed; each time may miss the moment.
const ROUNDS: usize = 4;

#[tokio::test]
async fn who_has_left_or_was_removed_stays_out_though_the_server_is_killed_at_once() {
    let mut server = with_journal().start().await.unwrap();
    for round in 0..ROUNDS {
        let host = server.api().as_guest("Ada").await.unwrap();
        let room_id = host.create_room("Friday").await.unwrap().room_id;
        let guest = server.api().as_guest("Grace").await.unwrap();
        let mut socket = guest.enter(&room_id).await.unwrap();
        if round % 2 == 0 {
            socket.ack("leave", json!({})).await.unwrap();
        } else {
            let id = guest.join(&room_id).await.unwrap().participant_id;
            host.remove(&room_id, &id).await.unwrap();
        }
        server.kill_9().await.unwrap();
        server.restart().await.unwrap();
        let guest = guest.at(&server.api());
        let path = format!("rooms/{room_id}/state");
        let state = guest.request(Method::GET, &path, None).await.unwrap();
        problem::check(&state, "not_member", &format!("round {round}"));
    }
}

#[tokio::test]
async fn nobody_leaves_or_is_removed_while_the_journal_cannot_be_written() {
    let server = with_journal().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    let _host = host.enter(&room_id).await.unwrap();
    let guest = server.api().as_guest("Grace").await.unwrap();
    let id = guest.join(&room_id).await.unwrap().participant_id;
    let mut socket = guest.enter(&room_id).await.unwrap();
    let path = format!("rooms/{room_id}/participants/{id}");
    let remove = async || host.request(Method::DELETE, &path, None).await.unwrap();

    let mut locked = Locked::take(&journal(&server));
    // The first to notice may wait for the lock.
    problem::check(&remove().await, "store_unavailable", "the first");
    problem::check(&remove().await, "store_unavailable", "the second");
    assert_eq!(socket.reject("leave", json!({})).await.unwrap().code, "store_unavailable");
    is_connected(&mut socket).await;

    locked.release();
    let removed = async || (remove().await.status == 204).then_some(());
    until("the removal", DEADLINE, removed).await;
    assert_eq!(socket.closed().await.unwrap().close_code, Some(4411));
}

#[tokio::test]
async fn a_start_waits_for_a_journal_that_another_program_has_locked() {
    let mut server = with_journal().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    server.kill_9().await.unwrap();
    let data_dir = server.data_dir().to_owned();
    let mut locked = Locked::take(&journal(&server));
    let options = with_journal().data_dir(&data_dir);
    let words = does_not_start(options.env("PLAYHEAD_START_TIMEOUT_MS", "0")).await;
    assert!(words.contains("another program has locked the journal"), "{words}");
    let probe = server.admin_api();
    let (started, ()) = tokio::join!(server.restart(), async {
        let answers = async || probe.raw(Method::GET, "readyz", &[], "").await.ok();
        let ready = until("an answer", DEADLINE, answers).await;
        assert_eq!((ready.status, &*ready.text), (503, "starting\n"));
        locked.release();
    });
    started.unwrap();
    host.at(&server.api()).join(&room_id).await.expect("the room is there");
}

/// A server with the memory store, even if the other tests run over Redis.
fn with_journal() -> ServerOptions {
    options().env("PLAYHEAD_STORE", "memory")
}

fn journal(server: &ServerProcess) -> std::path::PathBuf {
    Path::join(server.data_dir(), "journal.db")
}

async fn is_connected(socket: &mut WsClient) {
    let ping = json!({ "type": "ping", "data": { "t0": 1.0 } });
    socket.send_json(&ping).await.unwrap();
    socket.wait_for("pong").await.unwrap();
}
