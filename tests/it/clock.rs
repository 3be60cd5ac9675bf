//! The room clock as clients measure it: the timestamps of pongs, and the server's uncertainty.

use std::time::Duration;

use contracts::Pong;
use harness::frame::{encode_client, opcode};
use harness::{FaultProxy, WsClient};
use serde_json::{Value, json};

use crate::nodes::site::Site;
use crate::origin::Origin;
use crate::party::{Party, new_room, number, redis_url, server};

/// The delay in each direction between a node and its Redis.
const FAR: Duration = Duration::from_millis(10);

#[tokio::test]
async fn a_ping_is_answered_while_a_command_waits_for_its_origin() {
    let origin = Origin::start().await;
    let mut party = Party::idle().await;
    let data = json!({ "link": origin.link("held.m3u8") });
    let slow = json!({ "type": "set_media", "id": "slow", "data": data });
    party.host.send_json(&slow).await.unwrap();
    origin.wait_connected().await;
    let before_us = party.server.api().time().await.unwrap().now_us;
    party.host.send_json(&ping(7.0)).await.unwrap();
    let pong = read_pong(&mut party.host).await;
    let after_us = party.server.api().time().await.unwrap().now_us;
    assert!(
        pong.t0 == 7.0 && before_us <= pong.t1_us && pong.t2_us <= after_us,
        "{before_us} {pong:?} {after_us}"
    );
    assert!(pong.t1_us <= pong.t2_us);
    let early = party.host.take_unread();
    assert!(early.iter().all(|frame| frame["id"] != "slow"), "it was on its way: {early:?}");

    origin.release();
    let acked = party.host.answer("slow").await.unwrap();
    assert_eq!(acked["type"], "ack", "{acked}");
    party.committed().await;
}

#[tokio::test]
async fn pings_that_arrive_together_are_stamped_on_arrival() {
    let mut party = Party::watching().await;
    let command = json!({ "type": "set_rate", "id": "first", "data": { "rate": 1.5 } });
    send_together(&mut party.host, &[command, ping(1.0), ping(2.0)]).await;
    let (one, other) = (read_pong(&mut party.host).await, read_pong(&mut party.host).await);
    assert_eq!((one.t0, other.t0), (1.0, 2.0), "in their order");
    assert!(one.t2_us <= other.t2_us, "{one:?} {other:?}");
    assert!(other.t1_us <= one.t2_us, "read before the first was answered: {one:?} {other:?}");
    assert_eq!(party.host.answer("first").await.unwrap()["type"], "ack");
    party.committed().await;
}

#[tokio::test]
async fn a_ping_right_after_hello_is_stamped_on_arrival_and_answered_after_the_welcome() {
    let site = Site::of(0).await;
    let line = FaultProxy::start(site.redis.address()).await.unwrap();
    line.delay(FAR, FAR);
    let url = format!("redis://{}", line.address());
    let node = site.options().env("PLAYHEAD_REDIS_URL", url).start().await.unwrap();
    let api = node.api().as_guest("Ada").await.unwrap();
    let room_id = api.create_room_with(&new_room()).await.unwrap().room_id;
    let mut socket = api.connect(&room_id).await.unwrap();
    let hello = json!({ "client": { "name": "it", "version": "1" } });
    let hello = json!({ "type": "hello", "id": "h", "data": hello });
    let command = json!({ "type": "fly", "id": "c", "data": {} });
    send_together(&mut socket, &[hello, ping(1.0), command]).await;
    let welcome = socket.next_frame().await.unwrap();
    assert_eq!(welcome["type"], "welcome", "it comes first: {welcome}");
    let pong = read_pong(&mut socket).await;
    let answered_us = number(&welcome["at_ms"]) * 1000;
    assert!(pong.t1_us < answered_us, "read at once: {pong:?} {welcome}");
    assert!(pong.t2_us >= answered_us, "answered later: {pong:?} {welcome}");
    let reject = socket.answer("c").await.unwrap();
    assert_eq!(reject["error"]["code"], "unknown_type", "nothing else got lost: {reject}");
}

#[tokio::test]
async fn the_server_states_the_uncertainty_of_the_room_clock() {
    let server = server().await;
    let time = server.api().time().await.unwrap();
    assert_eq!(time.now_ms, time.now_us / 1000);
    let is_measured = redis_url().is_some();
    assert_eq!(time.uncertainty_us > 0, is_measured, "alone it is the clock: {time:?}");
}

fn ping(t0: f64) -> Value {
    json!({ "type": "ping", "data": { "t0": t0 } })
}

async fn read_pong(socket: &mut WsClient) -> Pong {
    let pong = socket.wait_for("pong").await.unwrap();
    serde_json::from_value(pong["data"].clone()).unwrap_or_else(|error| panic!("{error}: {pong}"))
}

/// Sends frames in one write, so that the server reads them together.
async fn send_together(socket: &mut WsClient, frames: &[Value]) {
    let encode = |frame: &Value| encode_client(opcode::TEXT, frame.to_string().as_bytes());
    let bytes: Vec<u8> = frames.iter().flat_map(encode).collect();
    socket.send_bytes(&bytes).await.unwrap();
}
