//! Clients that stop reading: nobody else notices, and they get the newest state or a goodbye.

use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::{Upgrade, WsClient};
use serde_json::{Value, json};

use crate::origin::Origin;
use crate::party::{Party, new_room, number, options, resident_bytes};

const COMMANDS: usize = 2000;
/// How many of them one connection sends, within what it may send at once.
const PER_CONNECTION: usize = 250;
/// One in so many chooses media with a long description, so that no kernel buffer holds it all.
const WIDE_EVERY: usize = 10;
const SLOW: usize = 5;
/// The server lets go of a connection that takes nothing for ten seconds.
const LET_GO: Duration = Duration::from_secs(60);
const GROWTH_BYTES_MAX: u64 = 40 * 1024 * 1024;

#[tokio::test]
async fn clients_that_stop_reading_hold_up_nobody_and_get_the_newest_state_or_a_goodbye() {
    let origin = Origin::start().await;
    let server = options().env("PLAYHEAD_LIMIT_RESOLVES_PER_MINUTE", "100000");
    let server = Arc::new(server.start().await.unwrap());
    let mut party = Party::watching_in(server.clone(), &new_room(), &[]).await;
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let api = server.api().as_guest("Sleeper").await.unwrap();
        let ticket = api.join(&party.room_id).await.unwrap().ws;
        let mut client = Upgrade::with(&ticket).receive_buffer(4096).connect().await.unwrap();
        client.hello(&[]).await.unwrap();
        slow.push(client);
    }
    party.host.close().await.unwrap();
    let before = resident_bytes(&server);
    let reading = tokio::spawn(read_to(party.guest, party.version + COMMANDS as u64));
    let wide = origin.link("wide.m3u8");
    for part in 0..COMMANDS / PER_CONNECTION {
        let mut host = party.host_api.enter(&party.room_id).await.unwrap();
        for number in 0..PER_CONNECTION {
            let acked = if number % WIDE_EVERY == 0 {
                host.ack("set_media", json!({ "link": wide })).await.unwrap()
            } else {
                let position_ms = part * PER_CONNECTION + number;
                host.ack("seek", json!({ "position_ms": position_ms })).await.unwrap()
            };
            party.version += 1;
            assert_eq!(acked.version, party.version);
        }
    }
    let mut neighbour = reading.await.expect("the neighbour reads on");
    let grown = resident_bytes(&server).saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "the server grew by {grown} bytes");

    let never_reads = slow.pop();
    for client in slow {
        catches_up(client, party.version).await;
    }
    // The one that takes nothing at all is let go, and the others hear that it isn't there.
    let began = Instant::now();
    while party.host_api.participants(&party.room_id).await.unwrap().total > 1 {
        assert!(began.elapsed() < LET_GO, "a connection that takes nothing is kept");
        neighbour.read_for(Duration::from_millis(200)).await.unwrap();
    }
    drop(never_reads);
}

/// Reads until this version.
async fn read_to(mut client: WsClient, version: u64) -> WsClient {
    let mut at = 0;
    while at < version {
        let frame = client.next_frame().await.unwrap();
        let Some(next) = frame["version"].as_u64() else { continue };
        assert!(next > at, "version {next} after {at}");
        at = next;
    }
    client
}

/// Reads on: either the newest state comes, or the server has said goodbye.
async fn catches_up(mut client: WsClient, version: u64) {
    let mut resynced = false;
    loop {
        let Ok(frame) = client.next_frame().await else {
            let closed = client.closed().await.unwrap();
            assert_eq!((closed.close_code, closed.reason.as_str()), (Some(4508), "slow_consumer"));
            return;
        };
        resynced |= frame["type"] == "room_state";
        if is_at(&frame, version) {
            break;
        }
    }
    assert!(resynced, "it was slow, or this shows nothing");
}

fn is_at(frame: &Value, version: u64) -> bool {
    frame["version"].is_u64() && number(&frame["version"]) == version
}
