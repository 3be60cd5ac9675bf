//! The server behind real proxies, with the configurations of the documentation.

mod forwarded;
mod front;
mod sample;

use harness::http::Method;
use harness::port::ReservedPort;
use harness::{Api, WebServer};
use serde_json::json;

use crate::party::strict_options;

const HTML: (&str, &str) = ("accept", "text/html");

#[tokio::test]
async fn a_party_meets_below_a_base_path_behind_nginx() {
    let server =
        strict_options().env("PLAYHEAD_TRUSTED_PROXIES", "127.0.0.1").start().await.unwrap();
    let front = front::nginx(server.address()).await;
    meets(&front).await;
}

#[tokio::test]
async fn a_party_meets_below_a_base_path_behind_caddy() {
    let server =
        strict_options().env("PLAYHEAD_TRUSTED_PROXIES", "127.0.0.1").start().await.unwrap();
    let front = front::caddy(server.address()).await;
    meets(&front).await;
}

#[tokio::test]
async fn with_a_public_url_it_does_not_matter_whether_the_proxy_strips_the_path() {
    for strips in [true, false] {
        let (listen, port) = (ReservedPort::take().unwrap(), ReservedPort::take().unwrap());
        let address = listen.address().to_string();
        let server = strict_options()
            .env("PLAYHEAD_LISTEN", &address)
            .env("PLAYHEAD_PUBLIC_URL", format!("http://{}/watch/", port.address()));
        let _server = server.start().await.unwrap();
        // This proxy says nothing about the client and the way it came.
        let front = front::nginx_on(port, &address, |example| {
            let lines = example.lines().filter(|line| !line.contains("orwarded"));
            let silent =
                lines.filter(|line| !line.contains("Host ")).collect::<Vec<_>>().join("\n");
            let target = format!("proxy_pass http://{address}");
            if strips {
                silent
            } else {
                silent.replace(&format!("{target}/;"), &format!("{target};"))
            }
        });
        meets(&front.await).await;
    }
}

/// A host and a guest meet below `/watch`, as a page does that came from there.
async fn meets(front: &WebServer) {
    let base = format!("http://{}/watch/", front.address());
    let api = Api::new(&base);
    let origin = format!("http://{}", front.address());
    let host = api.as_guest("Ada").await.unwrap();
    let room = host.create_room("Friday").await.unwrap();
    let path = format!("api/v1/rooms/{}/join", room.room_id);
    let joined = host.raw(Method::POST, &path, &[("origin", origin.as_str())], "").await.unwrap();
    let joined: contracts::Joined = joined.parse().unwrap();
    let socket = format!("ws://{}/watch/api/v1/rooms/{}/ws", front.address(), room.room_id);
    assert_eq!(joined.ws.url, socket);
    let upgrade = harness::Upgrade::with(&joined.ws).origin(&origin);
    let mut socket = upgrade.connect().await.unwrap();
    socket.hello(&[]).await.unwrap();
    api.as_guest("Ben").await.unwrap().enter(&room.code).await.unwrap();

    // The sample clip's buttons send the link that the page has from its own address.
    let link = format!("{base}sample/clip.m3u8");
    let source = host.resolve(&link).await.unwrap();
    assert_eq!(source.delivery[0].url, link);
    let link = format!("{base}sample/clip.mp4");
    socket.ack("set_media", json!({ "link": link })).await.unwrap();

    // The page, at its root and at an invite, finds its files.
    for page in ["", &format!("r/{}", room.code)] {
        let shell =
            api.raw(Method::GET, page, &[HTML], "").await.unwrap().expect_success().unwrap();
        assert!(shell.text.contains("<base href=\"/watch/\""), "{page}: {}", shell.text);
        let script = shell.text.split_once("assets/index-").expect("a script").1;
        let script = script.split('"').next().unwrap_or_default();
        let file = format!("assets/index-{script}");
        let script = api.raw(Method::GET, &file, &[], "").await.unwrap().expect_success().unwrap();
        assert!(script.header("content-type").starts_with("text/"), "{file}");
        let known = [HTML, ("if-none-match", shell.header("etag"))];
        let again = api.raw(Method::GET, page, &known, "").await.unwrap();
        assert_eq!(again.status, 304, "{page}");
    }
    let lost = api.raw(Method::GET, "nowhere", &[HTML], "").await.unwrap();
    assert_eq!(lost.status, 404);
    assert!(lost.text.contains("<base href=\"/watch/\""), "the page explains: {}", lost.text);
    let without_slash = Api::new(&format!("{origin}/"));
    let moved = without_slash.raw(Method::GET, "watch", &[HTML], "").await.unwrap();
    assert!(matches!(moved.status, 200 | 301 | 302 | 308), "{}", moved.status);
}
