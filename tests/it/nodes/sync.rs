//! The spread of players that are connected to different nodes.

use super::site::{NOTICED, Site, sees, site, until};
use crate::party::{Party, new_room};
use crate::sync::{assert_was_shown_nothing, report, sees as sees_spread, shown};

#[tokio::test]
async fn the_host_sees_the_spread_of_players_at_the_other_node() {
    let site = site().await;
    let mut party = known_party(&site).await;
    report(&mut party.guest, 12.0, 3.0).await;
    sees_spread(&mut party.host, shown(1, 0.0, 3.0)).await;
    report(&mut party.guest, 12.0, 3.0).await;
    report(&mut party.host, -8.0, 1.0).await;
    sees_spread(&mut party.host, shown(2, 20.0, 3.0)).await;
    assert_was_shown_nothing(&mut party.guest).await;
    let version = party.version;
    assert_eq!(party.state().await.version, version, "nothing was committed");

    // The host's own report is renewed, so that only the guest's is dropped.
    report(&mut party.host, -8.0, 1.0).await;
    party.guest.close().await.unwrap();
    sees_spread(&mut party.host, shown(1, 0.0, 1.0)).await;
}

#[tokio::test]
async fn a_co_host_at_the_other_node_sees_the_same_spread() {
    let site = site().await;
    let mut party = known_party(&site).await;
    let role = contracts::Role::CoHost;
    party.host_api.give_role(&party.room_id, &party.guest_id, role).await.unwrap();
    report(&mut party.host, 1.0, 1.0).await;
    report(&mut party.guest, 2.0, 2.0).await;
    for socket in [&mut party.host, &mut party.guest] {
        sees_spread(socket, shown(2, 1.0, 2.0)).await;
    }
}

#[tokio::test]
async fn players_of_a_killed_node_no_longer_count() {
    let mut site = Site::of(2).await;
    let mut party = known_party(&site).await;
    report(&mut party.guest, 12.0, 3.0).await;
    sees_spread(&mut party.host, shown(1, 0.0, 3.0)).await;
    site.kill_9(1).await;
    until("the host to be shown nobody", NOTICED, async || {
        report(&mut party.host, 0.0, 1.0).await;
        let frame = party.host.wait_for("sync_changed").await.unwrap();
        (crate::sync::spread(&frame) == shown(1, 0.0, 1.0)).then_some(())
    })
    .await;
}

/// A host at the first node and a guest at the second, both known to both nodes.
async fn known_party(site: &Site) -> Party {
    let mut party = site.watch(&new_room(), &[]).await.party;
    let both = [party.host_id.clone(), party.guest_id.clone()];
    for socket in [&mut party.host, &mut party.guest] {
        sees(socket, &[&both[0], &both[1]]).await;
    }
    party
}
