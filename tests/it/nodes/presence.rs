//! Presence across nodes.

use std::time::Duration;

use contracts::CreateRoom;
use harness::Api;
use serde_json::json;

use super::site::{Across, NOTICED, Site, sees, site, until};
use crate::party::new_room;

#[tokio::test]
async fn participants_at_the_other_node_are_listed_and_counted_at_both() {
    let site = site().await;
    let room = CreateRoom { is_public: true, ..new_room() };
    let mut party = site.meet(&room, &[]).await.party;
    let both = [party.host_id.clone(), party.guest_id.clone()];
    for socket in [&mut party.host, &mut party.guest] {
        let frame = sees(socket, &[&both[0], &both[1]]).await;
        assert_eq!(frame["data"]["total"], 2);
        let first = &frame["data"]["participants"][0];
        assert_eq!(first["participant_id"], both[0], "the host comes first");
        assert_eq!((&first["role"], &first["display_name"]), (&json!("host"), &json!("Ada")));
    }
    for api in [&party.host_api, &party.guest_api] {
        assert_eq!(listed(api, &party.room_id).await, both);
        let state = api.state(&party.room_id).await.unwrap();
        assert_eq!((state.room.viewer_count, state.room.peak_viewers), (2, 2));
        assert_eq!(api.find_room(&party.room_id).await.unwrap().viewer_count, 2);
        is_listed_with(api, &party.room_id, 2).await;
    }

    party.guest.close().await.unwrap();
    sees(&mut party.host, &[&both[0]]).await;
    for api in [&party.host_api, &party.guest_api] {
        assert_eq!(listed(api, &party.room_id).await, both[..1]);
        let state = api.state(&party.room_id).await.unwrap();
        assert_eq!((state.room.viewer_count, state.room.peak_viewers), (1, 2));
    }
}

#[tokio::test]
async fn a_node_without_connections_to_a_room_knows_its_participants() {
    let site = site().await;
    let [host, elsewhere] = site.guest("Ada").await;
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    let mut socket = host.connect(&room_id).await.unwrap();
    let id = socket.hello(&[]).await.unwrap().participant_id;
    until("the other node to know", NOTICED, async || {
        (listed(&elsewhere, &room_id).await == [id.clone()]).then_some(())
    })
    .await;
    assert_eq!(elsewhere.find_room(&room_id).await.unwrap().viewer_count, 1);
    // And when a client is connected there.
    let mut watcher = site.api(1).as_guest("Ben").await.unwrap().connect(&room_id).await.unwrap();
    let welcome = watcher.hello(&[]).await.unwrap();
    assert_eq!(welcome.room.viewer_count, 2);
    sees(&mut watcher, &[&id, &welcome.participant_id]).await;
}

#[tokio::test]
async fn a_participant_at_two_nodes_counts_once_until_the_last_socket_closes() {
    let site = site().await;
    let room = CreateRoom { is_public: true, ..new_room() };
    let Across { mut party, guest: [guest, _], .. } = site.meet(&room, &[]).await;
    let both = [party.host_id.clone(), party.guest_id.clone()];
    sees(&mut party.host, &[&both[0], &both[1]]).await;
    let mut second = guest.connect(&party.room_id).await.unwrap();
    let welcome = second.hello(&[]).await.unwrap();
    assert_eq!(welcome.room.viewer_count, 2, "participants are counted, not sockets");
    assert_eq!(sees(&mut second, &[&both[0], &both[1]]).await["data"]["total"], 2);
    let present = site.keys(&format!("*{}:present", party.room_id)).await;
    until("the second socket to be registered", NOTICED, async || {
        let count = site.redis.command(&["HLEN", &present[0]]).await.unwrap();
        (count.integer() == Some(3)).then_some(())
    })
    .await;
    is_listed_with(&guest, &party.room_id, 2).await;

    party.guest.close().await.unwrap();
    until("the closed socket to be removed", NOTICED, async || {
        let count = site.redis.command(&["HLEN", &present[0]]).await.unwrap();
        (count.integer() == Some(2)).then_some(())
    })
    .await;
    assert_eq!(listed(&party.host_api, &party.room_id).await, both);
    second.close().await.unwrap();
    sees(&mut party.host, &[&both[0]]).await;
    assert_eq!(listed(&party.host_api, &party.room_id).await, both[..1]);
}

#[tokio::test]
async fn participants_of_a_killed_node_disappear() {
    let mut site = Site::of(3).await;
    let Across { mut party, guest, .. } = site.meet(&new_room(), &[]).await;
    let (host_id, guest_id) = (party.host_id.clone(), party.guest_id.clone());
    sees(&mut party.host, &[&host_id, &guest_id]).await;
    site.kill_9(1).await;
    party.guest.closed().await.unwrap();
    until("the guest to be gone", NOTICED, async || {
        party.host.read_for(Duration::from_millis(1)).await.unwrap();
        (listed(&party.host_api, &party.room_id).await == [host_id.clone()]).then_some(())
    })
    .await;
    sees(&mut party.host, &[&host_id]).await;
    assert_eq!(party.host_api.state(&party.room_id).await.unwrap().room.viewer_count, 1);
    // A node that doesn't follow the room reads what is left in Redis.
    let stranger = site.api(2).as_guest("Cleo").await.unwrap();
    assert_eq!(stranger.find_room(&party.room_id).await.unwrap().viewer_count, 1);
    let present = site.keys(&format!("*{}:present", party.room_id)).await;
    until("what the node left behind to be cleaned up", NOTICED, async || {
        let left = site.redis.command(&["HKEYS", &present[0]]).await.unwrap().texts();
        (left.len() == 1 && left[0].ends_with(&host_id)).then_some(())
    })
    .await;

    let back = guest[0].enter(&party.room_id).await.unwrap();
    sees(&mut party.host, &[&host_id, &guest_id]).await;
    drop(back);
    sees(&mut party.host, &[&host_id]).await;
}

/// The participants that a node lists, in order.
async fn listed(api: &Api, room_id: &str) -> Vec<String> {
    let page = api.participants(room_id).await.unwrap();
    assert_eq!(page.total, page.items.len() as u64);
    page.items.into_iter().map(|one| one.participant_id).collect()
}

/// Waits for the public list, which may be a second old.
async fn is_listed_with(api: &Api, room_id: &str, viewer_count: u64) {
    until("the list to tell it", NOTICED, async || {
        let rooms = api.public_rooms().await.unwrap().items;
        let room = rooms.into_iter().find(|room| room.room_id == room_id);
        (room?.viewer_count == viewer_count).then_some(())
    })
    .await;
}
