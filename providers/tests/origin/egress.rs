//! Links to private addresses are refused, however they are spelled.

use providers::{ErrorKind, ProviderError};

use crate::origin::{Origin, closed, open, owning, registry};

#[tokio::test]
async fn no_spelling_of_a_private_address_is_reached() {
    let origin = Origin::start().await;
    let registry = registry(closed());
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "①②⑦.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST",
    ] {
        for path in ["clip.mp4", "hls/master.m3u8", "noise", "no-such.mp4"] {
            let link = format!("http://{host}:{}/{path}", origin.port);
            let error = registry.resolve(&link).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::EgressBlocked, "{link}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_reveals_nothing_about_the_target() {
    let origin = Origin::start().await;
    let registry = registry(closed());
    let there = registry.resolve(&origin.link("clip.mp4")).await.unwrap_err();
    let not_there = registry.resolve(&origin.link("no-such.mp4")).await.unwrap_err();
    let by_name = format!("http://localhost:{}/clip.mp4", origin.port);
    let by_name = registry.resolve(&by_name).await.unwrap_err();
    assert_eq!(visible(&there), visible(&not_there));
    assert_eq!(visible(&there), visible(&by_name));
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused() {
    let origin = Origin::start().await;
    let error = registry(owning(&origin)).resolve(&origin.link("redir")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::EgressBlocked);
    let error = registry(open()).resolve(&origin.link("redir")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

fn visible(error: &ProviderError) -> (ErrorKind, &str) {
    (error.kind, &error.detail)
}
