//! Who is here, as every node tells it.

use contracts::CreateRoom;
use harness::Api;

use super::site::{NOTICED, Site, as_guest_at, sees, site, until};
use crate::party::new_room;

#[tokio::test]
async fn who_is_at_the_other_node_is_named_and_counted_at_both() {
    let site = site().await;
    let room = CreateRoom { is_public: true, ..new_room() };
    let mut party = site.meet(&room, &[]).await;
    let both = [party.host_id.clone(), party.guest_id.clone()];
    for socket in [&mut party.host, &mut party.guest] {
        let frame = sees(socket, &[&both[0], &both[1]]).await;
        assert_eq!(frame["data"]["total"], 2);
        let first = &frame["data"]["participants"][0];
        assert_eq!(first["participant_id"], both[0], "the host comes first");
        assert_eq!((&first["role"], &first["display_name"]), (&"host".into(), &"Ada".into()));
    }
    for api in [&party.host_api, &party.guest_api] {
        assert_eq!(listed(api, &party.room_id).await, both);
        let state = api.state(&party.room_id).await.unwrap();
        assert_eq!((state.room.viewer_count, state.room.peak_viewers), (2, 2));
        assert_eq!(api.find_room(&party.room_id).await.unwrap().viewer_count, 2);
        let public = api.public_rooms().await.unwrap();
        let listed = public.items.iter().find(|room| room.room_id == party.room_id);
        assert_eq!(listed.expect("it is public").viewer_count, 2);
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
async fn a_node_that_nobody_of_a_room_is_connected_to_knows_who_is_in_it() {
    let site = site().await;
    let [host, elsewhere] = as_guest_at("Ada", [&site.api(0), &site.api(1)]).await;
    let room_id = host.create_room("Friday").await.unwrap().room_id;
    let mut socket = host.connect(&room_id).await.unwrap();
    let id = socket.hello(&[]).await.unwrap().participant_id;
    sees(&mut socket, &[&id]).await;
    until("the other node to be told", NOTICED, async || {
        (listed(&elsewhere, &room_id).await == [id.clone()]).then_some(())
    })
    .await;
    assert_eq!(elsewhere.find_room(&room_id).await.unwrap().viewer_count, 1);
}

#[tokio::test]
async fn a_participant_at_two_nodes_counts_once_and_is_gone_with_the_last_socket() {
    let site = site().await;
    let mut party = site.meet(&new_room(), &[]).await;
    let both = [party.host_id.clone(), party.guest_id.clone()];
    let [_, here] = at_both(&site, &party.guest_api);
    let mut second = site.api(0).with_token(token_of(&here)).enter(&party.room_id).await.unwrap();
    let welcomed = sees(&mut second, &[&both[0], &both[1]]).await;
    assert_eq!(welcomed["data"]["total"], 2, "participants are counted, not sockets");

    party.guest.close().await.unwrap();
    // The next commit comes after every message about the socket that closed.
    second.close().await.unwrap();
    sees(&mut party.host, &[&both[0]]).await;
    assert_eq!(listed(&party.host_api, &party.room_id).await, both[..1]);
}
