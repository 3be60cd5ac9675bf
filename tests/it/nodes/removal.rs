//! People who are removed or banned at one node, and connected to another.

use contracts::BanRequest;
use engine::{ParticipantId, RoomId};
use harness::http::Method;
use harness::{DEADLINE, until};
use server::clock::WallTime;
use server::sql::{BanRow, ENDLESS};

use super::site::{Across, site};
use crate::party::new_room;
use crate::problem;

#[tokio::test]
async fn somebody_who_is_removed_at_one_node_is_disconnected_at_the_other() {
    let site = site().await;
    let Across { mut party, guest: [elsewhere, _], .. } = site.meet(&new_room(), &[]).await;
    party.host_api.remove(&party.room_id, &party.guest_id).await.unwrap();
    assert_eq!(party.guest.closed().await.unwrap().close_code, Some(4411));
    let joined = elsewhere.join(&party.room_id).await.unwrap();
    assert_eq!(joined.participant_id, party.guest_id, "they may come back");
}

#[tokio::test]
async fn a_ban_at_one_node_closes_every_door_of_the_other() {
    let site = site().await;
    let Across { mut party, guest: [here, elsewhere], .. } = site.meet(&new_room(), &[]).await;
    party.host_api.ban(&party.room_id, &ban_of(&party.guest_id)).await.unwrap();
    assert_eq!(party.guest.closed().await.unwrap().close_code, Some(4412));
    let join = format!("rooms/{}/join", party.room_id);
    let refused = here.request(Method::POST, &join, None).await.unwrap();
    problem::check(&refused, "banned", "to join where the ban was made");
    // The other node has closed the connection, and is reading why.
    let closed = async || {
        let response = elsewhere.request(Method::POST, &join, None).await.unwrap();
        (response.status == 403).then_some(())
    };
    until("the ban holds at the other node", DEADLINE, closed).await;
    party.host_api.lift_ban(&party.room_id, &party.guest_id).await.unwrap();
    here.join(&party.room_id).await.unwrap();
    let open = async || elsewhere.join(&party.room_id).await.ok();
    until("the ban is lifted at the other node", DEADLINE, open).await;
}

#[tokio::test]
async fn a_ban_reaches_nodes_that_could_not_be_told() {
    let site = site().await;
    let Across { mut party, guest: [_, here], .. } = site.meet(&new_room(), &[]).await;
    // As a node leaves it that lost Redis before it could tell.
    let ban = BanRow {
        room_id: RoomId::new(&party.room_id),
        participant_id: ParticipantId::new(&party.guest_id),
        display_name: "Ben".to_owned(),
        reason: String::new(),
        by: ParticipantId::new(&party.host_id),
        banned_at: WallTime::now(),
        until: ENDLESS,
    };
    site.sql().await.ban(&ban, 10).await.unwrap();
    assert_eq!(party.guest.closed().await.unwrap().close_code, Some(4412));
    let join = format!("rooms/{}/join", party.room_id);
    let refused = here.request(Method::POST, &join, None).await.unwrap();
    problem::check(&refused, "banned", "to join after it");
}

fn ban_of(participant_id: &str) -> BanRequest {
    BanRequest { participant_id: participant_id.to_owned(), reason: None, until_ms: None }
}
