//! Connections: hello, pings, sessions, several sockets of one participant, and leaving.

use contracts::{Resume, Role, Welcome};
use harness::http::Method;
use harness::{Closed, DEADLINE, WsClient};
use serde_json::{Value, json};

use crate::nodes::site::until;
use crate::party::{Party, number, playback, versioned};

#[tokio::test]
async fn pings_are_answered_before_and_after_hello() {
    let party = Party::idle().await;
    let mut socket = party.guest_api.connect(&party.room_id).await.unwrap();
    let before = ping(&mut socket, 12.34).await;
    socket.hello(&[]).await.unwrap();
    let after = ping(&mut socket, 1e15).await;
    assert!(number(&before["t2_us"]) <= number(&after["t1_us"]), "one clock: {before} {after}");
    let now_us = party.server.api().time().await.unwrap().now_us;
    assert!(number(&after["t2_us"]) <= now_us, "the same clock over HTTP");
}

#[tokio::test]
async fn a_reject_before_hello_does_not_close_the_connection() {
    let mut party = Party::watching().await;
    let mut early = party.host_api.connect(&party.room_id).await.unwrap();
    assert_eq!(early.reject("play", json!({})).await.unwrap().code, "unexpected_frame");
    party.nothing_happened().await;
    assert_eq!(early.hello(&[]).await.unwrap().role, Role::Host);
    early.ack("play", json!({})).await.unwrap();
    party.committed().await;
}

#[tokio::test]
async fn a_second_connection_of_a_participant_hears_who_is_there() {
    let mut party = Party::watching().await;
    let both = |frame: &Value| frame["type"] == "presence_changed" && frame["data"]["total"] == 2;
    party.host.take("presence of both", both).await.unwrap();
    let mut second = party.host_api.connect(&party.room_id).await.unwrap();
    second.hello(&[]).await.unwrap();
    second.take("presence of both", both).await.unwrap();
}

