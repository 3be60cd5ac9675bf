//! Limits: each refuses with its code, says when to retry where that helps, and doesn't affect those
//! who stay within it.

use std::sync::Arc;

use harness::Closed;
use harness::http::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::party::{Party, new_room, options};
use crate::problem;

#[tokio::test]
async fn requests_of_an_address_are_limited_per_minute() {
    let server = options()
        .env("PLAYHEAD_LIMIT_PER_ADDRESS", "1")
        .env("PLAYHEAD_LIMIT_GUESTS_PER_MINUTE", "2")
        .env("PLAYHEAD_LIMIT_REFRESHES_PER_MINUTE", "2")
        .env("PLAYHEAD_LIMIT_GUESTS_BURST", "2")
        .env("PLAYHEAD_LIMIT_ROOMS_PER_MINUTE", "2")
        .env("PLAYHEAD_LIMIT_JOINS_PER_MINUTE", "2")
        .env("PLAYHEAD_LIMIT_JOINS_BURST", "2")
        .env("PLAYHEAD_LIMIT_CODES_PER_MINUTE", "2")
        .env("PLAYHEAD_LIMIT_RESOLVES_PER_MINUTE", "2")
        .start()
        .await
        .unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    let room_id = api.create_room("Friday").await.unwrap().room_id;
    let link = json!({ "link": "no link" });
    for (method, path, body, allowed, code) in [
        (Method::POST, "auth/guest", json!({ "display_name": "Ben" }), 1, ""),
        (Method::POST, "auth/refresh", json!({ "refresh_token": "x" }), 2, "token_invalid"),
        (Method::POST, "rooms", json!({ "name": "Saturday" }), 1, ""),
        (Method::POST, &format!("rooms/{room_id}/join"), json!({}), 2 + 2, ""), // two shares
        (Method::GET, "rooms/AAAAA-AAAAA", json!({}), 2, "room_not_found"),
        (Method::POST, "sources/resolve", link, 2, "link_invalid"),
    ] {
        for _ in 0..allowed {
            let response = api.request(method.clone(), path, Some(&body)).await.unwrap();
            let refused = if response.status < 400 { "" } else { response.code() };
            assert_eq!(refused, code, "{path}: {}", response.text);
        }
        let response = api.request(method, path, Some(&body)).await.unwrap();
        problem::check(&response, "rate_limited", path);
        let wait_ms = response.json["retry_after_ms"].as_u64().expect("it says how long");
        assert!((1..=60_000).contains(&wait_ms), "{path}: {wait_ms}");
        assert_eq!(response.header("retry-after"), wait_ms.div_ceil(1000).to_string(), "{path}");
    }
    // A request by room id isn't an attempt to guess a code.
    api.state(&room_id).await.unwrap();
}

#[tokio::test]
async fn an_address_out_of_guesses_learns_nothing_about_codes_and_members_come_and_go() {
    let server = options()
        .env("PLAYHEAD_LIMIT_PER_ADDRESS", "1")
        .env("PLAYHEAD_LIMIT_CODES_PER_MINUTE", "2")
        .start()
        .await
        .unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room = host.create_room("Friday").await.unwrap();
    let stranger = server.api().as_guest("Ben").await.unwrap();
    for _ in 0..5 {
        stranger.find_room(&room.code).await.expect("a code that names a room costs nothing");
    }
    let (right, wrong) = (format!("rooms/{}", room.code), "rooms/AAAAA-AAAAA");
    for _ in 0..2 {
        let response = stranger.request(Method::GET, wrong, None).await.unwrap();
        problem::check(&response, "room_not_found", wrong);
    }
    for path in [wrong, &right] {
        let response = stranger.request(Method::GET, path, None).await.unwrap();
        problem::check(&response, "rate_limited", path);
    }
    host.join(&room.code).await.expect("a member comes by code");
    stranger.join(&room.room_id).await.expect("an id is no guess");
    stranger.state(&room.code).await.expect("now a member too");
}

#[tokio::test]
async fn both_doors_count_the_same_guesses_and_neither_tells_a_right_code_once_none_is_left() {
    let server = options()
        .env("PLAYHEAD_LIMIT_PER_ADDRESS", "1")
        .env("PLAYHEAD_LIMIT_CODES_PER_MINUTE", "2")
        .start()
        .await
        .unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room = host.create_room("Friday").await.unwrap();
    let url = host.join(&room.room_id).await.unwrap().ws.url;
    let stranger = server.api().as_guest("Ben").await.unwrap();
    let by_http = async |code: &str| {
        let path = format!("rooms/{code}");
        stranger.request(Method::GET, &path, None).await.unwrap().code().to_owned()
    };
    let by_websocket = async |code: &str| {
        let url = url.replace(&room.room_id, code);
        harness::Upgrade::new(&url).ticket("none").refusal().await.unwrap().code().to_owned()
    };
    assert_eq!(by_websocket(&room.code).await, "ticket_invalid", "a right code costs nothing");
    assert_eq!(by_http("AAAAA-AAAAA").await, "room_not_found");
    assert_eq!(by_websocket("AAAAA-AAAAA").await, "room_not_found");
    for code in ["AAAAA-AAAAA", &room.code] {
        assert_eq!(by_websocket(code).await, "rate_limited", "{code}");
        assert_eq!(by_http(code).await, "rate_limited", "{code}");
    }
}

