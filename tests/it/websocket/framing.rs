//! Autobahn 1, 9 and 10: lengths of messages and frames.

use contracts::FRAME_BYTES_MAX;
use harness::frame::opcode;

use super::raw::{FIN, Ground, Meets, Seen, State, frame, in_bytes, message_of, text};

#[tokio::test]
async fn a_text_of_any_length_up_to_the_limit_is_answered() {
    let ground = Ground::new().await;
    for length in [46, 125, 126, 127, 128, 255, 256, 4096, 16_383, FRAME_BYTES_MAX] {
        let sent = frame(FIN | opcode::TEXT, &message_of(length));
        let name = format!("{length} bytes");
        ground.run_in_both(&name, std::slice::from_ref(&sent), &Meets::Answers(1)).await;
        if length <= 256 {
            let name = format!("{length} bytes, one by one");
            ground.run(&name, State::Welcomed, &in_bytes(&sent), &Meets::Answers(1)).await;
        }
    }
    ground.run_in_both("no bytes", &[text("")], &Meets::Refuses("invalid_json")).await;
}

#[tokio::test]
async fn a_longer_message_closes_the_connection_with_4413() {
    let ground = Ground::new().await;
    for length in [FRAME_BYTES_MAX + 1, 65_535, 65_536, 131_072] {
        let sent = frame(FIN | opcode::TEXT, &message_of(length));
        ground.run_in_both(&format!("{length} bytes"), &[sent], &Meets::Closes(Some(4413))).await;
    }
    // A length is judged before its bytes come.
    for announced in [u64::from(u32::MAX), u64::MAX >> 1] {
        let head = [&[FIN | opcode::TEXT, 0xff][..], &announced.to_be_bytes(), &[0; 4]].concat();
        let name = format!("{announced} bytes announced");
        ground.run(&name, State::Welcomed, &[head], &Meets::Closes(Some(4413))).await;
    }
}

#[tokio::test]
async fn a_length_that_is_not_written_as_it_has_to_be_closes_the_connection_with_1002() {
    let ground = Ground::new().await;
    let by_two = |length: u16| [&[0xfe][..], &length.to_be_bytes()].concat();
    let by_eight = |length: u64| [&[0xff][..], &length.to_be_bytes()].concat();
    for (name, length) in [
        ("0 in two bytes", by_two(0)),
        ("125 in two bytes", by_two(125)),
        ("5 in eight bytes", by_eight(5)),
        ("126 in eight bytes", by_eight(126)),
        ("65,535 in eight bytes", by_eight(65_535)),
        ("the highest bit", by_eight(1 << 63 | 5)),
        ("every bit", by_eight(u64::MAX)),
    ] {
        let of = |first: u8| [&[first][..], &length, &[0; 4]].concat();
        let closes = Meets::Closes(Some(1002));
        ground.run_in_both(name, &[of(FIN | opcode::TEXT)], &closes).await;
        let ping = format!("{name}, of a ping, byte by byte");
        ground.run(&ping, State::Welcomed, &in_bytes(&of(FIN | opcode::PING)), &closes).await;
    }
    let asked = frame(FIN | opcode::TEXT, &message_of(46));
    let bad = [&[FIN | opcode::TEXT][..], &by_two(3), &[0; 7]].concat();
    let mut raw = ground.open(State::Welcomed).await;
    raw.send(&[asked, bad].concat()).await;
    let seen = raw.answer().await;
    assert!(matches!(&seen, Seen::Text(frame) if frame["type"] == "pong"), "before: {seen:?}");
    raw.closes(Some(1002), "behind a text").await;
}

#[tokio::test]
async fn a_binary_message_of_any_length_closes_the_connection_with_4400() {
    let ground = Ground::new().await;
    for length in [0, 1, 125, 126, 127, 128, FRAME_BYTES_MAX] {
        let sent = frame(FIN | opcode::BINARY, &vec![0xfe; length]);
        ground.run_in_both(&format!("{length} bytes"), &[sent], &Meets::Closes(Some(4400))).await;
    }
}

#[tokio::test]
async fn a_frame_without_a_mask_closes_the_connection_with_1002() {
    let ground = Ground::new().await;
    for (name, sent) in [
        ("a text", b"\x81\x02{}".to_vec()),
        ("a ping", b"\x89\x00".to_vec()),
        ("a close frame", b"\x88\x02\x03\xe8".to_vec()),
    ] {
        ground.run_in_both(name, &[sent], &Meets::Closes(Some(1002))).await;
    }
}
