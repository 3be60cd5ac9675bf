//! Choosing what somebody has just asked about.

use serde_json::json;

use crate::origin::Origin;
use crate::party::Party;

#[tokio::test]
async fn what_the_host_has_just_asked_about_is_chosen_once_without_asking_its_origin_again() {
    let origin = Origin::start().await;
    let mut party = Party::idle().await;
    let link = origin.link("film.m3u8");
    let source = party.host_api.resolve(&link).await.unwrap();
    let by_source =
        json!({ "source": { "provider": source.provider, "stream_id": source.stream_id } });
    for choice in [by_source, json!({ "link": link })] {
        party.host_api.resolve(&link).await.unwrap();
        let asked = origin.connections();
        let frame = party.command("set_media", choice.clone()).await;
        assert_eq!(frame["data"]["media"]["title"], source.title);
        assert_eq!(origin.connections(), asked, "{choice}");

        party.command("set_media", choice.clone()).await;
        assert!(origin.connections() > asked, "who chooses again wants to know anew: {choice}");
    }
}

#[tokio::test]
async fn what_is_chosen_while_it_is_being_asked_about_waits_for_that_answer() {
    let origin = Origin::start().await;
    let mut party = Party::idle().await;
    let link = origin.link("held.m3u8");
    let (asked, chosen) = tokio::join!(party.host_api.resolve(&link), async {
        origin.wait_connected().await;
        let choosing = party.host.ack("set_media", json!({ "link": link }));
        origin.release();
        choosing.await
    });
    asked.unwrap();
    chosen.unwrap();
    // The playlist and its piece.
    assert_eq!(origin.connections(), 2);
}

#[tokio::test]
async fn what_others_have_asked_about_is_asked_again() {
    let origin = Origin::start().await;
    let mut party = Party::idle().await;
    let link = origin.link("film.m3u8");
    party.guest_api.resolve(&link).await.unwrap();
    let asked = origin.connections();
    party.command("set_media", json!({ "link": link })).await;
    assert!(origin.connections() > asked);
}
