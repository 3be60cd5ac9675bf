//! Browsers as a server sees them: many clients that fetch all files of a page at fixed times, on one
//! core, independent of how long the answers take.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::bench::load::histogram;
use crate::process;
use crate::{Error, Result, within};

/// How many bytes are read at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// What ends a body of unknown length.
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// What browsers do.
#[derive(Clone, Debug)]
pub(crate) struct Browsing {
    /// The `host:port` of the server.
    pub(crate) address: String,
    /// The paths of a page's files.
    pub(crate) paths: Arc<[String]>,
    /// How many browsers there are.
    pub(crate) clients: usize,
    /// How often each opens the page.
    pub(crate) interval: Duration,
    /// The core that they share.
    pub(crate) core: usize,
}

/// What browsers have fetched.
#[derive(Debug)]
pub(crate) struct Browsed {
    /// How often the page was opened, all its files fetched.
    pub(crate) pages: usize,
    /// The bytes of all bodies.
    pub(crate) bytes: u64,
    /// The time that a page took, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
}

/// Running browsers; dropping it stops them.
#[derive(Debug)]
pub(crate) struct Browsers {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<Browsed>>>,
}

/// A connection that keeps alive over several requests.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    address: String,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether the body is compressed by gzip.
    pub(crate) is_gzip: bool,
    pub(crate) body: Vec<u8>,
}

impl Browsers {
    /// Starts browsing in a thread of its own.
    pub(crate) fn start(browsing: Browsing) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            process::pin_thread(&[browsing.core])?;
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(Error::doing("start the browsers"))?;
            runtime.block_on(browse(&browsing, &stopped))
        });
        Self { stop, thread: Some(thread) }
    }

    /// Stops them, and returns what they have fetched.
    pub(crate) fn stop(mut self) -> Result<Browsed> {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().ok_or_else(|| Error::new("the browsers have ended"))?;
        thread.join().map_err(|_| Error::new("the browsers panicked"))?
    }
}

impl Drop for Browsers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

async fn browse(browsing: &Browsing, stopped: &Arc<AtomicBool>) -> Result<Browsed> {
    let started = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..browsing.clients {
        // Spread evenly over the interval.
        let first = started + browsing.interval.mul_f64(client as f64 / browsing.clients as f64);
        clients.spawn(open_pages(browsing.clone(), first, Arc::clone(stopped)));
    }
    let mut all = Browsed { pages: 0, bytes: 0, latency: histogram()? };
    while let Some(one) = clients.join_next().await {
        let one = one.map_err(Error::doing("browse"))??;
        all.pages += one.pages;
        all.bytes += one.bytes;
        all.latency.add(one.latency).map_err(Error::doing("add latencies"))?;
    }
    Ok(all)
}

/// Opens the page again and again, each time as a browser that wasn't there before.
async fn open_pages(
    browsing: Browsing,
    first: Instant,
    stopped: Arc<AtomicBool>,
) -> Result<Browsed> {
    let mut browsed = Browsed { pages: 0, bytes: 0, latency: histogram()? };
    let mut due = first;
    loop {
        tokio::time::sleep_until(due.into()).await;
        if stopped.load(Ordering::Relaxed) {
            return Ok(browsed);
        }
        let began = Instant::now();
        let mut connection = Connection::open(&browsing.address).await?;
        for path in browsing.paths.iter() {
            let answer = connection.get(path, "gzip, deflate").await?;
            if answer.status != 200 {
                return Err(Error::new(format!("{path}: {}", answer.status)));
            }
            browsed.bytes += answer.body.len() as u64;
        }
        browsed.pages += 1;
        browsed.latency.saturating_record(began.elapsed().as_nanos() as u64);
        due += browsing.interval;
    }
}

impl Connection {
    /// Connects to a `host:port`.
    pub(crate) async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.map_err(Error::doing(address))?;
        stream.set_nodelay(true).map_err(Error::doing(address))?;
        Ok(Self { stream, address: address.to_owned() })
    }

    /// Gets what is at a path, in one of these codings.
    pub(crate) async fn get(&mut self, path: &str, codings: &str) -> Result<Answer> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\naccept: */*\r\naccept-encoding: {codings}\r\n\r\n",
            self.address
        );
        within(format!("a response to {path}"), async {
            let sent = self.stream.write_all(request.as_bytes()).await;
            sent.map_err(Error::doing(path))?;
            let mut bytes = Vec::with_capacity(CHUNK_BYTES);
            let head = loop {
                if let Some(end) = memmem::find(&bytes, b"\r\n\r\n") {
                    break end + 4;
                }
                self.read_more(&mut bytes).await?;
            };
            let body = bytes.split_off(head);
            let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
            let status = status.ok_or_else(|| Error::new(format!("{path}: no response")))?;
            let is_gzip = field(&head, "content-encoding") == Some("gzip");
            let mut answer = Answer { status, is_gzip, body };
            if field(&head, "transfer-encoding") == Some("chunked") {
                while !answer.body.ends_with(LAST_CHUNK) {
                    self.read_more(&mut answer.body).await?;
                }
                answer.body = join_chunks(&answer.body);
                return Ok(answer);
            }
            let length = field(&head, "content-length").and_then(|length| length.parse().ok());
            let length: usize = length.unwrap_or(0);
            while answer.body.len() < length {
                self.read_more(&mut answer.body).await?;
            }
            Ok(answer)
        })
        .await
    }

    async fn read_more(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.reserve(CHUNK_BYTES);
        match self.stream.read_buf(bytes).await.map_err(Error::doing(&self.address))? {
            0 => Err(Error::new(format!("{} closed the connection", self.address))),
            _ => Ok(()),
        }
    }
}

/// Joins the chunks of a body, up to the first that isn't one.
fn join_chunks(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(chunks.len());
    while let Some(end) = memmem::find(chunks, b"\r\n") {
        let length = std::str::from_utf8(&chunks[..end]).ok();
        let length = length.and_then(|digits| usize::from_str_radix(digits, 16).ok()).unwrap_or(0);
        let Some(chunk) = chunks.get(end + 2..end + 2 + length).filter(|_| length > 0) else {
            break;
        };
        body.extend_from_slice(chunk);
        chunks = chunks.get(end + 2 + length + 2..).unwrap_or_default();
    }
    body
}

/// The value of a header of a response in lower case.
fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| *field == name).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chunks_of_a_body_are_joined() {
        assert_eq!(join_chunks(b"3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n"), b"abc0123456789");
        assert_eq!(join_chunks(b"nonsense\r\n"), b"");
    }

    #[test]
    fn a_header_is_found_by_its_name() {
        let head = "http/1.1 200 ok\r\ncontent-length: 12\r\ncontent-encoding:gzip\r\n\r\n";
        assert_eq!(field(head, "content-length"), Some("12"));
        assert_eq!(field(head, "content-encoding"), Some("gzip"));
        assert_eq!(field(head, "vary"), None);
    }
}
