//! More frames than the rate limit of a connection allows.

use std::collections::BTreeMap;

use harness::frame::{encode_client, opcode};
use serde_json::{Value, json};
use server::limit::FRAMES_BURST;

use crate::party::Party;

/// How many frames make a flood.
pub const FRAMES: usize = 1500;
/// More frames that get no reply than any connection may send at once.
const UNANSWERED: usize = 20_000;

#[tokio::test]
async fn a_flood_is_refused_frame_by_frame_and_disturbs_no_one_else() {
    let mut party = Party::watching().await;
    for number in 0..FRAMES {
        let id = format!("f{number}");
        party.host.send_json(&json!({ "type": "pause", "id": id, "data": {} })).await.unwrap();
    }
    let mut answers = BTreeMap::new();
    while answers.len() < FRAMES {
        let frame = party.host.next_frame().await.unwrap();
        let Some(id) = frame["id"].as_str() else { continue };
        assert!(answers.insert(id.to_owned(), frame.clone()).is_none(), "{id} is answered once");
    }
    let (limited, acked): (Vec<&Value>, Vec<&Value>) =
        answers.values().partition(|answer| answer["type"] == "reject");
    assert!(acked.len() >= FRAMES_BURST as usize, "{} were let through", acked.len());
    assert!(!limited.is_empty(), "{} were let through", acked.len());
    for answer in limited {
        let error = &answer["error"];
        assert_eq!((&error["code"], &error["retry"]), (&json!("rate_limited"), &json!("after")));
        assert!(error["retry_after_ms"].as_u64().is_some_and(|ms| (1..=1000).contains(&ms)));
    }
    assert!(acked.iter().all(|ack| ack["type"] == "ack" && ack["version"] == party.version));
    party.nothing_happened().await;

    // Other connections of the host work, and this one does again a little later.
    let mut second = party.host_api.enter(&party.room_id).await.unwrap();
    second.ack("play", json!({})).await.unwrap();
    party.committed().await;
    loop {
        let answer = party.host.command("pause", json!({})).await.unwrap();
        if answer["type"] == "ack" {
            break;
        }
        assert_eq!(answer["error"]["code"], "rate_limited");
    }
    party.committed().await;
}

#[tokio::test]
async fn a_flood_of_frames_that_get_no_answer_ends_its_own_connection_alone() {
    let mut party = Party::watching().await;
    let fragment = |opcode| {
        let mut frame = encode_client(opcode, b"");
        frame[0] &= 0x7f;
        frame
    };
    let floods = [
        ("pings", Vec::new(), encode_client(opcode::PING, b"")),
        ("pongs", Vec::new(), encode_client(opcode::PONG, b"")),
        ("empty fragments", fragment(opcode::TEXT), fragment(opcode::CONTINUATION)),
    ];
    for (what, first, again) in floods {
        let early = party.guest_api.connect(&party.room_id).await.unwrap();
        let late = party.guest_api.enter(&party.room_id).await.unwrap();
        for mut socket in [early, late] {
            // The server may close before everything is sent.
            let _ = socket.send_bytes(&first).await;
            let _ = socket.send_bytes(&again.repeat(UNANSWERED)).await;
            let closed = socket.closed().await.unwrap();
            assert_eq!(closed.close_code, Some(4429), "{what}: {}", closed.reason);
        }
    }
    party.nothing_happened().await;
    party.command("play", json!({})).await;
}

#[tokio::test]
async fn a_message_may_come_in_many_fragments() {
    let mut party = Party::watching().await;
    let padding = " ".repeat(400);
    for number in 0..250 {
        let text = format!(r#"{{"type":"ping","data":{{"t0":{number}}}}}{padding}"#);
        let (first, last) = text.as_bytes().split_at(1);
        let pieces = first.chunks(1).chain(std::iter::repeat_n(&[][..], 10)).chain([last]);
        let mut bytes = Vec::new();
        for (index, piece) in pieces.enumerate() {
            let opcode = if index == 0 { opcode::TEXT } else { opcode::CONTINUATION };
            let mut frame = encode_client(opcode, piece);
            frame[0] &= if index == 11 { 0xff } else { 0x7f };
            bytes.extend(frame);
        }
        party.host.send_bytes(&bytes).await.unwrap();
        party.host.take("a pong", |frame| frame["type"] == "pong").await.unwrap();
    }
    party.nothing_happened().await;
}
