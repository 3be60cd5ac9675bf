//! A short story of a party across two nodes, for different stores.

use contracts::CreateRoom;
use harness::Api;
use serde_json::json;

use super::site::{NOTICED, sees, until};
use crate::party::{Party, new_room};

/// Host and guest meet at two nodes, watch together and end the room.
pub async fn tell(party: &mut Party) {
    let both = [party.host_id.clone(), party.guest_id.clone()];
    for socket in [&mut party.host, &mut party.guest] {
        sees(socket, &[&both[0], &both[1]]).await;
    }
    for (type_, data) in
        [("play", json!({})), ("seek", json!({ "position_ms": 3000 })), ("pause", json!({}))]
    {
        party.command(type_, data).await;
    }
    assert_eq!(party.guest.reject("play", json!({})).await.unwrap().code, "not_host");
    party.nothing_happened().await;
    let to_guest = json!({ "participant_id": party.guest_id });
    party.command("host_transfer", to_guest).await;
    party.guest.ack("play", json!({})).await.unwrap();
    party.committed().await;
    for api in [&party.host_api, &party.guest_api] {
        let state = api.state(&party.room_id).await.unwrap();
        assert_eq!((state.version, state.room.viewer_count), (party.version, 2));
    }
    is_listed(&party.host_api, &party.room_id, true).await;
    party.guest_api.delete_room(&party.room_id).await.unwrap();
    for socket in [&mut party.host, &mut party.guest] {
        assert_eq!(socket.closed().await.unwrap().close_code, Some(4410));
    }
    is_listed(&party.host_api, &party.room_id, false).await;
}

/// The room of the story.
pub fn room() -> CreateRoom {
    CreateRoom { is_public: true, ..new_room() }
}

/// Waits for the public list, which may be a second old.
async fn is_listed(api: &Api, room_id: &str, listed: bool) {
    until("the list to tell it", NOTICED, async || {
        let rooms = api.public_rooms().await.unwrap().items;
        (rooms.iter().any(|room| room.room_id == room_id) == listed).then_some(())
    })
    .await;
}