#[tokio::test]
async fn a_hundred_right_codes_come_through_at_once_though_one_wrong_one_would_be_the_last() {
    let server = options()
        .env("PLAYHEAD_LIMIT_PER_ADDRESS", "1")
        .env("PLAYHEAD_LIMIT_CODES_PER_MINUTE", "1")
        .start()
        .await
        .unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room = host.create_room("Friday").await.unwrap();
    let stranger = server.api().as_guest("Ben").await.unwrap();
    let mut asking = JoinSet::new();
    for _ in 0..100 {
        let (api, code) = (stranger.clone(), room.code.clone());
        asking.spawn(async move { api.find_room(&code).await.map(|room| room.room_id) });
    }
    for found in asking.join_all().await {
        assert_eq!(found.expect("it is found"), room.room_id);
    }
}

#[tokio::test]
async fn invented_refresh_tokens_keep_nobody_behind_their_address_from_renewing() {
    let server = options()
        .env("PLAYHEAD_LIMIT_PER_ADDRESS", "1")
        .env("PLAYHEAD_LIMIT_REFRESHES_PER_MINUTE", "2")
        .start()
        .await
        .unwrap();
    let api = server.api();
    let mut ada = api.guest("Ada").await.unwrap();
    let ben = api.guest("Ben").await.unwrap();
    for _ in 0..5 {
        ada = api.refresh(&ada.refresh_token).await.expect("a real token costs nothing");
    }
    let (_, secret) = ben.refresh_token.split_once('.').expect("a family and a secret");
    let unknown_family = format!("rt_{}.{secret}", "A".repeat(26));
    let (adas_family, _) = ada.refresh_token.split_once('.').expect("a family and a secret");
    let wrong_secret = format!("{adas_family}.{secret}");
    for (invented, code) in [
        (&unknown_family, "token_invalid"),
        (&wrong_secret, "token_invalid"),
        (&wrong_secret, "rate_limited"),
        (&unknown_family, "rate_limited"),
    ] {
        let body = json!({ "refresh_token": invented });
        let response = api.request(Method::POST, "auth/refresh", Some(&body)).await.unwrap();
        problem::check(&response, code, invented);
    }
    for person in [ada, ben] {
        let renewed = api.refresh(&person.refresh_token).await.expect("others go on");
        assert_eq!(renewed.user_id, person.user_id);
    }
}

#[tokio::test]
async fn refused_commands_are_limited_per_participant_and_address_and_permitted_ones_are_not() {
    let server = options()
        .env("PLAYHEAD_LIMIT_PER_ADDRESS", "1")
        .env("PLAYHEAD_LIMIT_REFUSED_PER_SECOND", "1")
        .env("PLAYHEAD_LIMIT_REFUSED_PER_ADDRESS_AND_SECOND", "2")
        .start()
        .await
        .unwrap();
    let mut party = Party::watching_in(Arc::new(server), &new_room(), &[]).await;
    let other_api = party.server.api().as_guest("Cleo").await.unwrap();
    let mut other = other_api.enter(&party.room_id).await.unwrap();
    // Five of the guest, then ten of the address at once; more after a second.
    for socket in [&mut party.guest, &mut other] {
        let mut refused = Vec::new();
        while !refused.iter().any(|code| code == "rate_limited") {
            let error = socket.reject("play", json!({})).await.unwrap();
            assert_eq!(error.code == "rate_limited", error.retry_after_ms.is_some());
            refused.push(error.code);
        }
        assert!(refused.len() > 5, "{refused:?}");
    }
    let name = json!({ "name": "Sunday" });
    let path = format!("rooms/{}", party.room_id);
    // Over HTTP too.
    loop {
        let response = party.guest_api.request(Method::PATCH, &path, Some(&name)).await.unwrap();
        if response.code() == "rate_limited" {
            break;
        }
        problem::check(&response, "forbidden", &path);
    }
    for frame in ["play", "pause", "play"] {
        party.command(frame, json!({})).await;
    }
    party.nothing_happened().await;
}

