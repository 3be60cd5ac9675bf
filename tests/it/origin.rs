//! An origin of media on this machine, with many kinds of faults.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const PLAYLIST: &str = "application/vnd.apple.mpegurl";
const MEDIA: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsegment.ts\n#EXT-X-ENDLIST\n";
const FILM: &str = "#EXTM3U\n\
    #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,URI=\"media.m3u8\"\n\
    #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"Deutsch\",LANGUAGE=\"de\",URI=\"media.m3u8\"\n\
    #EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=640x360,AUDIO=\"a\"\nmedia.m3u8\n\
    #EXT-X-STREAM-INF:BANDWIDTH=100000,RESOLUTION=320x180,AUDIO=\"a\"\nmedia.m3u8\n";
/// The date of the first segment of `live.m3u8`, in milliseconds since the Unix epoch.
pub const LIVE_FROM_MS: u64 = 1_700_000_000_000;
/// The length of its playlist.
pub const LIVE_WINDOW_MS: u64 = 20_000;
/// How far the dates of `running.m3u8` jump ahead once the origin is released, in milliseconds.
pub const AHEAD_MS: u64 = 600_000;
/// More than the size limit of manifests.
const HUGE_BYTES: usize = 3 * 1024 * 1024;

/// A small HTTP server that counts its connections.
pub struct Origin {
    address: SocketAddr,
    connections: watch::Sender<usize>,
    released: watch::Sender<bool>,
    stalled: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Origin {
    /// Serves on a free port until it is dropped.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (connections, released) = (watch::Sender::new(0), watch::Sender::new(false));
        let stalled = watch::Sender::new(false);
        let (counter, release, stall) = (connections.clone(), released.clone(), stalled.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.send_modify(|connections| *connections += 1);
                tokio::spawn(serve(stream, stall.subscribe(), release.subscribe()));
            }
        });
        Self { address, connections, released, stalled, task }
    }

    /// The link to a file.
    pub fn link(&self, file: &str) -> String {
        format!("http://{}/{file}", self.address)
    }

    /// The port, for links that spell the address differently.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        *self.connections.borrow()
    }

    /// Waits for the first connection.
    pub async fn wait_connected(&self) {
        let connected =
            async { self.connections.subscribe().wait_for(|count| *count > 0).await.is_ok() };
        let connected = tokio::time::timeout(harness::DEADLINE, connected).await;
        assert_eq!(connected, Ok(true), "no one connects to this origin");
    }

    /// Holds back requests for `stalling.m3u8` from now on.
    pub fn stall(&self) {
        self.stalled.send_replace(true);
    }

    /// Responds to the requests that are held back; from now on `lapsing.m3u8` is refused,
    /// `turning.m3u8` may be read by pages, `ending.m3u8` has ended, `running.m3u8` has jumped, and
    /// `undated.m3u8` offers a longer window.
    pub fn release(&self) {
        self.released.send_replace(true);
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    stalled: watch::Receiver<bool>,
    mut released: watch::Receiver<bool>,
) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    if path == "/silent.m3u8" {
        // Holds the connection until the client gives up.
        let _ = stream.read_u8().await;
        return;
    }
    if path == "/held.m3u8" || path == "/stalling.m3u8" && *stalled.borrow() {
        let _ = released.wait_for(|released| *released).await;
    }
    let path = match (path, *released.borrow()) {
        ("/ending.m3u8", false) => "/live.m3u8",
        ("/running.m3u8", true) => "/ahead.m3u8",
        ("/undated.m3u8", true) => "/wider.m3u8",
        ("/lapsing.m3u8", true) => "/secret.m3u8",
        ("/turning.m3u8", false) => "/unread.m3u8",
        ("/lapsing.m3u8" | "/turning.m3u8", _) => "/media.m3u8",
        (path, _) => path,
    };
    // The client may have closed the connection already.
    let _ = stream.write_all(&response(path)).await;
    if path == "/stamped.ts" {
        let _ = stream.write_all(&stamped()).await;
    }
    let _ = stream.shutdown().await;
}

