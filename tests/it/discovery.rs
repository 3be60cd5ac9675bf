//! Finding public rooms: pages, orders, filters and searches.

use contracts::{BanRequest, CreateRoom, PatchRoom, RoomPage};
use harness::http::Method;
use harness::{Api, Response, ServerProcess};
use serde_json::{Value, json};

use crate::origin::Origin;
use crate::party::{Party, new_room, options};
use crate::problem;

#[tokio::test]
async fn the_public_list_has_pages_of_open_public_rooms() {
    // Not the shared server: rooms of other tests would shift the pages.
    let server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let mut public = Vec::new();
    for number in 0..5 {
        let name = format!("Public {number}");
        let room = CreateRoom { name, is_public: true, ..new_room() };
        public.push(host.create_room_with(&room).await.unwrap().room_id);
        host.create_room("Private").await.unwrap();
    }
    let _watched = host.enter(&public[3]).await.unwrap();
    host.delete_room(&public[4]).await.unwrap();
    let hidden = PatchRoom { is_public: Some(false), ..Default::default() };
    host.patch_room(&public[0], &hidden).await.unwrap();

    let (mut listed, mut path) = (Vec::new(), "rooms/public?page_size=2".to_owned());
    loop {
        let response = server.api().request(Method::GET, &path, None).await.unwrap();
        let page: RoomPage = response.parse().unwrap();
        assert!(page.items.len() <= 2);
        listed.extend(page.items);
        let Some(token) = page.next_page_token else { break };
        path = format!("rooms/public?page_size=2&page_token={token}");
    }
    assert_eq!(listed[0].room_id, public[3], "the most watched first");
    assert_eq!(listed[0].viewer_count, 1);
    let mut ids: Vec<_> = listed.into_iter().map(|room| room.room_id).collect();
    ids.sort_unstable();
    let mut open = public[1..4].to_vec();
    open.sort_unstable();
    assert_eq!(ids, open);
}

#[tokio::test]
async fn a_list_of_rooms_in_pages_stays_right_while_rooms_come_and_go() {
    let server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let public = || CreateRoom { is_public: true, ..new_room() };
    for _ in 0..4 {
        host.create_room_with(&public()).await.unwrap();
    }
    let page = async |path: &str| -> RoomPage {
        server.api().request(Method::GET, path, None).await.unwrap().parse().unwrap()
    };
    let all = page("rooms/public").await.items;
    let first = page("rooms/public?page_size=2").await;
    let token = first.next_page_token.expect("there is a second page");

    // By numbers of rooms to skip, the second page would now repeat or miss some.
    host.delete_room(&first.items[0].room_id).await.unwrap();
    let second = page(&format!("rooms/public?page_token={token}")).await;
    assert_eq!(second.items, all[2..]);
    assert_eq!(second.next_page_token, None);
    for room in &second.items {
        host.delete_room(&room.room_id).await.unwrap();
    }
    let beyond = page(&format!("rooms/public?page_token={token}")).await;
    assert_eq!((beyond.items, beyond.next_page_token), (vec![], None), "beyond the end");
}

#[tokio::test]
async fn public_rooms_are_sorted_by_viewers_age_or_name_on_every_page() {
    let server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let mut made = Vec::new();
    for name in ["Zebra", "élan", "Apple", "banana"] {
        made.push(host.create_room_with(&public(name)).await.unwrap());
    }
    let mut watching = Vec::new();
    for guest in ["Grace", "Linus"] {
        let guest = server.api().as_guest(guest).await.unwrap();
        watching.push(guest.enter(&made[1].room_id).await.unwrap());
    }
    watching.push(host.enter(&made[3].room_id).await.unwrap());
    for (sort, expected) in [
        ("newest", ["banana", "Apple", "élan", "Zebra"]),
        ("name", ["Apple", "banana", "élan", "Zebra"]),
    ] {
        assert_eq!(names(&server, &format!("sort={sort}")).await, expected, "{sort}");
    }
    let by_viewers = names(&server, "sort=viewers").await;
    assert_eq!(by_viewers[..2], ["élan", "banana"]);
    assert_eq!(names(&server, "").await, by_viewers, "unless another order is asked for");

    let first = get(&server, "page_size=1&sort=name").await;
    let token = first.next_page_token.expect("there is a second page");
    for sort in ["", "&sort=newest"] {
        let path = format!("rooms/public?page_token={token}{sort}");
        let response = server.api().request(Method::GET, &path, None).await.unwrap();
        problem::check(&response, "page_token_invalid", &path);
    }
}