#[tokio::test]
async fn connections_are_limited_per_address_and_in_total() {
    for (name, per_address) in
        [("PLAYHEAD_LIMIT_CONNECTIONS_PER_ADDRESS", "1"), ("PLAYHEAD_LIMIT_CONNECTIONS", "0")]
    {
        let server = options().env("PLAYHEAD_LIMIT_PER_ADDRESS", per_address).env(name, "2");
        let server = server.start().await.unwrap();
        let api = server.api().as_guest("Ada").await.unwrap();
        let room_id = api.create_room("Friday").await.unwrap().room_id;
        let first = api.enter(&room_id).await.unwrap();
        let mut second = api.enter(&room_id).await.unwrap();
        let ticket = api.join(&room_id).await.unwrap().ws;
        let response = harness::Upgrade::with(&ticket).refusal().await.unwrap();
        problem::check(&response, "limit_reached", name);
        second.command("ready", json!({ "version": 1 })).await.unwrap();
        drop((first, second));
    }
}

#[tokio::test]
async fn a_full_room_accepts_no_one_until_a_participant_leaves() {
    let server = options().env("PLAYHEAD_LIMIT_PARTICIPANTS_PER_ROOM", "2").start().await.unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    let room_id = api.create_room("Friday").await.unwrap().room_id;
    let _host = api.enter(&room_id).await.unwrap();
    let second = server.api().as_guest("Ben").await.unwrap();
    let _guest = second.enter(&room_id).await.unwrap();
    let third = server.api().as_guest("Cleo").await.unwrap();
    let join = format!("rooms/{room_id}/join");
    let response = third.request(Method::POST, &join, Some(&json!({}))).await.unwrap();
    problem::check(&response, "room_full", "a third participant");
    second.join(&room_id).await.unwrap();
}

#[tokio::test]
async fn the_number_of_rooms_is_limited() {
    let server = options().env("PLAYHEAD_LIMIT_ROOMS", "1").start().await.unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    api.create_room("Friday").await.unwrap();
    let body = json!({ "name": "Saturday" });
    let response = api.request(Method::POST, "rooms", Some(&body)).await.unwrap();
    problem::check(&response, "limit_reached", "a second room");
}

#[tokio::test]
async fn the_rooms_of_an_address_and_of_a_user_are_limited_per_day() {
    for (name, per_address, same_user) in [
        ("PLAYHEAD_LIMIT_ROOMS_PER_DAY", "1", false),
        ("PLAYHEAD_LIMIT_ROOMS_PER_USER_AND_DAY", "0", true),
    ] {
        let server = options().env("PLAYHEAD_LIMIT_PER_ADDRESS", per_address).env(name, "2");
        let server = server.start().await.unwrap();
        let first = server.api().as_guest("Ada").await.unwrap();
        let second = server.api().as_guest("Ben").await.unwrap();
        first.create_room("Friday").await.unwrap();
        first.create_room("Saturday").await.unwrap();
        let who = if same_user { &first } else { &second };
        let body = json!({ "name": "Sunday" });
        let response = who.request(Method::POST, "rooms", Some(&body)).await.unwrap();
        problem::check(&response, "rate_limited", name);
        let wait_ms = response.json["retry_after_ms"].as_u64().expect("it says how long");
        assert!((39_600_000..=43_200_001).contains(&wait_ms), "{name}: {wait_ms}");
        if same_user {
            second.create_room("Sunday").await.expect("others may");
        }
    }
}

#[tokio::test]
async fn every_write_over_http_counts_against_the_same_limit() {
    let server = options().env("PLAYHEAD_LIMIT_WRITES_PER_MINUTE", "2").start().await.unwrap();
    let writes = |room: &str| {
        [
            (Method::PATCH, format!("rooms/{room}"), Some(json!({ "name": "Saturday" }))),
            (
                Method::PATCH,
                format!("rooms/{room}/participants/p_x"),
                Some(json!({ "role": "co_host" })),
            ),
            (Method::DELETE, format!("rooms/{room}"), None),
        ]
    };
    for number in 0..3 {
        let api = server.api().as_guest("Ada").await.unwrap();
        let room_id = api.create_room("Friday").await.unwrap().room_id;
        let (method, path, body) = &writes(&room_id)[number];
        for _ in 0..2 {
            let response = api.request(method.clone(), path, body.as_ref()).await.unwrap();
            assert_ne!(response.code(), "rate_limited", "{method} {path}");
        }
        let response = api.request(method.clone(), path, body.as_ref()).await.unwrap();
        problem::check(&response, "rate_limited", path);
    }
}

#[tokio::test]
async fn the_guests_of_an_address_are_limited_per_day_and_a_refused_name_costs_nothing() {
    let server =
        options().env("PLAYHEAD_LIMIT_PER_ADDRESS", "1").env("PLAYHEAD_LIMIT_GUESTS_PER_DAY", "2");
    let server = server.start().await.unwrap();
    let ask = async |name: &str| {
        let body = json!({ "display_name": name });
        server.api().request(Method::POST, "auth/guest", Some(&body)).await.unwrap()
    };
    for name in ["", "Ada", "", "Ben"] {
        assert_eq!(ask(name).await.status, if name.is_empty() { 400 } else { 201 }, "{name}");
    }
    let response = ask("Cleo").await;
    problem::check(&response, "rate_limited", "a third guest");
    let wait_ms = response.json["retry_after_ms"].as_u64().expect("it says how long");
    assert!((39_600_000..=43_200_001).contains(&wait_ms), "{wait_ms}");
}

