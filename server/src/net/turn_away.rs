//! Tells a client for whom there is no room why it isn't served, without hearing what it wants: there is
//! neither time nor memory to spare for it.

use std::time::Duration;

use axum::body::to_bytes;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::linger::Lingering;
use crate::id;
use crate::refusal::Refusal;

/// How long the client may take to receive it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(1);

/// Writes the refusal as a response, and closes.
pub(super) async fn turn_away(mut stream: Lingering, refusal: Refusal) {
    let request_id = id::session_random();
    let (head, body) = refusal.problem(&request_id).into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return };
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
    let _ = timeout(WRITE_TIMEOUT, stream.write_all(&response)).await;
}
