//! Media whose address lapses while a room watches it: the server resolves it again, and playback stays
//! as it is.

use contracts::Status;
use serde_json::json;

use crate::origin::Origin;
use crate::party::{Party, playback};

#[tokio::test]
async fn a_hosts_failing_player_brings_new_addresses_and_leaves_playback_as_it_is() {
    let origin = Origin::start().await;
    let mut party = watching(&origin, "turning.m3u8").await;
    let before = party.state().await.room;
    let media = before.media.expect("it is chosen");
    assert_eq!(media.source.delivery[0].cors, "missing");

    origin.release();
    let frame = party.host.ack("media_failed", json!({ "media_id": media.media_id })).await;
    assert_eq!(frame.unwrap().version, party.version + 1);
    let frame = party.committed().await;
    assert_eq!(frame["type"], "media_changed");
    assert_eq!(
        (&frame["data"]["cause"], &frame["data"]["by"]),
        (&json!("refreshed"), &json!(null))
    );
    assert_eq!(frame["data"]["media"]["delivery"][0]["cors"], "any");
    assert_eq!(frame["data"]["media"]["media_id"], media.media_id, "it is the same media");
    assert_eq!(playback(&frame), before.playback);
    assert_eq!(before.playback.status, Status::Playing);

    let asked = origin.connections();
    for player in [&mut party.guest, &mut party.host] {
        player.ack("media_failed", json!({ "media_id": media.media_id })).await.unwrap();
    }
    party.nothing_happened().await;
    assert_eq!(origin.connections(), asked, "one look answers all of them");
}

#[tokio::test]
async fn a_guests_report_alone_changes_nothing_while_the_address_is_good() {
    let origin = Origin::start().await;
    let mut party = watching(&origin, "turning.m3u8").await;
    let media_id = party.state().await.room.media.expect("it is chosen").media_id;
    origin.release();
    let acked = party.guest.ack("media_failed", json!({ "media_id": media_id })).await.unwrap();
    assert_eq!(acked.version, party.version);
    party.nothing_happened().await;

    let acked = party.host.ack("media_failed", json!({ "media_id": media_id })).await.unwrap();
    assert_eq!(acked.version, party.version + 1, "the host isn't answered by what the guest was");
    assert_eq!(party.committed().await["data"]["cause"], "refreshed");
}

#[tokio::test]
async fn media_that_can_not_be_resolved_again_stays_and_everyone_is_told_why() {
    let origin = Origin::start().await;
    let mut party = watching(&origin, "lapsing.m3u8").await;
    let media_id = party.state().await.room.media.expect("it is chosen").media_id;
    origin.release();
    let failed = json!({ "media_id": media_id });
    let error = party.guest.reject("media_failed", failed.clone()).await.unwrap();
    assert_eq!(error.code, "media_forbidden");
    let error = party.host.reject("media_failed", failed.clone()).await.unwrap();
    assert_eq!(error.code, "media_forbidden", "the host gets a look of his own");
    let asked = origin.connections();
    for player in [&mut party.guest, &mut party.host] {
        let error = player.reject("media_failed", failed.clone()).await.unwrap();
        assert_eq!(error.code, "media_forbidden");
    }
    assert_eq!(origin.connections(), asked, "that look answers all of them");
    party.nothing_happened().await;
}

#[tokio::test]
async fn commands_do_not_wait_for_a_look_at_the_media_and_a_connection_has_one_look_at_once() {
    let origin = Origin::start().await;
    let mut party = watching(&origin, "stalling.m3u8").await;
    let media_id = party.state().await.room.media.expect("it is chosen").media_id;
    let failed = json!({ "media_id": media_id });
    origin.stall();
    let look = json!({ "type": "media_failed", "id": "look", "data": failed });
    party.host.send_json(&look).await.unwrap();

    // In their order, though the look is still under way.
    party.command("pause", json!({})).await;
    party.command("seek", json!({ "position_ms": 2_000 })).await;
    let error = party.host.reject("media_failed", failed.clone()).await.unwrap();
    assert_eq!(error.code, "rate_limited");
    assert!(error.retry_after_ms.is_some());
    party.command("seek", json!({ "position_ms": 1_000 })).await;

    origin.release();
    let answer = party.host.answer("look").await.unwrap();
    assert_eq!((&answer["type"], &answer["version"]), (&json!("ack"), &json!(party.version)));
    party.host.ack("media_failed", failed).await.expect("what was found answers this one");
    party.nothing_happened().await;
}

/// A party that plays a file of this origin.
async fn watching(origin: &Origin, file: &str) -> Party {
    let mut party = Party::idle().await;
    party.command("set_media", json!({ "link": origin.link(file) })).await;
    party.command("play", json!({})).await;
    party
}
