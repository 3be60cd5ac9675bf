//! A TCP stream that records when it was last read and lingers when it is closed. If it were closed
//! with unread bytes, the kernel would reset the connection, and the client would lose the very
//! response that explains the close.
//!
//! Once it carries a WebSocket, it also limits how many bytes come in per message. Messages are counted
//! elsewhere, but a message may have any number of empty fragments, which nobody else sees.

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::connections::Slot;
use super::idle::Idling;

/// How long the remote end may keep sending after the close.
const TIME_MAX: Duration = Duration::from_secs(2);
/// How many of those bytes are read and discarded.
const BYTES_MAX: u64 = 16 * 1024 * 1024;
const BUFFER_BYTES: usize = 4096;
/// How many bytes of a WebSocket may come in before a message is complete.
const INCOMPLETE_BYTES_MAX: i64 = 64 * 1024;
/// How many bytes the framing of one message may take on average: that of sixteen fragments.
const FRAMING_BYTES: i64 = 16 * 14;

/// When a connection was last read, and how much more may be. Everything decoded so far had arrived by then.
#[derive(Clone, Debug)]
pub struct LastRead {
    since: Instant,
    after_ns: Arc<AtomicU64>,
    /// How many bytes may be read before a message must be complete.
    bytes_left: Arc<AtomicI64>,
}

impl LastRead {
    /// Returns that moment.
    pub fn at(&self) -> Instant {
        self.since + Duration::from_nanos(self.after_ns.load(Ordering::Relaxed))
    }

    /// Limits what is read from now on, for a WebSocket.
    pub fn limit(&self) {
        self.bytes_left.store(INCOMPLETE_BYTES_MAX, Ordering::Relaxed);
    }

    /// Notes that a message with so many bytes was complete.
    pub fn note_message(&self, bytes: usize) {
        let more = i64::try_from(bytes).unwrap_or(i64::MAX).saturating_add(FRAMING_BYTES);
        let left = |left: i64| Some(left.saturating_add(more).min(INCOMPLETE_BYTES_MAX));
        let _ = self.bytes_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
    }

    /// Whether more was read than the messages account for. Nothing more is read then.
    pub fn is_exhausted(&self) -> bool {
        self.bytes_left.load(Ordering::Relaxed) <= 0
    }

    fn set(&self, bytes: usize) {
        self.bytes_left.fetch_sub(i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::Relaxed);
        let after_ns = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.after_ns.store(after_ns, Ordering::Relaxed);
    }
}

impl Default for LastRead {
    fn default() -> Self {
        let bytes_left = Arc::new(AtomicI64::new(i64::MAX));
        Self { since: Instant::now(), after_ns: Arc::default(), bytes_left }
    }
}

/// A TCP stream that closes gracefully when it is dropped.
#[derive(Debug)]
pub struct Lingering {
    stream: Option<TcpStream>,
    last_read: LastRead,
    /// Counts the stream until it is closed.
    slot: Option<Slot>,
    /// Tells the stream to make room.
    idling: Option<Arc<Idling>>,
}

impl Lingering {
    /// Wraps a stream that is counted by `slot`.
    pub fn new(stream: TcpStream, slot: Slot) -> Self {
        let last_read = LastRead::default();
        Self { stream: Some(stream), last_read, slot: Some(slot), idling: None }
    }

    /// Closes the stream at once when it is asked to make room: nothing is in progress on it then.
    pub fn making_room(mut self, idling: Arc<Idling>) -> Self {
        self.idling = Some(idling);
        self
    }

    /// Returns a handle that keeps showing when the stream was last read.
    pub fn last_read(&self) -> LastRead {
        self.last_read.clone()
    }

    /// Returns the stream itself.
    pub fn tcp(&self) -> &TcpStream {
        self.stream.as_ref().expect("present until the drop")
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(self.get_mut().stream.as_mut().expect("present until the drop"))
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let idling = self.idling.take();
        if idling.as_ref().is_some_and(|idling| idling.is_told_to_go()) {
            return;
        }
        // Without a runtime the process is ending and nothing is left to read.
        if let (Some(stream), Ok(runtime)) = (self.stream.take(), Handle::try_current()) {
            let slot = self.slot.take();
            runtime.spawn(async move {
                let ended = timeout(TIME_MAX, end(stream));
                match idling {
                    Some(idling) => {
                        idling.note_end();
                        tokio::select! {
                            _ = ended => {}
                            () = idling.told_to_go() => {}
                        }
                    }
                    None => drop(ended.await),
                }
                drop(slot);
            });
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
        if self.last_read.is_exhausted() {
            let why = "more fragments came in than messages account for";
            return Poll::Ready(Err(Error::new(ErrorKind::QuotaExceeded, why)));
        }
        let before = buffer.filled().len();
        let read = self.as_mut().stream().poll_read(context, buffer);
        let bytes = buffer.filled().len() - before;
        if bytes > 0 {
            self.last_read.set(bytes);
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
        // hyper flushes only once its buffer is empty.
        if let Some(idling) = &self.idling {
            idling.note_written();
        }
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.stream().poll_shutdown(context)
    }
}
