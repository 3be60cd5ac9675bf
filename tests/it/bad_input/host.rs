//! Requests that don't name exactly one host.

use harness::DEADLINE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::party::server;

#[tokio::test]
async fn a_request_names_exactly_one_host() {
    let server = server().await;
    for (head, status) in [
        ("GET /api/v1/meta HTTP/1.1\r\nhost: localhost\r\n", 200),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: localhost:8080\r\n", 200),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: [::1]:8080\r\n", 200),
        ("GET http://localhost/api/v1/meta HTTP/1.1\r\nhost: localhost\r\n", 200),
        ("GET /api/v1/meta HTTP/1.0\r\n", 200),
        ("GET /api/v1/meta HTTP/1.1\r\n", 400),
        ("GET /api/v1/meta HTTP/1.1\r\nhost:\r\n", 400),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: a\r\nhost: a\r\n", 400),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: a\r\nhost: b\r\n", 400),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: a b\r\n", 400),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: a/b\r\n", 400),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: me@a\r\n", 400),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: a:65535\r\n", 200),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: a:65536\r\n", 400),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: a:99999\r\n", 400),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: a:+80\r\n", 400),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: a:\r\n", 400),
        ("GET /api/v1/meta HTTP/1.1\r\nhost: [::1]:99999\r\n", 400),
        ("GET / HTTP/1.1\r\n", 400),
    ] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let request = format!("{head}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        let read = timeout(DEADLINE, stream.read_to_string(&mut response)).await;
        read.expect("a response in time").unwrap();
        let found = response.split(' ').nth(1);
        assert_eq!(found, Some(status.to_string().as_str()), "{head}: {response}");
        if status == 400 {
            assert!(response.contains("\"code\":\"invalid_request\""), "{head}: {response}");
        }
    }
}