#[tokio::test]
async fn public_rooms_are_found_by_words_tags_language_and_provider() {
    let origin = Origin::start().await;
    let server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let rooms = [
        ("Café Amélie", Some("PT-br"), vec![" Anime ", "ANIME", "Sci-Fi"]),
        ("Movie night", Some("PT"), vec!["classics"]),
        ("ФИЛЬМЫ", None, vec![]),
        ("ΟΔΟΣ Straße", None, vec![]),
    ];
    let mut ids = Vec::new();
    for (name, language, tags) in rooms {
        let tags = tags.into_iter().map(str::to_owned).collect();
        let language = language.map(str::to_owned);
        let room = CreateRoom { language, tags, ..public(name) };
        ids.push(host.create_room_with(&room).await.unwrap().room_id);
    }
    let mut socket = host.enter(&ids[1]).await.unwrap();
    socket.ack("set_media", json!({ "link": origin.link("film.m3u8") })).await.unwrap();
    let found = get(&server, "provider=hls").await.items.remove(0);
    assert_eq!((found.room_id, found.provider.as_deref()), (ids[1].clone(), Some("hls")));
    let title = found.media_title.expect("it plays something");

    let cafe = get(&server, "q=cafe").await.items.remove(0);
    assert_eq!(cafe.language.as_deref(), Some("pt-BR"));
    assert_eq!(cafe.tags, ["anime", "sci-fi"]);
    let title_word = format!("q={}", title.to_uppercase());
    for (query, expected) in [
        ("q=CAFE%20amelie", &["Café Amélie"][..]),
        ("q=caf%C3%A9+sci", &["Café Amélie"]),
        ("q=cafe+classics", &[]),
        ("q=%D1%84%D0%B8%D0%BB%D1%8C%D0%BC", &["ФИЛЬМЫ"]),
        ("q=%20", &["Café Amélie", "Movie night", "ΟΔΟΣ Straße", "ФИЛЬМЫ"]),
        (&*title_word, &["Movie night"]),
        ("q=%23anime", &["Café Amélie"]),
        ("q=%23", &["Café Amélie", "Movie night", "ΟΔΟΣ Straße", "ФИЛЬМЫ"]),
        ("q=%CE%BF%CE%B4%CE%BF%CF%82+STRASSE", &["ΟΔΟΣ Straße"]),
        ("q=STRA%E1%BA%9EE", &["ΟΔΟΣ Straße"]),
        ("tag=ANIME", &["Café Amélie"]),
        ("tag=ani", &[]),
        ("tag=", &[]),
        ("language=pt", &["Café Amélie", "Movie night"]),
        ("language=pt-br", &["Café Amélie"]),
        ("language=pt&q=night&provider=hls", &["Movie night"]),
        ("provider=youtube", &[]),
    ] {
        assert_eq!(names(&server, &format!("sort=name&{query}")).await, expected, "{query}");
    }
}

#[tokio::test]
async fn what_a_room_says_of_itself_changes_reaches_everyone_and_survives_a_restart() {
    let mut server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let language = Some("en".to_owned());
    let room = CreateRoom { language, tags: vec!["first".to_owned()], ..public("Friday") };
    let room_id = host.create_room_with(&room).await.unwrap().room_id;
    let mut socket = host.enter(&room_id).await.unwrap();

    let tags = PatchRoom { tags: Some(vec!["Second".to_owned()]), ..PatchRoom::default() };
    let changed = host.patch_room(&room_id, &tags).await.unwrap();
    assert_eq!(
        (changed.language.as_deref(), &*changed.tags),
        (Some("en"), &["second".to_owned()][..])
    );
    let frame = socket.wait_for("room_changed").await.unwrap();
    assert_eq!(
        (&frame["data"]["language"], &frame["data"]["tags"]),
        (&json!("en"), &json!(["second"]))
    );
    let none = PatchRoom { language: Some(None), ..PatchRoom::default() };
    assert_eq!(host.patch_room(&room_id, &none).await.unwrap().language, None);

    server.kill_9().await.unwrap();
    server.restart().await.unwrap();
    let found = get(&server, "").await.items.remove(0);
    assert_eq!((found.language, found.tags), (None, vec!["second".to_owned()]));
}

