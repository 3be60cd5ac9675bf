//! A TCP stream that records when it was last read and lingers when it is closed. If it were closed
//! with unread bytes, the kernel would reset the connection, and the client would lose the very
//! response that explains the close.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long the remote end may keep sending after the close.
const TIME_MAX: Duration = Duration::from_secs(2);
/// How many of those bytes are read and discarded.
const BYTES_MAX: u64 = 16 * 1024 * 1024;
const BUFFER_BYTES: usize = 4096;

/// When a connection was last read. Everything decoded so far had arrived by then.
#[derive(Clone, Debug)]
pub struct LastRead {
    since: Instant,
    after_ns: Arc<AtomicU64>,
}

impl LastRead {
    /// Returns that moment.
    pub fn at(&self) -> Instant {
        self.since + Duration::from_nanos(self.after_ns.load(Ordering::Relaxed))
    }

    fn set(&self) {
        let after_ns = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.after_ns.store(after_ns, Ordering::Relaxed);
    }
}

impl Default for LastRead {
    fn default() -> Self {
        Self { since: Instant::now(), after_ns: Arc::default() }
    }
}

/// A TCP stream that closes gracefully when it is dropped.
#[derive(Debug)]
pub struct Lingering {
    stream: Option<TcpStream>,
    last_read: LastRead,
}

impl Lingering {
    /// Wraps a stream.
    pub fn new(stream: TcpStream) -> Self {
        Self { stream: Some(stream), last_read: LastRead::default() }
    }

    /// Returns a handle that keeps showing when the stream was last read.
    pub fn last_read(&self) -> LastRead {
        self.last_read.clone()
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(self.get_mut().stream.as_mut().expect("present until the drop"))
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        // Without a runtime the process is ending and nothing is left to read.
        if let (Some(stream), Ok(runtime)) = (self.stream.take(), Handle::try_current()) {
            runtime.spawn(timeout(TIME_MAX, end(stream)));
        }
    }
}

/// Shuts the write side down and reads until the remote end does the same.
async fn end(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut rest = stream.take(BYTES_MAX);
    let mut buffer = [0; BUFFER_BYTES];
    while rest.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let read = self.as_mut().stream().poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.last_read.set();
        }
        read
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.stream().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream().poll_shutdown(context)
    }
}
