//! Clients that stop reading: no one else is affected, and they get the newest state or are closed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use harness::http::Method;
use harness::{ServerProcess, Upgrade, WsClient};
use serde_json::json;

use crate::origin::Origin;
use crate::party::{Party, new_room, options, resident_bytes};

const COMMANDS: u64 = 2000;
/// The commands that one connection sends, within its burst limit.
const PER_CONNECTION: u64 = 250;
/// At first, every n-th command chooses media with a description too long for kernel buffers.
const WIDE_EVERY: u64 = 2;
const SLOW: usize = 5;
/// The server closes a connection that reads nothing for ten seconds.
const LET_GO: Duration = Duration::from_secs(60);
const GROWTH_BYTES_MAX: u64 = 40 * 1024 * 1024;

#[tokio::test]
async fn clients_that_stop_reading_delay_no_one_and_get_the_newest_state_or_are_closed() {
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
    let never_reads = slow.pop();
    party.host.close().await.unwrap();
    let before = resident_bytes(&server);
    let reading = tokio::spawn(read_to(party.guest, party.version + COMMANDS));

    for part in 0..COMMANDS / PER_CONNECTION {
        let mut host = party.host_api.enter(&party.room_id).await.unwrap();
        for number in 0..PER_CONNECTION {
            let acked = if part == 0 && number % WIDE_EVERY == 0 {
                let wide = json!({ "link": origin.link("wide.m3u8") });
                host.ack("set_media", wide).await.unwrap()
            } else {
                let position_ms = part * PER_CONNECTION + number;
                host.ack("seek", json!({ "position_ms": position_ms })).await.unwrap()
            };
            party.version += 1;
            assert_eq!(acked.version, party.version);
        }
        for client in slow.drain(..) {
            catches_up(client, party.version, &server).await;
        }
    }
    let mut neighbour = reading.await.expect("the neighbour reads on");
    let grown = resident_bytes(&server).saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "the server grew by {grown} bytes");

    // The one that reads nothing at all is closed, and its participant disappears.
    let began = Instant::now();
    while party.host_api.participants(&party.room_id).await.unwrap().total > 1 {
        assert!(began.elapsed() < LET_GO, "a connection that takes nothing is kept");
        neighbour.read_for(Duration::from_millis(200)).await.unwrap();
    }
    assert_slow_is_counted(&server).await;
    drop(never_reads);
}

/// Reads frames until this version.
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

/// Reads until the newest state arrives, unless the server has closed the connection; the close
/// frame may be missing if the socket was full.
async fn catches_up(mut client: WsClient, version: u64, server: &ServerProcess) {
    let mut resynced = false;
    loop {
        let Ok(frame) = client.next_frame().await else {
            let closed = client.closed().await.unwrap();
            assert!(matches!(closed.close_code, Some(4508) | None), "{closed:?}");
            return assert_slow_is_counted(server).await;
        };
        resynced |= frame["type"] == "room_state";
        if frame["version"] == version {
            break;
        }
    }
    assert!(resynced, "it was slow, or this shows nothing");
}

async fn assert_slow_is_counted(server: &ServerProcess) {
    let metrics = server.admin_api().raw(Method::GET, "metrics", &[], "").await.unwrap();
    let counted = r#"playhead_closes_total{code="slow_consumer"}"#;
    assert!(metrics.text.contains(counted), "closed as a slow one: {}", metrics.text);
}