#[tokio::test]
async fn the_joins_of_a_user_are_limited_and_use_up_nothing_of_others_behind_the_address() {
    let server = options()
        .env("PLAYHEAD_LIMIT_PER_ADDRESS", "1")
        .env("PLAYHEAD_LIMIT_JOINS_PER_USER_AND_MINUTE", "2")
        .env("PLAYHEAD_LIMIT_JOINS_PER_MINUTE", "1")
        .env("PLAYHEAD_LIMIT_JOINS_BURST", "4");
    let server = server.start().await.unwrap();
    let ada = server.api().as_guest("Ada").await.unwrap();
    let join = format!("rooms/{}/join", ada.create_room("Friday").await.unwrap().room_id);
    let ben = server.api().as_guest("Ben").await.unwrap();
    for (who, allowed) in [(&ada, true), (&ada, true), (&ada, false), (&ben, true), (&ben, true)] {
        let response = who.request(Method::POST, &join, Some(&json!({}))).await.unwrap();
        assert_eq!(response.status == 200, allowed, "{}", response.text);
        assert!(allowed || response.code() == "rate_limited", "{}", response.text);
    }
}

#[tokio::test]
async fn the_guests_of_all_addresses_together_are_limited() {
    let server = options().env("PLAYHEAD_LIMIT_GUESTS_PER_SECOND", "1").start().await.unwrap();
    let mut asking = JoinSet::new();
    for _ in 0..200 {
        let api = server.api();
        asking.spawn(async move {
            let body = json!({ "display_name": "Ada" });
            api.request(Method::POST, "auth/guest", Some(&body)).await.unwrap()
        });
    }
    let mut came = 0;
    for response in asking.join_all().await {
        if response.status == 201 {
            came += 1;
        } else {
            problem::check(&response, "rate_limited", "too many guests");
        }
    }
    assert!((20..200).contains(&came), "{came}");
}

#[tokio::test]
async fn an_ipv6_network_has_the_share_of_a_few_addresses_and_a_tunnel_that_of_its_ipv4_address() {
    let server = options()
        .env("PLAYHEAD_LIMIT_PER_ADDRESS", "1")
        .env("PLAYHEAD_LIMIT_GUESTS_PER_DAY", "1")
        .env("PLAYHEAD_TRUSTED_PROXIES", "127.0.0.1");
    let server = server.start().await.unwrap();
    let came = async |addresses: &[String]| {
        let mut came = 0;
        for address in addresses {
            let json_type = ("content-type", "application/json");
            let headers = [json_type, ("x-forwarded-for", address.as_str())];
            let body = json!({ "display_name": "Ada" }).to_string();
            let api = server.api();
            let asked = api.raw(Method::POST, "api/v1/auth/guest", &headers, body).await;
            came += u32::from(asked.unwrap().status == 201);
        }
        came
    };
    let of_one: Vec<_> = (1..5).map(|host| format!("2001:db8:1:100::{host}")).collect();
    assert_eq!(came(&of_one).await, 1);
    let of_a_home: Vec<_> = (0..9).map(|net| format!("2001:db8:3:20{net}::1")).collect();
    assert_eq!(came(&of_a_home).await, 4);
    let of_a_customer: Vec<_> = (10..50).map(|net| format!("2001:db8:2:{net}00::1")).collect();
    assert_eq!(came(&of_a_customer).await, 4, "guests are remembered for long");
    let tunnelled = ["192.0.2.1", "2002:c000:201:7::1", "64:ff9b::c000:201", "::ffff:192.0.2.1"];
    assert_eq!(came(&tunnelled.map(ToOwned::to_owned)).await, 1);
}

#[tokio::test]
async fn a_ninth_connection_of_one_participant_is_refused_with_a_reason() {
    let mut party = Party::watching().await;
    let mut held = Vec::new();
    for _ in 0..7 {
        held.push(party.guest_api.enter(&party.room_id).await.unwrap());
    }
    let mut ninth = party.guest_api.connect(&party.room_id).await.unwrap();
    let refused = ninth.hello(&[]).await.unwrap_err().to_string();
    assert!(refused.contains("limit_reached"), "{refused}");
    let later = Closed { close_code: Some(4429), reason: "rate_limited".to_owned() };
    assert_eq!(ninth.closed().await.unwrap(), later);
    party.nothing_happened().await;
}
