//! Autobahn 2: pings and pongs.

use harness::frame::opcode;

use super::raw::{FIN, Ground, Meets, State, frame, in_bytes};

const PING: u8 = FIN | opcode::PING;
const PONG: u8 = FIN | opcode::PONG;

#[tokio::test]
async fn a_ping_is_answered_with_its_payload() {
    let ground = Ground::new().await;
    for (name, payload) in [
        ("2.1: no payload", &b""[..]),
        ("2.2: a text", b"Hello, world!"),
        ("2.3: no UTF-8", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"),
        ("2.4: 125 bytes", &[0xfe; 125]),
    ] {
        let sent = frame(PING, payload);
        let meets = Meets::Pongs(vec![payload.to_vec()]);
        ground.run_in_both(name, std::slice::from_ref(&sent), &meets).await;
        let name = format!("{name}, byte by byte");
        ground.run(&name, State::Welcomed, &in_bytes(&sent), &meets).await;
    }
}

#[tokio::test]
async fn a_ping_of_126_bytes_closes_the_connection_with_1002() {
    let ground = Ground::new().await;
    for first in [PING, PONG] {
        let sent = frame(first, &[0xfe; 126]);
        ground.run_in_both("2.5", std::slice::from_ref(&sent), &Meets::Closes(Some(1002))).await;
    }
}

#[tokio::test]
async fn a_pong_that_nobody_asked_for_is_ignored() {
    let ground = Ground::new().await;
    let ping = frame(PING, b"after");
    let meets = Meets::Pongs(vec![b"after".to_vec()]);
    for (name, payload) in [("2.7: no payload", &b""[..]), ("2.8: a payload", b"unasked")] {
        ground.run_in_both(name, &[frame(PONG, payload), ping.clone()], &meets).await;
    }
    let between = [frame(PING, b"1"), frame(PONG, b"2"), frame(PING, b"3")];
    let meets = Meets::Pongs(vec![b"1".to_vec(), b"3".to_vec()]);
    ground.run_in_both("2.9: a pong between pings", &between, &meets).await;
}

#[tokio::test]
async fn several_pings_are_answered_in_their_order() {
    let ground = Ground::new().await;
    let payloads: Vec<Vec<u8>> = (0..10).map(|n| format!("payload-{n}").into_bytes()).collect();
    let meets = Meets::Pongs(payloads.clone());
    let pings: Vec<Vec<u8>> = payloads.iter().map(|payload| frame(PING, payload)).collect();
    ground.run_in_both("2.10: one by one", &pings, &meets).await;
    ground.run_in_both("2.10: in one packet", &[pings.concat()], &meets).await;
    let bytes = in_bytes(&pings.concat());
    ground.run("2.11: byte by byte", State::Welcomed, &bytes, &meets).await;
}
