//! Tells a client for whom there is no room why it isn't served, without hearing what it wants: there is
//! neither time nor memory to spare for it.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use axum::body::to_bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::linger::Lingering;
use crate::id;
use crate::refusal::Refusal;

/// How long the client may take to receive it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);
/// How much of a request that has already arrived is read and discarded, in bytes.
const REQUEST_BYTES: usize = 4096;

/// Writes the refusal as a response, and closes once the client has received it.
pub(super) async fn turn_away(mut stream: Lingering, refusal: Refusal) {
    let response = response(refusal).await;
    let _ = timeout(WRITE_TIMEOUT, stream.write_all(&response)).await;
}

/// Writes the refusal as a response, and closes at once: too many are being turned away to wait for this client. Only
/// clients whose request is still on its way, and whose system then discards what it has received, lose the response.
pub(super) async fn turn_away_at_once(stream: TcpStream, refusal: Refusal) {
    let response = response(refusal).await;
    // Neither call blocks: the socket stays non-blocking, as the runtime made it.
    let Ok(mut stream) = stream.into_std() else { return };
    let _ = stream.write(&response);
    // A socket that is closed with unread bytes resets the connection.
    let _ = stream.read(&mut [0; REQUEST_BYTES]);
    let _ = stream.shutdown(Shutdown::Write);
}

/// Returns the whole response that says why.
async fn response(refusal: Refusal) -> Vec<u8> {
    let request_id = id::session_random();
    let (head, body) = refusal.problem(&request_id).into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut response = format!(
        "HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: {}\r\nx-request-id: {request_id}\r\n",
        head.status,
        body.len()
    )
    .into_bytes();
    for (name, value) in &head.headers {
        response.extend_from_slice(name.as_str().as_bytes());
        response.extend_from_slice(b": ");
        response.extend_from_slice(value.as_bytes());
        response.extend_from_slice(b"\r\n");
    }
    response.extend_from_slice(b"\r\n");
    response.extend_from_slice(&body);
    response
}
