//! Autobahn 3 and 4: reserved bits, and opcodes that don't exist.

use harness::frame::opcode;

use super::raw::{FIN, Ground, Meets, Seen, State, frame, message};

const REFUSED: Meets = Meets::Closes(Some(1002));

#[tokio::test]
async fn a_reserved_bit_closes_the_connection_with_1002() {
    let ground = Ground::new().await;
    for bits in 1..=7 {
        let reserved = FIN | bits << 4;
        let sent = frame(reserved | opcode::TEXT, &message(b""));
        ground.run_in_both(&format!("3: bits {bits:03b} on a text"), &[sent], &REFUSED).await;
    }
    for (name, first) in [
        ("3.5: on a binary frame", FIN | 0x50 | opcode::BINARY),
        ("3.6: on a ping", FIN | 0x60 | opcode::PING),
        ("3.7: on a close frame", FIN | 0x70 | opcode::CLOSE),
        ("on a pong", FIN | 0x40 | opcode::PONG),
        ("on a continuation", 0x40 | opcode::CONTINUATION),
    ] {
        ground.run_in_both(name, &[frame(first, b"")], &REFUSED).await;
    }
}

#[tokio::test]
async fn an_unknown_opcode_closes_the_connection_with_1002() {
    let ground = Ground::new().await;
    for unknown in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        for (part, payload) in [("no payload", &b""[..]), ("a payload", b"reserved opcode")] {
            let name = format!("4: opcode {unknown}, {part}");
            ground.run_in_both(&name, &[frame(FIN | unknown, payload)], &REFUSED).await;
        }
    }
}

#[tokio::test]
async fn what_came_before_an_unknown_opcode_is_still_answered() {
    let ground = Ground::new().await;
    let sent = [frame(FIN | opcode::PING, b"first"), frame(FIN | 5, b"")];
    let mut raw = ground.open(State::Welcomed).await;
    raw.send(&sent.concat()).await;
    assert_eq!(raw.answer().await, Seen::Pong(b"first".to_vec()));
    raw.closes(Some(1002), "4.1.3").await;
}