fn response(path: &str) -> Vec<u8> {
    let (status, headers, body) = match path {
        "/film.m3u8" => ("200 OK", kind(PLAYLIST), FILM.to_owned()),
        "/live.m3u8" => ("200 OK", kind(PLAYLIST), live()),
        "/ending.m3u8" => ("200 OK", kind(PLAYLIST), format!("{}#EXT-X-ENDLIST\n", live())),
        "/running.m3u8" => ("200 OK", kind(PLAYLIST), running(0)),
        "/ahead.m3u8" => ("200 OK", kind(PLAYLIST), running(AHEAD_MS)),
        "/undated.m3u8" => ("200 OK", kind(PLAYLIST), undated(10)),
        "/wider.m3u8" => ("200 OK", kind(PLAYLIST), undated(30)),
        "/wide.m3u8" => ("200 OK", kind(PLAYLIST), wide()),
        "/subtitles.m3u8" => ("200 OK", kind(PLAYLIST), MEDIA.replace("segment.ts", "words.vtt")),
        "/words.vtt" => ("200 OK", kind("text/vtt"), "WEBVTT\n\n".to_owned()),
        "/vast.m3u8" => ("200 OK", kind(PLAYLIST), vast()),
        "/media.m3u8" | "/held.m3u8" | "/stalling.m3u8" => {
            ("200 OK", kind(PLAYLIST), MEDIA.to_owned())
        }
        "/cuts.m3u8" => ("200 OK", kind(PLAYLIST), cuts()),
        "/stamped.ts" => ("200 OK", kind("video/mp2t"), String::new()),
        "/segment.ts" => ("200 OK", kind("video/mp2t"), "G".repeat(188)),
        "/unread.m3u8" => ("200 OK", String::new(), MEDIA.to_owned()),
        "/empty.m3u8" => ("200 OK", kind(PLAYLIST), "#EXTM3U\n".to_owned()),
        "/blank.m3u8" => ("200 OK", kind(PLAYLIST), String::new()),
        "/words.m3u8" => ("200 OK", kind(PLAYLIST), "Once upon a time".to_owned()),
        "/huge.m3u8" => ("200 OK", kind(PLAYLIST), format!("#EXTM3U\n{}", "#".repeat(HUGE_BYTES))),
        "/page" | "/film.mp4" => ("200 OK", kind("text/html"), "<!doctype html><p>Hi".to_owned()),
        "/gone.m3u8" => ("410 Gone", String::new(), String::new()),
        "/secret.m3u8" => ("403 Forbidden", String::new(), String::new()),
        "/busy.m3u8" => ("429 Too Many Requests", String::new(), String::new()),
        "/broken.m3u8" => ("500 Internal Server Error", String::new(), String::new()),
        "/inward.m3u8" => ("302 Found", location("http://10.0.0.1/film.m3u8"), String::new()),
        "/outward.m3u8" => ("302 Found", location("file:///etc/passwd"), String::new()),
        "/circle.m3u8" => ("302 Found", location("/circle.m3u8"), String::new()),
        _ => ("404 Not Found", String::new(), String::new()),
    };
    let length = if path == "/stamped.ts" { stamped().len() } else { body.len() };
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

fn kind(mime: &str) -> String {
    format!("content-type: {mime}\r\naccess-control-allow-origin: *\r\n")
}

fn location(to: &str) -> String {
    format!("location: {to}\r\n")
}

/// A live playlist whose first segment has a date.
fn live() -> String {
    let segments = "#EXTINF:2,\nsegment.ts\n".repeat(10);
    format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20Z\n{segments}"
    )
}

/// The same, but its dates move on with time, and are so much ahead.
fn running(ahead_ms: u64) -> String {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let passed = BEGAN.get_or_init(Instant::now).elapsed();
    // `LIVE_FROM_MS` is 22:13:20.
    let ms = 80_000_000 + ahead_ms + u64::try_from(passed.as_millis()).expect("a short while");
    let (hours, minutes) = (ms / 3_600_000, ms / 60_000 % 60);
    let time = format!("{hours}:{minutes:02}:{:02}.{:03}Z", ms / 1_000 % 60, ms % 1_000);
    live().replace("22:13:20Z", &time)
}

/// A live playlist of so many segments of 2 s without dates, which all have timestamps.
fn undated(segments: usize) -> String {
    format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n{}", "#EXTINF:2,\nstamped.ts\n".repeat(segments))
}

/// A film of 200 s with a discontinuity every 10 s, each of which begins with the same timestamp.
fn cuts() -> String {
    let pieces = "#EXT-X-DISCONTINUITY\n#EXTINF:10,\nstamped.ts\n".repeat(20);
    format!("#EXTM3U\n#EXT-X-TARGETDURATION:10\n{pieces}#EXT-X-ENDLIST\n")
}

/// Two packets of a transport stream: the beginning of a picture at 1 s, and an empty one.
fn stamped() -> Vec<u8> {
    let pes = [0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5, 0x21, 0x00, 0x05, 0xBF, 0x21];
    let mut packets = [&[0x47, 0x41, 0x00, 0x10][..], &pes].concat();
    packets.resize(188, 0xFF);
    packets.extend([0x47, 0x1F, 0xFF, 0x10]);
    packets.resize(2 * 188, 0xFF);
    packets
}

/// A playlist with so many qualities and subtitles that its frame is long.
fn wide() -> String {
    let label = "L".repeat(100);
    let subtitle = |number: u32| {
        format!(
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"{label} {number}\",\
             LANGUAGE=\"en\",URI=\"media.m3u8\"\n"
        )
    };
    let quality = |number: u32| {
        let (width, height) = (320 + 2 * number, 180 + 2 * number);
        let bandwidth = 100_000 + number;
        format!(
            "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},RESOLUTION={width}x{height},\
             CODECS=\"avc1.4d401e,mp4a.40.2\",SUBTITLES=\"s\"\nmedia.m3u8\n"
        )
    };
    let subtitles: String = (0..200).map(subtitle).collect();
    let qualities: String = (0..60).map(quality).collect();
    format!("#EXTM3U\n{subtitles}{qualities}")
}

/// A playlist whose subtitles belong to so many groups of such long names that no frame could carry its source.
fn vast() -> String {
    let name = "界".repeat(100);
    let quality = |group: u32| {
        format!("#EXT-X-STREAM-INF:BANDWIDTH=100000,SUBTITLES=\"{name}{group}\"\nmedia.m3u8\n")
    };
    let subtitle = |number: u32| {
        let (group, label) = (number % 16, number / 16);
        format!(
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"{name}{group}\",NAME=\"{label}\",\
             LANGUAGE=\"en\",URI=\"media.m3u8\"\n"
        )
    };
    let subtitles: String = (0..960).map(subtitle).collect();
    let qualities: String = (0..16).map(quality).collect();
    format!("#EXTM3U\n{subtitles}{qualities}")
}
