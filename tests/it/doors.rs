//! Every operation on a room is a door. What each says to whom is one table; a door that isn't in it fails.

use std::sync::Arc;

use contracts::{BanRequest, Entry, GrantRequest, PatchRoom, Role};
use harness::http::Method;
use harness::{Api, Response, Upgrade};
use serde_json::json;
use server::clock::WallTime;

use crate::party::{Party, new_room};
use crate::{problem, products};

/// Each operation below a room, and what it answers without a token, to a stranger, to somebody who is banned, and
/// once the party is over: a status, or a code.
const DOORS: &str = "
DELETE /rooms/{room_id}                                unauthenticated forbidden  banned room_closed
DELETE /rooms/{room_id}/bans/{participant_id}          unauthenticated forbidden  banned room_closed
DELETE /rooms/{room_id}/grants/{grant_id}              unauthenticated forbidden  banned room_closed
DELETE /rooms/{room_id}/invites/{invite_id}            unauthenticated forbidden  banned room_closed
DELETE /rooms/{room_id}/participants/{participant_id}  unauthenticated forbidden  banned room_closed
GET    /rooms/{room_id}                                unauthenticated 200        banned room_closed
GET    /rooms/{room_id}/bans                           unauthenticated forbidden  banned room_closed
GET    /rooms/{room_id}/grants                         unauthenticated forbidden  banned room_closed
GET    /rooms/{room_id}/invites                        unauthenticated forbidden  banned room_closed
GET    /rooms/{room_id}/participants                   unauthenticated not_member banned room_closed
GET    /rooms/{room_id}/state                          unauthenticated not_member banned room_closed
GET    /rooms/{room_id}/ws                             ticket_invalid  101        banned 101
PATCH  /rooms/{room_id}                                unauthenticated forbidden  banned room_closed
PATCH  /rooms/{room_id}/knocks/{participant_id}        unauthenticated forbidden  banned room_closed
PATCH  /rooms/{room_id}/participants/{participant_id}  unauthenticated forbidden  banned room_closed
POST   /rooms/{room_id}/bans                           unauthenticated forbidden  banned room_closed
POST   /rooms/{room_id}/grants                         unauthenticated forbidden  banned room_closed
POST   /rooms/{room_id}/invites                        unauthenticated forbidden  banned room_closed
POST   /rooms/{room_id}/join                           unauthenticated 200        banned room_closed
";

#[tokio::test]
async fn every_door_answers_each_kind_of_caller_as_the_table_says() {
    let doors: Vec<Vec<&str>> =
        DOORS.trim().lines().map(|line| line.split_whitespace().collect()).collect();
    let listed: Vec<String> = doors.iter().map(|door| format!("{} {}", door[0], door[1])).collect();
    assert_eq!(listed, operations(), "each operation on a room has its row");

    let party = Party::idle().await;
    let anonymous = Api::new(party.server.page());
    for door in &doors {
        // Strangers are new at each door: one that lets them in makes them members.
        let stranger = party.server.api().as_guest("Eve").await.unwrap();
        let banned = party.server.api().as_guest("Mallory").await.unwrap();
        let ticket = banned.join(&party.room_id).await.unwrap();
        let ban =
            BanRequest { participant_id: ticket.participant_id, reason: None, until_ms: None };
        party.host_api.ban(&party.room_id, &ban).await.unwrap();
        for (api, ticket, expected) in [
            (&anonymous, None, door[2]),
            (&stranger, None, door[3]),
            (&banned, Some(ticket.ws), door[4]),
        ] {
            let asked = format!("{} {} expects {expected}", door[0], door[1]);
            let response = match door[1].ends_with("/ws") {
                true => {
                    let ticket = match (ticket, expected) {
                        (Some(ticket), _) => Some(ticket),
                        (None, "101") => Some(api.join(&party.room_id).await.unwrap().ws),
                        (None, _) => None,
                    };
                    connect(&party, ticket, expected).await
                }
                false => Some(ask(api, door, &party).await),
            };
            check(response, expected, &asked);
        }
    }
}

#[tokio::test]
async fn no_door_opens_to_a_token_for_other_rooms() {
    let server = Arc::new(products::keyed().start().await.unwrap());
    let party = Party::meet(server, &new_room(), &[]).await;
    let elsewhere = party.host_api.create_room("Elsewhere").await.unwrap().room_id;
    let limited = products::limited_to(&party.server, &[&elsewhere]).await;
    limited.join(&elsewhere).await.unwrap();
    for door in DOORS.trim().lines() {
        let door: Vec<&str> = door.split_whitespace().collect();
        // A WebSocket is opened by a ticket, which a join gives.
        if !door[1].ends_with("/ws") {
            let response = ask(&limited, &door, &party).await;
            problem::check(&response, "forbidden", &format!("{} {}", door[0], door[1]));
        }
    }
}

