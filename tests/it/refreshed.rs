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

/// A party that plays a file of this origin.
async fn watching(origin: &Origin, file: &str) -> Party {
    let mut party = Party::idle().await;
    party.command("set_media", json!({ "link": origin.link(file) })).await;
    party.command("play", json!({})).await;
    party
}
