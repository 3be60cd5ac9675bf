//! Asking to join a room, and being let in or not.

use contracts::{Entry, GrantPage, GrantRequest, InviteRequest, Role};
use harness::http::Method;
use harness::{Api, DEADLINE, WsClient, until};
use serde_json::{Value, json};
use server::clock::WallTime;

use crate::entry::{close, join};
use crate::party::{Party, text};
use crate::problem;

#[tokio::test]
async fn who_knocks_is_shown_to_those_who_moderate_and_comes_in_once_they_say_so() {
    let mut party = Party::idle().await;
    close(&mut party, Entry::Knock).await;
    let [grace, linus] = [knocking(&party, "Grace").await, knocking(&party, "Linus").await];
    let shown = knocks(&mut party.host, 2).await;
    assert_eq!(
        shown,
        [(grace.id.clone(), "Grace".to_owned()), (linus.id.clone(), "Linus".to_owned())]
    );
    let answer = json!({ "admitted": true });
    let path = format!("rooms/{}/knocks/{}", party.room_id, grace.id);
    let refused = party.guest_api.request(Method::PATCH, &path, Some(&answer)).await.unwrap();
    problem::check(&refused, "forbidden", "a guest answers nobody");
    let path = format!("rooms/{}/knocks/somebody", party.room_id);
    let refused = party.host_api.request(Method::PATCH, &path, Some(&answer)).await.unwrap();
    problem::check(&refused, "participant_not_found", "no id of a participant");

    party.host_api.answer_knock(&party.room_id, &grace.id, true).await.unwrap();
    let joined = grace.api.join(&party.room_id).await.unwrap();
    assert_eq!((joined.participant_id, joined.role), (grace.id.clone(), Role::Guest));
    party.host_api.answer_knock(&party.room_id, &linus.id, false).await.unwrap();
    let refused = join(&linus.api, &party.room_id, json!({})).await;
    problem::check(&refused, "approval_declined", "somebody who isn't let in");
    assert_eq!(knocks(&mut party.host, 0).await, []);
    // An answer that comes too late changes nothing.
    party.host_api.answer_knock(&party.room_id, &grace.id, false).await.unwrap();
    grace.api.join(&party.room_id).await.unwrap();
    let unread = party.guest.take_unread();
    assert!(unread.iter().all(|frame| frame["type"] != "knocks_changed"), "{unread:?}");

    // Somebody who becomes a moderator is told, and so is one who connects.
    let late = knocking(&party, "Mary").await;
    party.host_api.give_role(&party.room_id, &party.guest_id, Role::Moderator).await.unwrap();
    assert_eq!(knocks(&mut party.guest, 1).await, [(late.id.clone(), "Mary".to_owned())]);
    let mut second = party.host_api.enter(&party.room_id).await.unwrap();
    assert_eq!(knocks(&mut second, 1).await, [(late.id, "Mary".to_owned())]);
}

#[tokio::test]
async fn who_is_removed_from_a_closed_room_has_to_be_let_in_again_and_who_is_banned_is_not() {
    let mut party = Party::idle().await;
    close(&mut party, Entry::Knock).await;
    let grace = knocking(&party, "Grace").await;
    party.host_api.answer_knock(&party.room_id, &grace.id, true).await.unwrap();
    let mut socket = grace.api.enter(&party.room_id).await.unwrap();
    party.host_api.remove(&party.room_id, &grace.id).await.unwrap();
    assert_eq!(socket.closed().await.unwrap().close_code, Some(4411));
    let refused = join(&grace.api, &party.room_id, json!({})).await;
    problem::check(&refused, "approval_pending", "to come back");
    let made = party.host_api.invite(&party.room_id, &InviteRequest::default()).await.unwrap();
    let ban = json!({ "participant_id": grace.id });
    let path = format!("rooms/{}/bans", party.room_id);
    party
        .host_api
        .request(Method::POST, &path, Some(&ban))
        .await
        .unwrap()
        .expect_success()
        .unwrap();
    for body in [json!({}), json!({ "invite": made.invite })] {
        let refused = join(&grace.api, &party.room_id, body).await;
        problem::check(&refused, "banned", "by whatever way");
    }
    assert_eq!(party.host_api.invites(&party.room_id).await.unwrap().items[0].used, 0);
}

