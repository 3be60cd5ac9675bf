//! The serialized forms of rooms and commits, as stores hold them: the files were written by an
//! earlier version, and nothing in them may change.

use engine::{Commit, Event, Room, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A room with everything in it.
const ROOM: &str = include_str!("serialized/room.json");
/// A commit of each event.
const COMMITS: &str = include_str!("serialized/commits.json");

#[test]
fn a_stored_room_reads_back_as_it_was_written() {
    let room: Room = reads_back(ROOM);
    assert!(room.media.is_some() && room.playback.waiting.is_some() && room.rebased.is_some());
    assert_eq!((room.roles.len(), room.ops.iter().count()), (4, 2));
}

#[test]
fn a_stored_commit_of_each_event_reads_back_as_it_was_written() {
    let commits: Vec<Commit> = reads_back(COMMITS);
    let names: Vec<&str> = commits.iter().map(|commit| name(&commit.event)).collect();
    assert_eq!(
        names,
        ["playback", "media", "host", "role", "room", "lifecycle", "rebased"],
        "one of each"
    );
}

#[test]
fn a_rebuild_from_before_losses_were_noted_reads_back_without_one() {
    let (epoch, at) = (",\n    \"lossy_epoch\": 3", ",\n    \"lossy_at\": 1750000000000");
    let room = ROOM.replace(&format!("{epoch}{at}"), "");
    assert_ne!(room, ROOM);
    let room: Room = serde_json::from_str(&room).expect("a room");
    let rebased = room.rebased.expect("a rebuild");
    assert_eq!((rebased.lossy_epoch, rebased.lossy_at), (0, Timestamp::default()));
}

#[test]
fn what_a_delivery_holds_is_stored_where_it_is_known() {
    let known = r#""cors": "not_needed",
          "codecs": "avc1.64001f,mp4a.40.2",
          "has_picture": true,
          "has_sound": true"#;
    let room: Room = reads_back(&ROOM.replace(r#""cors": "not_needed""#, known));
    let delivery = &room.media.expect("media").source.delivery[1];
    assert_eq!(delivery.codecs.as_deref(), Some("avc1.64001f,mp4a.40.2"));
    assert_eq!((delivery.has_picture, delivery.has_sound), (Some(true), Some(true)));
}

#[test]
fn what_people_look_for_a_room_by_is_stored_where_it_is_known() {
    let creator = r#""creator_id": "p_host","#;
    let public = r#""is_public": true,"#;
    let known =
        ROOM.replace(creator, &format!("{creator}\n  \"created\": 1750000000000,")).replace(
            public,
            &format!(
                "{public}\n    \"language\": \"pt-BR\",\n    \"tags\": [\n      \"anime\"\n    ],"
            ),
        );
    let room: Room = reads_back(&known);
    assert_eq!(room.created.as_millis(), 1_750_000_000_000);
    assert_eq!(
        (room.profile.language.as_deref(), &*room.profile.tags),
        (Some("pt-BR"), &["anime".to_owned()][..])
    );
    assert_eq!(reads_back::<Room>(ROOM).created, Timestamp::default());
}

/// Reads a value and writes it again, byte for byte the same.
#[track_caller]
fn reads_back<T: DeserializeOwned + Serialize>(stored: &str) -> T {
    let value: T = serde_json::from_str(stored).expect("it is stored so");
    let written = serde_json::to_string_pretty(&value).expect("plain data");
    assert_eq!(written, stored.trim_end());
    value
}

fn name(event: &Event) -> &'static str {
    match event {
        Event::PlaybackChanged { .. } => "playback",
        Event::MediaChanged { .. } => "media",
        Event::HostChanged { .. } => "host",
        Event::RoleChanged { .. } => "role",
        Event::RoomChanged { .. } => "room",
        Event::LifecycleChanged { .. } => "lifecycle",
        Event::Rebased { .. } => "rebased",
    }
}