#[tokio::test]
async fn every_door_of_a_closed_room_is_shut_to_whose_grant_has_ended() {
    let party = Party::idle().await;
    let shut = PatchRoom { entry: Some(Entry::Invite), ..PatchRoom::default() };
    party.host_api.patch_room(&party.room_id, &shut).await.unwrap();
    let doors = DOORS.trim().lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let (revoked, revoked_ticket) = shut_out(&party, None).await;
    let (expired, expired_ticket) = shut_out(&party, Some(1_000)).await;
    for door in doors {
        for (api, ticket) in [(&revoked, &revoked_ticket), (&expired, &expired_ticket)] {
            let asked = format!("{} {}", door[0], door[1]);
            let (response, expected) = match door[1].rsplit('/').next() {
                // A ticket is used up by the try.
                Some("ws") => {
                    (connect(&party, Some(ticket.clone()), "grant_ended").await, "grant_ended")
                }
                Some("join") => (Some(ask(api, &door, &party).await), "invite_required"),
                _ => (Some(ask(api, &door, &party).await), "grant_ended"),
            };
            check(response, expected, &asked);
        }
    }
}

/// Somebody who had a grant of a moderator's role until it was revoked, or for so many milliseconds, with a ticket from
/// before.
async fn shut_out(party: &Party, lasts_ms: Option<u64>) -> (Api, contracts::WsTicket) {
    let api = party.server.api().as_guest("Grace").await.unwrap();
    let expires_at_ms = lasts_ms.map(|ms| WallTime::now().plus_millis(ms).as_millis());
    let (user_id, role) = (api.me().await.unwrap().user_id, Some(Role::Moderator));
    let granted = GrantRequest { user_id, role, expires_at_ms };
    let granted = party.host_api.grant(&party.room_id, &granted).await.unwrap();
    let ticket = api.join(&party.room_id).await.unwrap().ws;
    let mut socket = api.enter(&party.room_id).await.unwrap();
    if lasts_ms.is_none() {
        party.host_api.revoke_grant(&party.room_id, &granted.grant_id).await.unwrap();
    }
    assert_eq!(socket.closed().await.unwrap().close_code, Some(4414));
    (api, ticket)
}

#[tokio::test]
async fn every_door_of_a_party_that_is_over_says_so() {
    let party = Party::idle().await;
    let ticket = party.guest_api.join(&party.room_id).await.unwrap().ws;
    party.host_api.delete_room(&party.room_id).await.unwrap();
    let doors = DOORS.trim().lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    for door in doors {
        let response = match door[1].ends_with("/ws") {
            true => connect(&party, Some(ticket.clone()), door[5]).await,
            false => Some(ask(&party.guest_api, &door, &party).await),
        };
        check(response, door[5], &format!("{} {}", door[0], door[1]));
    }
}

/// Opens a WebSocket; the answer is `None` if it opens, as it should.
async fn connect(
    party: &Party,
    ticket: Option<contracts::WsTicket>,
    expected: &str,
) -> Option<Response> {
    let path = format!("{}api/v1/rooms/{}/ws", party.server.page(), party.room_id);
    let upgrade = match &ticket {
        Some(ticket) => Upgrade::with(ticket),
        None => Upgrade::new(&path.replacen("http", "ws", 1)),
    };
    if expected == "101" {
        upgrade.connect().await.unwrap();
        return None;
    }
    Some(upgrade.refusal().await.unwrap())
}

/// Sends what is right but for who sends it.
async fn ask(api: &Api, door: &[&str], party: &Party) -> Response {
    let path = door[1].replace("{room_id}", &party.room_id);
    let path = path.replace("{participant_id}", &party.guest_id);
    let path = path.replace("{grant_id}", "g_none").replace("{invite_id}", "i_none");
    let body = match (door[0], door[1].rsplit('/').next().unwrap_or_default()) {
        ("PATCH", "{room_id}") => Some(json!({ "name": "Mine" })),
        ("PATCH", _) if door[1].contains("/knocks/") => Some(json!({ "admitted": true })),
        ("PATCH", _) => Some(json!({ "role": "co_host" })),
        ("POST", "grants") => Some(json!({ "user_id": "u_eve" })),
        ("POST", "bans") => Some(json!({ "participant_id": party.guest_id })),
        _ => None,
    };
    let method = Method::from_bytes(door[0].as_bytes()).unwrap();
    api.request(method, path.trim_start_matches('/'), body.as_ref()).await.unwrap()
}

fn check(response: Option<Response>, expected: &str, asked: &str) {
    match (expected.parse::<u16>(), response) {
        (Ok(101), None) => {}
        (Ok(status), Some(response)) => assert_eq!(response.status, status, "{asked}"),
        (Err(_), Some(response)) => problem::check(&response, expected, asked),
        (_, None) => panic!("{asked}: it opened"),
    }
}

/// The operations below a room, as the OpenAPI document has them.
fn operations() -> Vec<String> {
    let document = server::openapi::yaml();
    let (mut path, mut operations) = (String::new(), Vec::new());
    for line in document.lines() {
        if let Some(name) = line.strip_prefix("  /").filter(|_| line.ends_with(':')) {
            path = format!("/{}", name.trim_end_matches(':'));
        } else if !line.starts_with("   ") {
            path.clear();
        } else if let Some(method) = line.strip_prefix("    ").filter(|rest| !rest.starts_with(' '))
            && path.starts_with("/rooms/{room_id}")
        {
            operations.push(format!("{} {path}", method.trim_end_matches(':').to_uppercase()));
        }
    }
    operations.sort();
    operations
}
