//! Autobahn 5: messages in several frames.

use harness::frame::opcode;

use super::raw::{FIN, Ground, Meets, Seen, State, close, frame, in_bytes, message, message_of};

const BEGIN: u8 = opcode::TEXT;
const MORE: u8 = opcode::CONTINUATION;
const LAST: u8 = FIN | opcode::CONTINUATION;
const PING: u8 = FIN | opcode::PING;

#[tokio::test]
async fn a_message_in_several_frames_is_one_message() {
    let ground = Ground::new().await;
    let whole = message(b"fragmented");
    let (start, end) = whole.split_at(20);
    let two = [frame(BEGIN, start), frame(LAST, end)];
    for (name, sent) in [
        ("5.3: two frames", two.to_vec()),
        ("5.4: in one packet", vec![two.concat()]),
        ("5.5: byte by byte", in_bytes(&two.concat())),
        ("an empty first frame", vec![frame(BEGIN, b""), frame(LAST, &whole)]),
        ("an empty last frame", vec![frame(BEGIN, &whole), frame(LAST, b"")]),
        (
            "empty frames between",
            vec![frame(BEGIN, start), frame(MORE, b""), frame(MORE, b""), frame(LAST, end)],
        ),
    ] {
        ground.run_in_both(name, &sent, &Meets::Answers(1)).await;
    }
    let long = message_of(16 * 1024);
    let mut pieces: Vec<Vec<u8>> = long.chunks(64).map(|piece| frame(MORE, piece)).collect();
    pieces[0][0] = BEGIN;
    pieces.last_mut().unwrap()[0] = LAST;
    ground.run_in_both("9: 256 frames", &[pieces.concat()], &Meets::Answers(1)).await;
}

#[tokio::test]
async fn a_ping_between_the_frames_of_a_message_is_answered_first() {
    let ground = Ground::new().await;
    let whole = message(b"interrupted");
    let (start, end) = whole.split_at(20);
    for (name, pieces) in [
        ("5.6", vec![frame(BEGIN, start), frame(PING, b"ping"), frame(LAST, end)]),
        ("5.8", in_bytes(&[frame(BEGIN, start), frame(PING, b"ping"), frame(LAST, end)].concat())),
        ("5.7", vec![[frame(BEGIN, start), frame(PING, b"ping"), frame(LAST, end)].concat()]),
    ] {
        for state in [State::Upgraded, State::Welcomed] {
            let mut raw = ground.open(state).await;
            for piece in &pieces {
                raw.send(piece).await;
            }
            assert_eq!(raw.answer().await, Seen::Pong(b"ping".to_vec()), "{name} ({state:?})");
            let seen = raw.answer().await;
            let is_pong = matches!(&seen, Seen::Text(frame) if frame["type"] == "pong");
            assert!(is_pong, "{name} ({state:?}): {seen:?}");
            raw.send(&close(1000, "")).await;
            raw.closes(Some(1000), name).await;
        }
    }
    let third = whole.len() / 3;
    let sent = [
        frame(BEGIN, &whole[..third]),
        frame(PING, b"1"),
        frame(MORE, &whole[third..2 * third]),
        frame(PING, b"2"),
        frame(LAST, &whole[2 * third..]),
    ];
    let mut raw = ground.open(State::Welcomed).await;
    raw.send(&sent.concat()).await;
    for payload in [b"1", b"2"] {
        assert_eq!(raw.answer().await, Seen::Pong(payload.to_vec()), "5.19");
    }
    let seen = raw.answer().await;
    assert!(matches!(&seen, Seen::Text(frame) if frame["type"] == "pong"), "5.19: {seen:?}");
}

#[tokio::test]
async fn frames_in_an_impossible_order_close_the_connection_with_1002() {
    let ground = Ground::new().await;
    let whole = message(b"");
    let text = FIN | opcode::TEXT;
    for (name, sent) in [
        ("5.1: a ping in two frames", vec![frame(opcode::PING, b"a"), frame(LAST, b"b")]),
        ("5.2: a pong in two frames", vec![frame(opcode::PONG, b"a"), frame(LAST, b"b")]),
        ("a close frame in two", vec![frame(opcode::CLOSE, b"\x03\xe8"), frame(LAST, b"b")]),
        ("5.9: a last frame without a first", vec![frame(LAST, &whole), frame(text, &whole)]),
        ("5.10: the same in one packet", vec![[frame(LAST, &whole), frame(text, &whole)].concat()]),
        ("5.11: the same byte by byte", in_bytes(&frame(LAST, b"non-continuation"))),
        ("5.12: a middle frame without a first", vec![frame(MORE, &whole), frame(text, &whole)]),
        ("5.14: the same byte by byte", in_bytes(&frame(MORE, b"non-continuation"))),
        ("5.18: a text within a text", vec![frame(BEGIN, b"a"), frame(text, b"b")]),
        ("a begun text within a text", vec![frame(BEGIN, b"a"), frame(BEGIN, b"b")]),
        (
            "a binary message within a text",
            vec![frame(BEGIN, b"a"), frame(FIN | opcode::BINARY, b"b")],
        ),
    ] {
        ground.run_in_both(name, &sent, &Meets::Closes(Some(1002))).await;
    }
}

#[tokio::test]
async fn a_frame_too_many_after_a_message_closes_the_connection_with_1002() {
    let ground = Ground::new().await;
    for more in [MORE, LAST] {
        let mut raw = ground.open(State::Welcomed).await;
        let whole = message(b"");
        let (start, end) = whole.split_at(10);
        let sent = [frame(BEGIN, start), frame(LAST, end), frame(more, b"late")];
        raw.send(&sent.concat()).await;
        let seen = raw.answer().await;
        assert!(matches!(&seen, Seen::Text(frame) if frame["type"] == "pong"), "5.15: {seen:?}");
        raw.closes(Some(1002), "5.15").await;
    }
}

#[tokio::test]
async fn a_message_in_frames_that_grows_too_long_closes_the_connection_with_4413() {
    let ground = Ground::new().await;
    let long = message_of(16 * 1024 + 1);
    let mut pieces: Vec<Vec<u8>> = long.chunks(4096).map(|piece| frame(MORE, piece)).collect();
    pieces[0][0] = BEGIN;
    ground.run_in_both("9: without an end", &pieces, &Meets::Closes(Some(4413))).await;
}
