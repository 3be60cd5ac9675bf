//! Faults of an origin, and the kind of error of each.

use providers::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::origin::{Origin, free_port, open, registry};

#[tokio::test]
async fn every_fault_of_an_origin_maps_to_a_kind_of_error() {
    let origin = Origin::start().await;
    let registry = registry(open());
    for (path, kind) in [
        ("page.html", ErrorKind::Unsupported),
        ("as/clip.mp4?file=page.html", ErrorKind::Unsupported),
        ("as/list.m3u8?file=page.html", ErrorKind::Unsupported),
        ("noise.bin", ErrorKind::Unsupported),
        ("hls/subs/en-000.vtt", ErrorKind::Unsupported),
        ("empty.m3u8", ErrorKind::ManifestInvalid),
        ("no-such.mp4", ErrorKind::NotFound),
        ("no-such.m3u8", ErrorKind::NotFound),
        ("as/list.m3u8?file=hls/144.m3u8", ErrorKind::NotFound),
        ("gone", ErrorKind::Gone),
        ("forbidden", ErrorKind::Forbidden),
        ("limited", ErrorKind::RateLimited),
        ("broken", ErrorKind::Unavailable),
        ("loop", ErrorKind::Unsupported),
    ] {
        let error = registry.resolve(&origin.link(path)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{path}: {error:?}");
        let temporary = matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable);
        assert_eq!(error.is_temporary(), temporary, "{path}");
    }
}

#[tokio::test]
async fn a_web_page_is_named_as_one() {
    let origin = Origin::start().await;
    let error = registry(open()).resolve(&origin.link("page.html")).await.unwrap_err();
    assert_eq!(error.detail, "This link leads to a web page, not to media.");
}

#[tokio::test]
async fn an_answer_that_holds_no_media_is_refused_with_what_is_wrong_with_it() {
    let part = "206 Partial Content\r\ncontent-range: bytes 0-99/100\r\ncontent-length: 100";
    for (head, body, kind, says) in [
        (
            "416 No\r\ncontent-range: bytes */0\r\ncontent-length: 0",
            "",
            ErrorKind::Unsupported,
            "empty",
        ),
        ("200 OK\r\ncontent-length: 0", "", ErrorKind::Unsupported, "empty"),
        ("204 No Content", "", ErrorKind::Unsupported, "nothing"),
        (
            &format!("{part}\r\ncontent-encoding: gzip"),
            &"x".repeat(100),
            ErrorKind::Unsupported,
            "compresses",
        ),
        (
            &format!("{part}\r\ncontent-encoding: deflate"),
            &"x".repeat(100),
            ErrorKind::Unsupported,
            "compresses",
        ),
        (
            &format!("{part}\r\ncontent-encoding: br"),
            &"x".repeat(100),
            ErrorKind::Unsupported,
            "compresses",
        ),
        (part, "too little", ErrorKind::Unavailable, "broke off"),
    ] {
        let answer = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n{body}");
        let port = serve(move |_| answer.clone()).await;
        let link = format!("http://127.0.0.1:{port}/film.mp4");
        let error = registry(open()).resolve(&link).await.unwrap_err();
        assert_eq!(error.kind, kind, "{head}: {error:?}");
        assert!(error.detail.contains(says), "{head}: {}", error.detail);
    }
}

#[tokio::test]
async fn ten_redirects_are_followed_and_no_more() {
    let port = serve(|path| match path.trim_start_matches('/').parse::<u32>() {
        Ok(left @ 1..) => {
            let next = left - 1;
            format!("HTTP/1.1 302 Found\r\nlocation: /{next}\r\nconnection: close\r\n\r\n")
        }
        _ => "HTTP/1.1 410 Gone\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
    })
    .await;
    for (count, kind) in [(10, ErrorKind::Gone), (11, ErrorKind::Unsupported)] {
        let link = format!("http://127.0.0.1:{port}/{count}");
        let error = registry(open()).resolve(&link).await.unwrap_err();
        assert_eq!(error.kind, kind, "{count}: {}", error.detail);
    }
}

/// Answers every request by its path, until the test ends; the port.
async fn serve(answer: impl Fn(&str) -> String + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = vec![];
            while !request.ends_with(b"\r\n\r\n") {
                match socket.read_u8().await {
                    Ok(byte) => request.push(byte),
                    Err(_) => break,
                }
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let _ = socket.write_all(answer(path).as_bytes()).await;
        }
    });
    port
}

#[tokio::test]
async fn an_origin_that_is_down_is_unavailable() {
    let registry = registry(open());
    for path in ["clip.mp4", "master.m3u8", "watch"] {
        let link = format!("http://127.0.0.1:{}/{path}", free_port());
        let error = registry.resolve(&link).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{path}");
    }
}

#[tokio::test]
async fn an_origin_that_sends_too_slowly_is_a_timeout() {
    let origin = Origin::start().await;
    let error = registry(open()).resolve(&origin.link("slow/clip.mp4")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
}

#[tokio::test]
async fn removed_media_fails_its_check() {
    let origin = Origin::start().await;
    let registry = registry(open());
    for path in ["clip.mp4", "hls/master.m3u8"] {
        let mut source = registry.resolve(&origin.link(path)).await.unwrap();
        assert_eq!(registry.check(&source).await.unwrap(), source.availability);
        source.stream_id = origin.link("gone");
        let error = registry.check(&source).await.unwrap_err();
        assert_eq!((error.kind, error.operation), (ErrorKind::Gone, "check"));
    }
}

#[tokio::test]
async fn a_link_that_no_provider_matches_is_refused_without_a_request() {
    let registry = registry(open());
    for (link, kind) in [
        ("", ErrorKind::LinkInvalid),
        ("a film", ErrorKind::LinkInvalid),
        ("http://me:secret@127.0.0.1/a.mp4", ErrorKind::LinkInvalid),
        ("file:///etc/passwd", ErrorKind::Unsupported),
        ("ftp://127.0.0.1/a.mp4", ErrorKind::Unsupported),
        ("javascript:alert(1)", ErrorKind::Unsupported),
    ] {
        let error = registry.resolve(link).await.unwrap_err();
        assert_eq!(error.kind, kind, "{link}");
    }
}

#[tokio::test]
async fn an_unknown_provider_is_an_error() {
    let origin = Origin::start().await;
    let registry = registry(open());
    let error = registry.reopen("nope", "x").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::ProviderUnknown);
    let mut source = registry.resolve(&origin.link("clip.mp4")).await.unwrap();
    source.provider = "nope".to_owned();
    assert_eq!(registry.check(&source).await.unwrap_err().kind, ErrorKind::ProviderUnknown);
}
