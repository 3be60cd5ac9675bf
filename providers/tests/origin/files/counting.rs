//! An origin of one file that counts what is fetched from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What was fetched.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    pub requests: u64,
    pub bytes: u64,
}

/// Which ranges an origin sends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ranges {
    All,
    /// All but those that begin where the file does; of these it sends the whole file.
    NotTheFirst,
    /// None, although it says so.
    OnlyClaimed,
    /// Only those that begin where the file does; others it never answers.
    OnlyTheFirst,
    /// The same, but others it refuses.
    NoLonger,
}

pub struct CountingOrigin {
    port: u16,
    counts: Arc<(AtomicU64, AtomicU64)>,
    serving: JoinHandle<()>,
}

impl CountingOrigin {
    /// Serves `file` under every path, with these byte ranges.
    pub async fn start(file: Vec<u8>, ranges: Ranges) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let counts = Arc::new((AtomicU64::new(0), AtomicU64::new(0)));
        let (file, counted) = (Arc::new(file), Arc::clone(&counts));
        let serving = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(answer(socket, Arc::clone(&file), ranges, Arc::clone(&counted)));
            }
        });
        Self { port, counts, serving }
    }

    pub fn link(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }

    pub fn took(&self) -> Took {
        let (requests, bytes) = &*self.counts;
        Took { requests: requests.load(Ordering::SeqCst), bytes: bytes.load(Ordering::SeqCst) }
    }
}

impl Drop for CountingOrigin {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(
    mut socket: TcpStream,
    file: Arc<Vec<u8>>,
    ranges: Ranges,
    counts: Arc<(AtomicU64, AtomicU64)>,
) {
    let mut request = vec![];
    while !request.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let (from, to) = asked_range(&String::from_utf8_lossy(&request));
    if from > 0 && ranges == Ranges::OnlyTheFirst {
        return std::future::pending().await;
    }
    if from > 0 && ranges == Ranges::NoLonger {
        let head =
            "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let _ = socket.write_all(head.as_bytes()).await;
        return;
    }
    let is_whole = match ranges {
        Ranges::All | Ranges::OnlyTheFirst | Ranges::NoLonger => false,
        Ranges::NotTheFirst => from == 0,
        Ranges::OnlyClaimed => true,
    };
    if is_whole {
        counts.0.fetch_add(1, Ordering::SeqCst);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\naccept-ranges: bytes\r\nconnection: close\r\n\r\n",
            file.len(),
        );
        let _ = socket.write_all(head.as_bytes()).await;
        // The client takes no more than it needs.
        let _ = socket.write_all(&file).await;
        return;
    }
    let part = &file[from.min(file.len())..to.min(file.len())];
    counts.0.fetch_add(1, Ordering::SeqCst);
    counts.1.fetch_add(part.len() as u64, Ordering::SeqCst);
    let status = if part.is_empty() { "416 Range Not Satisfiable" } else { "206 Partial Content" };
    let last = from + part.len().saturating_sub(1);
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\ncontent-range: bytes {from}-{last}/{}\r\n\
         connection: close\r\n\r\n",
        part.len(),
        file.len(),
    );
    let _ = socket.write_all(head.as_bytes()).await;
    let _ = socket.write_all(part).await;
}

/// The first byte asked for, and that after the last.
fn asked_range(request: &str) -> (usize, usize) {
    let lines = request.lines().map(str::to_ascii_lowercase);
    let range =
        lines.filter_map(|line| line.strip_prefix("range: bytes=").map(str::to_owned)).next();
    let range = range.expect("every request asks for a range");
    let (from, last) = range.split_once('-').unwrap();
    (from.parse().unwrap(), last.parse::<usize>().unwrap() + 1)
}
