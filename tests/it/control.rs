//! Who controls playback, as the host sets it.

use contracts::{CreateRoom, PatchRoom, PlaybackControl, Role};
use serde_json::json;

use crate::party::{Party, new_room, options};

#[tokio::test]
async fn everyone_controls_playback_as_long_as_the_host_lets_them_but_guests_choose_no_media() {
    let mut party = Party::watching().await;
    let let_control = |who| PatchRoom { playback_control: Some(who), ..PatchRoom::default() };
    let everyone = let_control(PlaybackControl::Everyone);
    let own = party.guest_api.patch_room(&party.room_id, &everyone).await;
    assert!(own.unwrap_err().to_string().contains("forbidden"), "only the host lets them");
    let room = party.host_api.patch_room(&party.room_id, &everyone).await.unwrap();
    assert_eq!(room.settings.playback_control, PlaybackControl::Everyone);
    let frame = party.committed().await;
    assert_eq!(frame["data"]["settings"]["playback_control"], "everyone");

    for (command, data) in
        [("play", json!({})), ("seek", json!({ "position_ms": 1_000 })), ("pause", json!({}))]
    {
        party.guest.ack(command, data).await.unwrap();
        assert_eq!(party.committed().await["data"]["by"], party.guest_id, "{command}");
    }
    let link = json!({ "link": "http://127.0.0.1:9/other.mp4" });
    assert_eq!(party.guest.reject("set_media", link).await.unwrap().code, "not_host");
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::Viewer).await.unwrap();
    party.committed().await;
    assert_eq!(party.guest.reject("play", json!({})).await.unwrap().code, "not_host");
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::Guest).await.unwrap();
    party.committed().await;

    let hosts = let_control(PlaybackControl::Hosts);
    party.host_api.patch_room(&party.room_id, &hosts).await.unwrap();
    party.committed().await;
    assert_eq!(party.guest.reject("play", json!({})).await.unwrap().code, "not_host");
    party.nothing_happened().await;
}

#[tokio::test]
async fn who_controls_playback_is_chosen_with_the_room_and_survives_a_restart() {
    let mut server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room = CreateRoom { playback_control: Some(PlaybackControl::Everyone), ..new_room() };
    let room_id = host.create_room_with(&room).await.unwrap().room_id;
    server.kill_9().await.unwrap();
    server.restart().await.unwrap();
    let found = host.at(&server.api()).state(&room_id).await.unwrap().room;
    assert_eq!(found.settings.playback_control, PlaybackControl::Everyone);
}
