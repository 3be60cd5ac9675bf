//! Golden frames: every frame has one, written by hand, and each survives decode → encode
//! unchanged. The SDK's tests read the same files.

use std::collections::BTreeSet;
use std::path::PathBuf;

use contracts::{ClientFrame, ServerFrame};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::repository;

/// Every `type` that the server sends.
const SERVER_TYPES: &[&str] = &[
    "welcome",
    "ack",
    "reject",
    "pong",
    "playback_changed",
    "media_changed",
    "host_changed",
    "role_changed",
    "room_changed",
    "lifecycle_changed",
    "rebased",
    "room_state",
    "presence_changed",
    "viewer_count_changed",
    "sync_changed",
    "knocks_changed",
    "authority_changed",
    "token_expiring",
    "closing",
];

#[test]
fn every_client_frame_has_a_golden_that_survives() {
    for kind in ClientFrame::TYPES {
        let mut golden = read("client", kind);
        let id = golden.as_object_mut().expect("an object").remove("id");
        assert_eq!(id.is_none(), *kind == "ping", "{kind}: only a ping has no id");
        let frame = assert_survives::<ClientFrame>(kind, &golden);
        assert_eq!(frame.type_name(), *kind);
    }
    assert_no_others("client", ClientFrame::TYPES);
}

#[test]
fn every_server_frame_has_a_golden_that_survives() {
    for kind in SERVER_TYPES {
        assert_survives::<ServerFrame>(kind, &read("server", kind));
    }
    assert_no_others("server", SERVER_TYPES);
}

#[test]
fn every_server_frame_of_the_document_is_among_them() {
    let document = server::openapi::yaml();
    let schema = document.split("\n    ServerFrame:\n").nth(1).expect("the schema");
    let of_schema: Vec<&str> =
        schema.lines().take_while(|line| line.starts_with("      ")).collect();
    // The only enum in a frame's own schema is that of its type, and it has one value.
    let pairs = of_schema.windows(2).filter(|pair| pair[0].trim() == "enum:");
    let found: BTreeSet<&str> = pairs.map(|pair| pair[1].trim().trim_start_matches("- ")).collect();
    assert_eq!(found, SERVER_TYPES.iter().copied().collect());
}

#[track_caller]
fn assert_survives<T: DeserializeOwned + Serialize>(kind: &str, golden: &Value) -> T {
    assert_eq!(golden["type"], kind);
    let frame: T = serde_json::from_value(golden.clone()).expect(kind);
    assert_eq!(serde_json::to_value(&frame).expect(kind), *golden, "{kind}");
    frame
}

#[track_caller]
fn assert_no_others(side: &str, known: &[&str]) {
    let names = std::fs::read_dir(folder())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"));
    let found: BTreeSet<String> = names.filter(|name| name.starts_with(side)).collect();
    let wanted = known.iter().map(|kind| format!("{side}.{kind}.json")).collect();
    assert_eq!(found, wanted);
}

fn read(side: &str, kind: &str) -> Value {
    let path = folder().join(format!("{side}.{kind}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!("{}: {error}", path.display());
    });
    serde_json::from_str(&text).expect(kind)
}

fn folder() -> PathBuf {
    repository().join("contracts/vectors/ws")
}

#[test]
fn the_limits_on_frames_are_those_that_clients_are_promised() {
    assert_eq!(contracts::FRAME_BYTES_MAX, 16 * 1024);
    assert_eq!((server::limit::FRAMES_PER_SECOND, server::limit::FRAMES_BURST), (100, 300));
}