#[tokio::test]
async fn two_connections_of_one_participant_are_equal() {
    let mut party = Party::watching().await;
    let mut second = party.host_api.connect(&party.room_id).await.unwrap();
    let welcome = second.hello(&[]).await.unwrap();
    assert_eq!((&welcome.participant_id, welcome.role), (&party.host_id, Role::Host));
    assert_eq!(welcome.room.viewer_count, 2, "participants are counted, not sockets");

    second.ack("play", json!({})).await.unwrap();
    let frame = party.committed().await;
    assert_eq!(frame["data"]["by"], party.host_id);
    assert_eq!(versioned(&mut second).await, frame);
    let frame = party.command("pause", json!({})).await;
    assert_eq!(versioned(&mut second).await, frame);

    second.close().await.unwrap();
    party.command("play", json!({})).await;
    assert_eq!(party.host_api.participants(&party.room_id).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_session_is_resumed_only_by_its_own_participant() {
    let mut party = Party::watching().await;
    let mut first = party.guest_api.connect(&party.room_id).await.unwrap();
    let welcome = first.hello(&[]).await.unwrap();
    assert!(!welcome.resumed);
    party.guest.close().await.unwrap();
    first.close().await.unwrap();
    let alone = |frame: &Value| {
        frame["type"] == "viewer_count_changed" && frame["data"]["viewer_count"] == 1
    };
    party.host.take("the guest to be gone", alone).await.unwrap();

    let stranger = party.server.api().as_guest("Eve").await.unwrap();
    let mut thief = stranger.connect(&party.room_id).await.unwrap();
    let stolen = thief.hello_with(&[], Some(resume(&welcome, 1, 1))).await.unwrap();
    assert!(!stolen.resumed && stolen.session_id != welcome.session_id);
    assert_ne!(stolen.participant_id, welcome.participant_id);

    party.guest = party.guest_api.connect(&party.room_id).await.unwrap();
    let back = party.guest.hello_with(&[], Some(resume(&welcome, 1, 1))).await.unwrap();
    assert!(back.resumed);
    assert_eq!(
        (back.session_id, back.participant_id),
        (welcome.session_id, welcome.participant_id)
    );
    // Within one epoch, only the newest state is sent.
    party.nothing_happened().await;
}

#[tokio::test]
async fn resuming_an_unknown_session_is_an_ordinary_welcome() {
    let mut party = Party::watching().await;
    let mut socket = party.guest_api.connect(&party.room_id).await.unwrap();
    let nothing = Resume { session_id: "s_unknown".to_owned(), epoch: u64::MAX, version: u64::MAX };
    let welcome = socket.hello_with(&["ready", "unheard_of"], Some(nothing)).await.unwrap();
    assert!(!welcome.resumed && welcome.session_id != "s_unknown");
    party.nothing_happened().await;
}

#[tokio::test]
async fn leaving_closes_every_connection_of_the_participant() {
    let mut party = Party::watching().await;
    let mut second = party.guest_api.enter(&party.room_id).await.unwrap();
    let acked = party.guest.ack("leave", json!({})).await.unwrap();
    assert_eq!(acked.version, party.version, "leaving is no commit");
    let left = Closed { close_code: Some(1000), reason: "left".to_owned() };
    assert_eq!(party.guest.closed().await.unwrap(), left);
    assert_eq!(second.closed().await.unwrap(), left);
    party.guest = party.guest_api.enter(&party.room_id).await.unwrap();
    party.nothing_happened().await;
}

#[tokio::test]
async fn who_has_left_is_no_member_until_the_next_join() {
    let mut party = Party::watching().await;
    party.guest.ack("leave", json!({})).await.unwrap();
    party.guest.closed().await.unwrap();
    for what in ["state", "participants"] {
        let path = format!("rooms/{}/{what}", party.room_id);
        // The connection counts until its end has been noticed.
        until(what, DEADLINE, async || {
            let response = party.guest_api.request(Method::GET, &path, None).await.ok()?;
            (response.status == 403 && response.code() == "not_member").then_some(())
        })
        .await;
    }
    party.guest = party.guest_api.enter(&party.room_id).await.unwrap();
    party.guest_api.state(&party.room_id).await.expect("a member again");
}

#[tokio::test]
async fn position_reports_and_invented_types_are_unknown() {
    let mut party = Party::watching().await;
    for type_ in ["position", "position_report", "state", "playback_changed", "PLAY", ""] {
        let data = json!({ "position_ms": 9000, "playing": true });
        for socket in [&mut party.host, &mut party.guest] {
            let error = socket.reject(type_, data.clone()).await.unwrap();
            assert_eq!(error.code, "unknown_type", "{type_}");
        }
        party.nothing_happened().await;
    }
    let frame = party.command("play", json!({})).await;
    assert_eq!(playback(&frame).position_ms, 0);
}

#[tokio::test]
async fn commands_of_one_connection_take_effect_in_order() {
    let mut party = Party::watching().await;
    let positions: Vec<u64> = (1..=50).map(|step| step * 100).collect();
    for position_ms in &positions {
        let id = format!("s{position_ms}");
        let data = json!({ "position_ms": position_ms });
        party.host.send_json(&json!({ "type": "seek", "id": id, "data": data })).await.unwrap();
    }
    for position_ms in &positions {
        assert_eq!(playback(&party.committed().await).position_ms, *position_ms);
        let ack = party.host.answer(&format!("s{position_ms}")).await.unwrap();
        assert_eq!((&ack["type"], number(&ack["version"])), (&json!("ack"), party.version));
    }
}

fn resume(welcome: &Welcome, epoch: u64, version: u64) -> Resume {
    Resume { session_id: welcome.session_id.clone(), epoch, version }
}

/// Sends a ping with this timestamp and returns the data of the pong.
async fn ping(socket: &mut WsClient, t0: f64) -> Value {
    socket.send_json(&json!({ "type": "ping", "data": { "t0": t0 } })).await.unwrap();
    let pong = socket.wait_for("pong").await.unwrap();
    assert_eq!(pong["data"]["t0"], t0);
    assert_eq!(pong.get("version"), None);
    assert!(number(&pong["data"]["t1_us"]) <= number(&pong["data"]["t2_us"]), "{pong}");
    pong["data"].clone()
}
