//! The names of people and rooms, in every script.

use contracts::{CreateRoom, PatchRoom};

use crate::party::{new_room, server};

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