#[tokio::test]
async fn a_room_that_somebody_is_banned_from_is_not_in_their_list() {
    let server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let banned = server.api().as_guest("Mallory").await.unwrap();
    let mut ids = Vec::new();
    for name in ["First", "Second", "Third"] {
        ids.push(host.create_room_with(&public(name)).await.unwrap().room_id);
    }
    let participant_id = banned.join(&ids[1]).await.unwrap().participant_id;
    let ban = BanRequest { participant_id, reason: None, until_ms: None };
    host.ban(&ids[1], &ban).await.unwrap();

    let path = "rooms/public?sort=name&page_size=2";
    let seen = |response: Response| -> RoomPage { response.parse().unwrap() };
    let own = seen(banned.request(Method::GET, path, None).await.unwrap());
    let own_names: Vec<_> = own.items.iter().map(|room| &room.name).collect();
    assert_eq!(own_names, ["First", "Third"], "a page is full all the same");
    assert_eq!(own.next_page_token, None);
    let forged = server.api().with_token("forged");
    for api in [&server.api(), &host, &forged] {
        let page = seen(api.request(Method::GET, path, None).await.unwrap());
        assert_eq!(page.items[1].name, "Second");
    }
}

#[tokio::test]
async fn a_client_that_has_the_list_gets_it_again_only_once_it_has_changed() {
    let server = options().start().await.unwrap();
    let host = server.api().as_guest("Ada").await.unwrap();
    let room_id = host.create_room_with(&public("Friday")).await.unwrap().room_id;
    let whole = conditional(&server.api(), "\"other\"").await;
    assert_eq!(whole.status, 200);
    let etag = validator(&whole);
    let same = conditional(&server.api(), &etag).await;
    assert_eq!((same.status, validator(&same), &*same.text), (304, etag.clone(), ""));
    let _watching = host.enter(&room_id).await.unwrap();
    assert_eq!(conditional(&server.api(), &etag).await.status, 200, "somebody watches now");
}

#[tokio::test]
async fn searches_and_labels_that_make_no_sense_are_refused() {
    let party = Party::idle().await;
    let long = "x".repeat(129);
    for query in [
        "sort=age",
        "language=_",
        "language=english-language",
        "language=",
        &format!("q={long}"),
        &format!("tag={long}"),
        "provider=a-name-that-no-provider-would-ever-have",
    ] {
        let path = format!("rooms/public?{query}");
        let response = party.server.api().request(Method::GET, &path, None).await.unwrap();
        problem::check(&response, "invalid_request", query);
    }
    for body in [
        json!({ "language": "und" }),
        json!({ "language": "de-1996" }),
        json!({ "language": "pt_BR" }),
        json!({ "language": "x-private" }),
        json!({ "language": "" }),
        json!({ "tags": vec!["a"; 9] }),
        json!({ "tags": ["\u{200B}"] }),
        json!({ "tags": [33] }),
        json!({ "tags": ["ok", "y".repeat(33)] }),
        json!({ "tags": "anime" }),
    ] {
        assert_refused(&party, &body).await;
    }
}

async fn assert_refused(party: &Party, body: &Value) {
    let path = format!("rooms/{}", party.room_id);
    let response = party.host_api.request(Method::PATCH, &path, Some(body)).await.unwrap();
    problem::check(&response, "invalid_request", &body.to_string());
}

/// A room that is listed.
fn public(name: &str) -> CreateRoom {
    CreateRoom { name: name.to_owned(), is_public: true, ..new_room() }
}

async fn get(server: &ServerProcess, query: &str) -> RoomPage {
    let path = format!("rooms/public?{query}");
    server.api().request(Method::GET, &path, None).await.unwrap().parse().unwrap()
}

/// Reads the list in pages of two.
async fn names(server: &ServerProcess, query: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let page = get(server, &format!("{query}&page_size=2{token}")).await;
        names.extend(page.items.into_iter().map(|room| room.name));
        let Some(next) = page.next_page_token else { return names };
        token = format!("&page_token={next}");
    }
}

async fn conditional(api: &Api, etag: &str) -> Response {
    let headers = [("if-none-match", etag)];
    api.raw(Method::GET, "api/v1/rooms/public", &headers, "").await.unwrap()
}

fn validator(response: &Response) -> String {
    response.headers["etag"].to_str().unwrap().to_owned()
}
