//! Requests that say, before they send a body, how long it is and what they expect.

use harness::DEADLINE;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::party::server;

/// Headers that begin a request, and how its response begins, although no body is sent.
type Case = (&'static str, &'static str, &'static str);

#[tokio::test]
async fn a_body_that_is_too_long_or_expects_too_much_is_refused_before_it_is_sent() {
    let server = server().await;
    let cases: [Case; 10] = [
        ("content-length: 65537\r\nexpect: 100-continue", "413", "payload_too_large"),
        ("content-length: 65537", "413", "payload_too_large"),
        ("content-length: 99999999999999999999999", "4", ""),
        ("content-length: 18446744073709551615\r\nexpect: 100-continue", "4", ""),
        ("content-length: 5000000000\r\nexpect: 100-Continue", "413", "payload_too_large"),
        ("content-length: 9\r\nexpect: 200-ok", "417", "expectation_failed"),
        ("content-length: 9\r\nexpect: 100-continue, magic", "417", "expectation_failed"),
        ("content-length: 9\r\nexpect: 100-continue\r\nexpect: magic", "417", "expectation_failed"),
        ("transfer-encoding: chunked\r\nexpect: magic", "417", "expectation_failed"),
        ("content-length: 65536\r\nexpect: 100-continue", "100", ""),
    ];
    for (headers, status, code) in cases {
        let response = begin(server.address(), headers).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status}")), "{headers}: {response}");
        let named = format!("\"code\":\"{code}\"");
        assert!(code.is_empty() || response.contains(&named), "{headers}: {response}");
        let says_that_it_closes = response.contains("\r\nconnection: close\r\n");
        assert_eq!(says_that_it_closes, status != "100", "{headers}: {response}");
        let asks_for_the_body = response.contains("HTTP/1.1 100 ");
        assert_eq!(asks_for_the_body, status == "100", "{headers}: {response}");
    }
}

#[tokio::test]
async fn a_body_that_was_asked_for_is_answered() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let body = r#"{"display_name":"Ada"}"#;
    let headers = format!("connection: close\r\ncontent-length: {}", body.len());
    let head = head(&format!("{headers}\r\nexpect: 100-continue"));
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut asked = [0; 25];
    timeout(DEADLINE, stream.read_exact(&mut asked)).await.expect("in time").unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut response = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut response)).await.expect("in time").unwrap();
    assert!(response.starts_with("HTTP/1.1 20"), "{response}");
}

fn head(headers: &str) -> String {
    format!(
        "POST /api/v1/auth/guest HTTP/1.1\r\nhost: localhost\r\n\
         content-type: application/json\r\n{headers}\r\n\r\n"
    )
}

/// Sends the head of a request, and returns what is answered to that: a whole response, or a request to go on.
async fn begin(address: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head(headers).as_bytes()).await.unwrap();
    let mut response = Vec::new();
    let read = async {
        while !response.starts_with(b"HTTP/1.1 100 Continue\r\n\r\n") {
            if stream.read_buf(&mut response).await.unwrap() == 0 {
                break;
            }
        }
    };
    timeout(DEADLINE, read).await.expect("an answer in time");
    String::from_utf8(response).unwrap()
}
