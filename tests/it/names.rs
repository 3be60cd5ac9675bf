//! The names of people and rooms, in every script.

use contracts::{BanRequest, CreateRoom, PatchRoom, PresenceChanged};

use crate::party::{Party, new_room, server};

/// A name as it is given, and as others see it.
const NAMES: [(&str, &str); 8] = [
    (
        "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} Ailsa",
        "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} Ailsa",
    ),
    ("سارة (مضيفة)\u{200F}", "سارة (مضيفة)\u{200F}"),
    ("می\u{200C}خواهم", "می\u{200C}خواهم"),
    ("❤\u{FE0F} क्\u{200D}षमा", "❤\u{FE0F} क्\u{200D}षमा"),
    (" Jose\u{301}\u{200B} \u{A0} Marti\u{301} ", "José Martí"),
    ("\u{202E}annA\u{7}", "annA"),
    ("An\u{FFFC}\u{FDD0}\u{1D159}\u{16FE4}\u{E000}\u{13430}na\u{10FFFF}", "Anna"),
    (
        "Z\u{337}\u{337}\u{337}\u{337}\u{337}\u{337}\u{337}\u{337}\u{337}",
        "Z\u{337}\u{337}\u{337}\u{337}\u{337}\u{337}",
    ),
];

#[tokio::test]
async fn a_display_name_passes_in_every_script_and_shows_nothing_hidden() {
    let server = server().await;
    let host = server.api().as_guest("Ada").await.unwrap();
    let room = host.create_room("Friday").await.unwrap();
    for (given, seen) in NAMES {
        let guest = server.api().as_guest(given).await.unwrap();
        let mut socket = guest.connect(&room.room_id).await.unwrap();
        let id = socket.hello(&[]).await.unwrap().participant_id;
        let page = guest.participants(&room.room_id).await.unwrap();
        let listed = page.items.iter().find(|one| one.participant_id == id).unwrap();
        assert_eq!(listed.display_name, seen, "{}", given.escape_unicode());
        socket.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_rooms_name_passes_in_every_script_and_shows_nothing_hidden() {
    let server = server().await;
    let host = server.api().as_guest("Ada").await.unwrap();
    for (given, seen) in NAMES {
        let name = given.to_owned();
        let room = host.create_room_with(&CreateRoom { name, ..new_room() }).await.unwrap();
        assert_eq!(room.name, seen, "{}", given.escape_unicode());
        let patch = PatchRoom { name: Some(format!("{given} 2")), ..PatchRoom::default() };
        let room = host.patch_room(&room.room_id, &patch).await.unwrap();
        assert_eq!(room.name, format!("{} 2", seen), "{}", given.escape_unicode());
    }
}

#[tokio::test]
async fn names_that_look_alike_are_accepted_and_have_the_same_skeleton_wherever_people_are_listed()
{
    let mut party = Party::idle().await;
    // The first letter is Cyrillic.
    let other = party.server.api().as_guest("Аda").await.unwrap();
    let mut socket = other.enter(&party.room_id).await.unwrap();
    let shown = socket.wait_for("presence_changed").await.unwrap();
    let shown: PresenceChanged = serde_json::from_value(shown["data"].clone()).unwrap();
    let listed = party.host_api.participants(&party.room_id).await.unwrap().items;
    assert_eq!(shown.participants, listed);
    let [ada, ben, alike] = listed.as_slice() else { panic!("three people: {listed:?}") };
    assert_eq!((ada.display_name.as_str(), alike.display_name.as_str()), ("Ada", "Аda"));
    assert_eq!(ada.name_skeleton, alike.name_skeleton);
    assert_ne!(ada.name_skeleton, ben.name_skeleton);

    let participant_id = alike.participant_id.clone();
    let ban = BanRequest { participant_id, reason: None, until_ms: None };
    let ban = party.host_api.ban(&party.room_id, &ban).await.unwrap();
    assert_eq!(ban.name_skeleton.as_ref(), Some(&ada.name_skeleton));
    party.nothing_happened().await;
}
