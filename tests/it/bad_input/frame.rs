//! Unusable frames.

use contracts::FRAME_BYTES_MAX;
use harness::frame::{encode_client, opcode};
use harness::{Closed, WsClient};
use serde_json::{Value, json};

use crate::party::Party;

#[tokio::test]
async fn a_frame_without_a_usable_id_is_refused_with_a_null_id() {
    let deep_array = format!(r#"{{"type":"play","id":"d","data":{}"#, "[".repeat(16_000));
    let deep_object = format!("{}{}", r#"{"a":"#.repeat(2000), "}".repeat(2000));
    let long_id = format!(r#"{{"type":"play","id":"{}"}}"#, "i".repeat(65));
    for (text, code) in [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ("play", "invalid_json"),
        (r#"{"type":"play","id":"a"} x"#, "invalid_json"),
        (r#"{"type":"play","id":"\ud800"}"#, "invalid_json"),
        (&deep_array, "invalid_json"),
        (&deep_object, "invalid_json"),
        ("null", "invalid_request"),
        ("7", "invalid_request"),
        ("\"play\"", "invalid_request"),
        ("[]", "invalid_request"),
        ("{}", "invalid_request"),
        (r#"{"type":"play"}"#, "invalid_request"),
        (r#"{"type":"play","data":{}}"#, "invalid_request"),
        (r#"{"type":"play","id":null}"#, "invalid_request"),
        (r#"{"type":"play","id":""}"#, "invalid_request"),
        (r#"{"type":"play","id":7}"#, "invalid_request"),
        (r#"{"type":"play","id":["a"]}"#, "invalid_request"),
        (&long_id, "invalid_request"),
    ]
    .into_iter()
    {
        // A new connection each time, since each tolerates only a few.
        let mut party = Party::watching().await;
        let answer = reject_to(&mut party.host, text).await;
        let shown: String = text.chars().take(60).collect();
        assert_eq!(answer["id"], Value::Null, "{shown}");
        assert_eq!(answer["error"]["code"], code, "{shown}");
        party.host.ack("pause", json!({})).await.unwrap();
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn ten_unusable_frames_in_a_minute_close_the_connection() {
    let mut party = Party::watching().await;
    for _ in 0..10 {
        assert_eq!(reject_to(&mut party.host, "{").await["error"]["code"], "invalid_json");
    }
    assert_closes(&mut party.host, 4400, "bad_frame").await;
    party.nothing_happened().await;
    party.host_returns().await;
    party.command("play", json!({})).await;
}

#[tokio::test]
async fn nine_unusable_frames_and_any_number_of_refused_commands_are_tolerated() {
    let mut party = Party::watching().await;
    for _ in 0..9 {
        reject_to(&mut party.host, "{").await;
    }
    for _ in 0..50 {
        assert_eq!(party.host.reject("fly", json!({})).await.unwrap().code, "unknown_type");
    }
    party.command("play", json!({})).await;
}

#[tokio::test]
async fn a_binary_frame_closes_the_connection_before_and_after_hello() {
    let mut party = Party::watching().await;
    let mut early = party.host_api.connect(&party.room_id).await.unwrap();
    for socket in [&mut early, &mut party.host] {
        socket.send_binary(br#"{"type":"play","id":"a"}"#).await.unwrap();
        assert_closes(socket, 4400, "bad_frame").await;
    }
    party.nothing_happened().await;
}

#[tokio::test]
async fn the_largest_frame_is_accepted_and_a_larger_one_closes_the_connection() {
    let mut party = Party::watching().await;
    let frame = r#"{"type":"pause","id":"big","data":{"padding":""}}"#;
    let padding = "x".repeat(FRAME_BYTES_MAX - frame.len());
    let largest = frame.replace(r#"":""}"#, &format!(r#"":"{padding}"}}"#));
    assert_eq!(largest.len(), FRAME_BYTES_MAX);
    party.host.send_text(&largest).await.unwrap();
    assert_eq!(party.host.answer("big").await.unwrap()["type"], "ack");

    for length in [FRAME_BYTES_MAX + 1, 100_000, 1_000_000] {
        let mut early = party.host_api.connect(&party.room_id).await.unwrap();
        let mut late = party.host_api.enter(&party.room_id).await.unwrap();
        for socket in [&mut early, &mut late] {
            // The server may close before everything is sent.
            let _ = socket.send_text(&"x".repeat(length)).await;
            assert_closes(socket, 4413, "frame_too_large").await;
        }
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn a_fragmented_message_can_be_too_large_as_well() {
    let mut party = Party::watching().await;
    let piece = [b'x'; 4096];
    let first = encode_client(opcode::TEXT, &piece);
    let more = encode_client(opcode::CONTINUATION, &piece);
    for (number, mut bytes) in
        [first, more.clone(), more.clone(), more.clone(), more].into_iter().enumerate()
    {
        bytes[0] &= 0x7f;
        if number < 4 {
            party.host.send_bytes(&bytes).await.unwrap();
        } else {
            let _ = party.host.send_bytes(&bytes).await;
        }
    }
    assert_closes(&mut party.host, 4413, "frame_too_large").await;
    party.nothing_happened().await;
}

#[tokio::test]
async fn text_that_is_not_utf_8_closes_the_connection_with_1007() {
    let mut party = Party::watching().await;
    let mut early = party.host_api.connect(&party.room_id).await.unwrap();
    for socket in [&mut early, &mut party.host] {
        socket.send_frame(opcode::TEXT, b"{\"type\":\"play\",\"id\":\"\xff\xfe\"}").await.unwrap();
        assert_eq!(socket.closed().await.unwrap().close_code, Some(1007));
    }
    party.nothing_happened().await;
}

#[tokio::test]
async fn bytes_that_are_not_websocket_frames_end_only_their_connection() {
    for bytes in [
        // Unmasked, a reserved bit, an unknown opcode, a fragmented ping, a huge length.
        b"\x81\x02{}".to_vec(),
        b"\xc1\x80\0\0\0\0".to_vec(),
        b"\x83\x80\0\0\0\0".to_vec(),
        b"\x09\x80\0\0\0\0".to_vec(),
        b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0".to_vec(),
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
    ] {
        let mut party = Party::watching().await;
        party.host.send_bytes(&bytes).await.unwrap();
        party.host.closed().await.unwrap();
        party.nothing_happened().await;
    }
}

#[tokio::test]
async fn a_second_hello_is_refused_and_changes_nothing() {
    let mut party = Party::watching().await;
    let hello = json!({ "client": { "name": "x", "version": "1" }, "capabilities": ["ready"] });
    let error = party.host.reject("hello", hello).await.unwrap();
    assert_eq!(error.code, "unexpected_frame");
    party.nothing_happened().await;
    // Its capability doesn't count: the start doesn't wait for this socket.
    assert_eq!(party.command("play", json!({})).await["data"]["playback"]["status"], "playing");
}

#[tokio::test]
async fn an_invalid_hello_is_refused_and_a_valid_one_still_accepted() {
    let party = Party::watching().await;
    let mut socket = party.guest_api.connect(&party.room_id).await.unwrap();
    for data in [
        json!({}),
        json!({ "client": "me" }),
        json!({ "client": { "name": "x", "version": "1" }, "capabilities": "ready" }),
        json!({ "client": { "name": "x", "version": "1" }, "capabilities": vec!["x"; 17] }),
        json!({ "client": { "name": "x", "version": "1" }, "capabilities": ["x".repeat(65)] }),
        json!({ "client": { "name": "x".repeat(65), "version": "1" } }),
        json!({ "client": { "name": "x", "version": "1" }, "resume": { "session_id": 7 } }),
    ] {
        assert_eq!(socket.reject("hello", data).await.unwrap().code, "invalid_request");
    }
    socket.hello(&[]).await.unwrap();
}

#[tokio::test]
async fn a_connection_without_hello_is_closed_whatever_else_it_sends() {
    let party = Party::watching().await;
    let mut silent = party.guest_api.connect(&party.room_id).await.unwrap();
    let mut chatty = party.guest_api.connect(&party.room_id).await.unwrap();
    chatty.send_json(&json!({ "type": "ping", "data": { "t0": 1 } })).await.unwrap();
    chatty.wait_for("pong").await.unwrap();
    for socket in [&mut silent, &mut chatty] {
        let reject = socket.wait_for("reject").await.unwrap();
        assert_eq!(
            (&reject["id"], &reject["error"]["code"]),
            (&Value::Null, &json!("hello_timeout"))
        );
        assert_closes(socket, 4408, "hello_timeout").await;
    }
}

/// The reject of a text frame.
async fn reject_to(socket: &mut WsClient, text: &str) -> Value {
    socket.send_text(text).await.unwrap();
    let answer = |frame: &Value| matches!(frame["type"].as_str(), Some("ack" | "reject"));
    let answer = socket.take("an answer", answer).await.unwrap();
    assert_eq!(answer["type"], "reject", "{text}");
    answer
}

/// Asserts that the server announces the reason and closes.
async fn assert_closes(socket: &mut WsClient, close_code: u16, code: &str) {
    let closing = socket.wait_for("closing").await.unwrap();
    assert_eq!(closing["data"]["close_code"], close_code);
    assert_eq!(closing["data"]["code"], code);
    let closed = Closed { close_code: Some(close_code), reason: code.to_owned() };
    assert_eq!(socket.closed().await.unwrap(), closed);
}
