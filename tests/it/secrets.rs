//! What must be neither in the log nor readable by others.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use contracts::Resume;
use harness::http::Method;
use serde_json::json;

use crate::party::{options, sample};

/// A part of a link that only the person who pasted it should know.
const CANARY: &str = "canary-in-a-link";

#[tokio::test]
async fn the_most_detailed_log_holds_no_token_ticket_session_link_or_code() {
    let server = options().env("PLAYHEAD_LOG", "trace").start().await.unwrap();
    let guest = server.api().guest("Ada").await.unwrap();
    let refreshed = server.api().refresh(&guest.refresh_token).await.unwrap();
    let api = server.api().with_token(&refreshed.access_token);
    let room = api.create_room("Friday").await.unwrap();
    let joined = api.join(&room.code).await.unwrap();
    let mut socket = harness::Upgrade::with(&joined.ws).connect().await.unwrap();
    let welcome = socket.hello(&[]).await.unwrap();
    let token = json!({ "access_token": refreshed.access_token });
    socket.ack("auth_refresh", token).await.unwrap();
    let link = format!("{}?{CANARY}", sample(&server));
    socket.ack("set_media", json!({ "link": link })).await.unwrap();
    for unreachable in ["http://127.0.0.1:1/", "ftp://127.0.0.1/"] {
        let link = format!("{unreachable}?{CANARY}");
        socket.reject("set_media", json!({ "link": link })).await.unwrap();
        api.resolve(&link).await.unwrap_err();
    }
    drop(socket);
    let second = api.join(&room.room_id).await.unwrap();
    let mut socket = harness::Upgrade::with(&second.ws).connect().await.unwrap();
    let resume = Resume { session_id: welcome.session_id.clone(), epoch: 1, version: 1 };
    socket.hello_with(&[], Some(resume)).await.unwrap();
    // Refused requests are logged, with the code of a room in their path.
    let unknown = format!("rooms/{}/nothing", room.code);
    api.request(Method::GET, &unknown, None).await.unwrap();
    harness::Upgrade::with(&second.ws).refusal().await.unwrap();
    // So are those for the page's own paths, below a base path too, and codes may be written with a slash.
    let (first, last) = room.code.split_once('-').expect("a code of two halves");
    for base in ["", "watch/"] {
        for (method, path) in [
            (Method::POST, format!("{base}r/{}", room.code)),
            (Method::OPTIONS, format!("{base}r/{}", room.code)),
            (Method::GET, format!("{base}r/{}/x", room.code)),
            (Method::GET, format!("{base}r/{first}/{last}/")),
            (Method::GET, format!("{base}zz/{}", room.code)),
            (Method::GET, format!("{base}api/v1/nope/{}", room.code)),
            (Method::GET, format!("{base}api/v1/rooms/{first}/{last}")),
        ] {
            let response = server.api().raw(method, &path, &[], "").await.unwrap();
            assert!(response.status >= 400, "{path}: {}", response.status);
        }
    }

    let log = server.log();
    assert!(log.contains("request refused"), "it is detailed: {log}");
    for (what, secret) in [
        ("an access token", &guest.access_token),
        ("a refreshed access token", &refreshed.access_token),
        ("a refresh token", &guest.refresh_token),
        ("a refreshed refresh token", &refreshed.refresh_token),
        ("a ticket", &joined.ws.ticket),
        ("a second ticket", &second.ws.ticket),
        ("a session id", &welcome.session_id),
        ("a link", &CANARY.to_owned()),
        ("a room's code", &room.code),
        ("the first half of a code", &format!("/{first}")),
        ("the second half of a code", &format!("/{last}")),
    ] {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "{what} is in the log");
    }
}

#[tokio::test]
async fn databases_belong_to_their_owner_alone_even_if_they_did_not_before() {
    let mut server = options().start().await.unwrap();
    let api = server.api().as_guest("Ada").await.unwrap();
    api.create_room("Friday").await.unwrap();
    let found = databases(server.data_dir());
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"playhead.db") && names.contains(&"playhead.db-wal"), "{names:?}");
    for (name, mode) in &found {
        assert_eq!(mode & 0o077, 0, "{name} has {mode:o}");
    }

    server.kill_9().await.unwrap();
    for (name, _) in &found {
        let wide = std::fs::Permissions::from_mode(0o664);
        std::fs::set_permissions(server.data_dir().join(name), wide).unwrap();
    }
    server.restart().await.unwrap();
    for (name, mode) in databases(server.data_dir()) {
        assert_eq!(mode & 0o077, 0, "{name} has {mode:o} after a restart");
    }
    assert!(
        server.log().contains("playhead.db"),
        "the operator reads it in the log: {}",
        server.log()
    );
}

/// The files of databases in a directory, with their rights.
fn databases(data_dir: &Path) -> Vec<(String, u32)> {
    let files = std::fs::read_dir(data_dir).unwrap().map(|file| file.unwrap());
    let named = files.map(|file| {
        let mode = file.metadata().unwrap().permissions().mode();
        (file.file_name().into_string().unwrap(), mode)
    });
    named.filter(|(name, _)| name.contains(".db")).collect()
}