/// Somebody whose knock nobody has answered.
struct Knocking {
    api: Api,
    id: String,
}

#[tokio::test]
async fn somebody_whose_pass_has_expired_stays_out_if_their_knock_is_refused() {
    let mut party = Party::idle().await;
    close(&mut party, Entry::Knock).await;
    let grace = party.server.api().as_guest("Grace").await.unwrap();
    let user_id = grace.me().await.unwrap().user_id;
    let expires_at_ms = Some(WallTime::now().plus_millis(1_000).as_millis());
    let pass = GrantRequest { user_id, role: None, expires_at_ms };
    let made = party.host_api.grant(&party.room_id, &pass).await.unwrap();
    grace.join(&party.room_id).await.unwrap();
    let has_to_knock = async || {
        let refused = join(&grace, &party.room_id, json!({})).await;
        refused.text.contains("approval_pending").then_some(())
    };
    until("the pass has expired", DEADLINE, has_to_knock).await;
    party.host_api.answer_knock(&party.room_id, &made.participant_id, false).await.unwrap();
    let refused = join(&grace, &party.room_id, json!({})).await;
    problem::check(&refused, "approval_declined", "although she was a member before");
}

#[tokio::test]
async fn somebody_who_knocks_is_known_by_the_skeleton_of_whom_they_imitate() {
    let mut party = Party::idle().await;
    close(&mut party, Entry::Knock).await;
    let listed = party.host_api.participants(&party.room_id).await.unwrap().items;
    let ada = listed.into_iter().find(|one| one.display_name == "Ada").expect("the host");
    // The first letter is Cyrillic.
    let alike = knocking(&party, "Аda").await;
    let knock = party.host.wait_for("knocks_changed").await.unwrap()["data"]["knocks"][0].take();
    assert_eq!(knock["name_skeleton"], ada.name_skeleton);
    party.host_api.answer_knock(&party.room_id, &alike.id, true).await.unwrap();
    let path = format!("rooms/{}/grants", party.room_id);
    let page = party.host_api.request(Method::GET, &path, None).await.unwrap();
    let page: GrantPage = page.parse().unwrap();
    assert_eq!(page.items[0].name_skeleton.as_ref(), Some(&ada.name_skeleton));
}

async fn knocking(party: &Party, name: &str) -> Knocking {
    let api = party.server.api().as_guest(name).await.unwrap();
    let refused = join(&api, &party.room_id, json!({})).await;
    problem::check(&refused, "approval_pending", name);
    let body: Value = serde_json::from_str(&refused.text).unwrap();
    assert!(body["retry_after_ms"].as_u64().is_some_and(|ms| ms <= 5_000), "{body}");
    let user_id = api.me().await.unwrap().user_id;
    let room_id = engine::RoomId::new(&party.room_id);
    Knocking { api, id: server::id::participant_id(&room_id, &user_id).to_string() }
}

/// Waits until a socket is shown so many knocks, and returns their ids and names.
async fn knocks(socket: &mut WsClient, count: usize) -> Vec<(String, String)> {
    let shows = |frame: &Value| {
        let knocks = frame["data"]["knocks"].as_array();
        frame["type"] == "knocks_changed" && knocks.is_some_and(|knocks| knocks.len() == count)
    };
    let frame = socket.take("the knocks", shows).await.unwrap();
    let knocks = frame["data"]["knocks"].as_array().unwrap().iter();
    knocks.map(|knock| (text(&knock["participant_id"]), text(&knock["display_name"]))).collect()
}
