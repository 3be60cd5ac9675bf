//! Autobahn 7: how connections are closed, in every state (RFC 6455, sections 5.5.1 and 7.4).

use harness::frame::opcode;
use serde_json::json;

use super::raw::{FIN, Ground, Meets, Seen, State, close, frame, in_bytes, message, text};

const CLOSE: u8 = FIN | opcode::CLOSE;

#[tokio::test]
async fn a_close_frame_is_answered_with_its_code() {
    let ground = Ground::new().await;
    for code in [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3003, 3008,
        3999, 4000, 4999,
    ] {
        let name = format!("7.7: code {code}");
        ground.run_in_both(&name, &[close(code, "")], &Meets::Closes(Some(code))).await;
    }
    for (name, reason) in
        [("7.3.4: a reason", "Hello World!".to_owned()), ("7.3.5", "x".repeat(123))]
    {
        ground.run_in_both(name, &[close(1000, &reason)], &Meets::Closes(Some(1000))).await;
    }
    let gateway = [close(1014, &"x".repeat(123))];
    ground.run_in_both("1014 with a reason", &gateway, &Meets::Closes(Some(1014))).await;
    let gateway = in_bytes(&close(1014, "bad"));
    ground.run("1014 byte by byte", State::Welcomed, &gateway, &Meets::Closes(Some(1014))).await;
    ground.run_in_both("7.3.1: no payload", &[frame(CLOSE, b"")], &Meets::Closes(None)).await;
}

#[tokio::test]
async fn a_code_that_must_not_be_sent_is_answered_with_1002() {
    let ground = Ground::new().await;
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        let name = format!("7.9: code {code}");
        ground.run_in_both(&name, &[close(code, "")], &Meets::Closes(Some(1002))).await;
    }
}

#[tokio::test]
async fn a_malformed_close_frame_is_answered_with_the_reason() {
    let ground = Ground::new().await;
    let too_long = [&1000_u16.to_be_bytes()[..], &[b'x'; 124]].concat();
    let no_text = [&1000_u16.to_be_bytes()[..], b"\xce\xba\xed\xa0\x80"].concat();
    for (name, sent, code) in [
        ("7.3.2: a payload of one byte", frame(CLOSE, b"\x03"), 1002),
        ("7.3.6: a payload of 126 bytes", frame(CLOSE, &too_long), 1002),
        ("7.5.1: a reason that is no UTF-8", frame(CLOSE, &no_text), 1007),
        ("a reason that is cut", frame(CLOSE, b"\x03\xe8\xe1\xbd"), 1007),
        ("1014 with such a reason", frame(CLOSE, b"\x03\xf6\xe1\xbd"), 1007),
    ] {
        ground.run_in_both(name, &[sent], &Meets::Closes(Some(code))).await;
    }
}

#[tokio::test]
async fn nothing_that_follows_a_close_frame_is_answered() {
    let ground = Ground::new().await;
    let asked = frame(FIN | opcode::TEXT, &message(b""));
    let begun = frame(opcode::TEXT, b"{");
    for (name, sent) in [
        ("7.1.2: a second close frame", vec![close(1000, ""), close(1001, "")]),
        ("7.1.3: a ping", vec![close(1000, ""), frame(FIN | opcode::PING, b"late")]),
        ("7.1.4: a text", vec![close(1000, ""), asked.clone()]),
        ("7.1.5: within a message", vec![begun, close(1000, ""), frame(FIN, b"}")]),
        ("nonsense", vec![close(1000, ""), vec![0xff; 64]]),
    ] {
        ground.run_in_both(name, &[sent.concat()], &Meets::Closes(Some(1000))).await;
    }
    let mut raw = ground.open(State::Welcomed).await;
    raw.send(&[asked, close(1000, "")].concat()).await;
    let seen = raw.answer().await;
    assert!(matches!(&seen, Seen::Text(frame) if frame["type"] == "pong"), "7.1.1: {seen:?}");
    raw.closes(Some(1000), "7.1.1").await;
}

#[tokio::test]
async fn a_connection_that_is_being_closed_sends_one_close_frame_whatever_comes() {
    let ground = Ground::new().await;
    let leave = text(&json!({ "type": "leave", "id": "l", "data": {} }).to_string());
    let binary = frame(FIN | opcode::BINARY, b"x");
    for (name, begin, code) in [("it leaves", leave, 1000), ("it is refused", binary, 4400)] {
        for (answer, sent) in [
            ("the same code", close(code, "")),
            ("another code", close(4000, "mine")),
            ("a code that must not be sent", close(1005, "")),
            ("a ping first", [frame(FIN | opcode::PING, b"x"), close(code, "")].concat()),
            ("a text first", [frame(FIN | opcode::TEXT, &message(b"")), close(code, "")].concat()),
        ] {
            let case = format!("{name}, answered by {answer}");
            let mut raw = ground.open(State::Welcomed).await;
            raw.send(&begin).await;
            let closed = loop {
                match raw.next().await {
                    Seen::Text(_) => {}
                    seen => break seen,
                }
            };
            assert!(matches!(&closed, Seen::Close(Some(found), _) if *found == code), "{case}");
            raw.send(&sent).await;
            assert_eq!(raw.next().await, Seen::End, "{case}");
        }
    }
}

#[tokio::test]
async fn a_close_frame_right_behind_hello_is_answered() {
    let ground = Ground::new().await;
    let client = json!({ "name": "raw", "version": "1" });
    let hello = json!({ "type": "hello", "id": "h", "data": { "client": client } });
    let mut raw = ground.open(State::Upgraded).await;
    raw.send(&[text(&hello.to_string()), close(1001, "bye")].concat()).await;
    raw.closes(Some(1001), "behind hello").await;
}
