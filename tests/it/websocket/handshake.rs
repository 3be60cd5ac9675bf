//! The opening handshake (RFC 6455, sections 4.2 and 4.4).

use super::raw::{Ground, KEY};

/// The headers of a handshake: upgrade, connection, version and key. An empty one is left out.
type Headers = [&'static str; 4];

#[tokio::test]
async fn a_handshake_without_what_the_protocol_demands_is_refused_in_words() {
    let ground = Ground::new().await;
    let cases: [(Headers, u16, &str); 12] = [
        (["", "Upgrade", "13", KEY], 426, "upgrade_required"),
        (["h2c", "Upgrade", "13", KEY], 426, "upgrade_required"),
        (["websocket", "", "13", KEY], 400, "invalid_request"),
        (["websocket", "keep-alive", "13", KEY], 400, "invalid_request"),
        (["websocket", "Upgrade", "", KEY], 400, "invalid_request"),
        (["websocket", "Upgrade", "8", KEY], 426, "upgrade_required"),
        (["websocket", "Upgrade", "14", KEY], 426, "upgrade_required"),
        (["websocket", "Upgrade", "13", ""], 400, "invalid_request"),
        (["websocket", "Upgrade", "13", "c2hvcnQ="], 400, "invalid_request"),
        (
            ["websocket", "Upgrade", "13", "dGhlIHNhbXBsZSBub25jZSBidXQgbG9uZw=="],
            400,
            "invalid_request",
        ),
        (["websocket", "Upgrade", "13", "dGhlIHNhbXBsZSBub25jZQ"], 400, "invalid_request"),
        (["websocket", "Upgrade", "13", "!!!!!!!!!!!!!!!!!!!!!!!!"], 400, "invalid_request"),
    ];
    let path = ground.path().await;
    for (headers, status, code) in cases {
        let (head, body) = ask(&ground, &path, headers).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{headers:?}: {head}");
        assert!(head.contains("content-type: application/problem+json"), "{headers:?}: {head}");
        assert!(body.contains(&format!("\"code\":\"{code}\"")), "{headers:?}: {body}");
        if status == 426 {
            assert!(head.contains("sec-websocket-version: 13"), "{headers:?}: {head}");
            assert!(head.contains("upgrade: websocket"), "{headers:?}: {head}");
        }
    }
    // None of them used up the ticket. Lists and any case are understood.
    let (head, _) = ask(&ground, &path, ["h2c, WebSocket", "keep-alive, UPGRADE", "13", KEY]).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
}

/// Sends a handshake. Returns the head and the body of the response, in lower case except for the body.
async fn ask(ground: &Ground, path: &str, headers: Headers) -> (String, String) {
    let names = ["upgrade", "connection", "sec-websocket-version", "sec-websocket-key"];
    let lines = names.iter().zip(headers).filter(|(_, value)| !value.is_empty());
    let lines: String = lines.map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (head, mut raw) = ground
        .request(&format!(
            "GET {path} HTTP/1.1\r\nhost: localhost\r\n{lines}\
             sec-websocket-protocol: playhead.v1.json\r\n\r\n"
        ))
        .await;
    let lower = head.to_lowercase().replace("http/1.1", "HTTP/1.1");
    let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next());
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    (lower, raw.body(length).await)
}
