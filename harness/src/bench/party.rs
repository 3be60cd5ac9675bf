//! A server with rooms, hosts and viewers, whose connections one thread reads.

use std::net::TcpStream as StdTcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use contracts::WsTicket;
use hdrhistogram::Histogram;
use memchr::memmem;
use reqwest::Url;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::bench::BenchOptions;
use crate::bench::load::histogram;
use crate::frame::{self, opcode};
use crate::process;
use crate::reader::{Incoming, Reader};
use crate::{Api, Error, RedisOptions, RedisServer, Result, ServerOptions, ServerProcess, within};

const HELLO: &[u8] =
    br#"{"type":"hello","id":"h1","data":{"client":{"name":"bench","version":"1"},"capabilities":[]}}"#;

/// A directory in memory, on machines that have it.
const MEMORY: &str = "/dev/shm";

/// A running server and all connections to it.
#[derive(Debug)]
pub(crate) struct Party {
    pub(crate) server: ServerProcess,
    /// Dropped after the server.
    _redis: Option<RedisServer>,
    pub(crate) reader: Reader,
    pub(crate) rooms: Vec<PartyRoom>,
    /// The index of the room of each connection of the reader.
    pub(crate) room_of: Vec<usize>,
    /// How many commands each host has sent.
    pub(crate) commands: usize,
    /// The reasons of the connections that the server ended.
    pub(crate) ended: Vec<String>,
}

/// One room of the party.
#[derive(Debug)]
pub(crate) struct PartyRoom {
    pub(crate) room_id: String,
    /// The number of the host's connection in the reader.
    pub(crate) host: usize,
}

/// The duration of each step of joining, in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct JoinTimes {
    pub(crate) ticket: Histogram<u64>,
    pub(crate) upgrade: Histogram<u64>,
    pub(crate) welcome: Histogram<u64>,
    pub(crate) total: Histogram<u64>,
}

/// Makes an empty directory, in memory where the options say so.
pub(crate) fn directory(options: &BenchOptions) -> Result<TempDir> {
    let in_memory = options.in_memory && Path::new(MEMORY).is_dir();
    let directory = if in_memory { tempfile::tempdir_in(MEMORY) } else { tempfile::tempdir() };
    directory.map_err(Error::doing("make a directory"))
}

/// The options of a server for a load from one address.
pub(crate) fn server_options(options: &BenchOptions) -> Result<ServerOptions> {
    let server = match &options.server_binary {
        Some(binary) => ServerOptions::new(binary),
        None => ServerOptions::built()?,
    };
    let in_memory = options.in_memory && Path::new(MEMORY).is_dir();
    Ok(if in_memory { server.for_load().directory_in(MEMORY) } else { server.for_load() })
}

impl Party {
    /// Starts a server and creates rooms with their hosts and a paused clip.
    pub(crate) async fn start(options: &BenchOptions, rooms: usize) -> Result<Self> {
        process::raise_file_limit()?;
        let redis = match options.over_redis {
            true => Some(RedisServer::start(RedisOptions::new()).await?),
            false => None,
        };
        let mut server = server_options(options)?;
        if let Some(redis) = &redis {
            server = server
                .env("PLAYHEAD_STORE", "redis")
                .env("PLAYHEAD_REDIS_URL", redis.url())
                .env("PLAYHEAD_REDIS_APPENDFSYNC", "always");
        }
        let server = server.start().await?;
        let mut party = Self {
            server,
            _redis: redis,
            reader: Reader::new()?,
            rooms: Vec::new(),
            room_of: Vec::new(),
            commands: 0,
            ended: Vec::new(),
        };
        for _ in 0..rooms {
            party.add_room().await?;
        }
        Ok(party)
    }

    async fn add_room(&mut self) -> Result<()> {
        let host = self.server.api().as_guest("Host").await?;
        let room_id = host.create_room("Bench").await?.room_id;
        let link = format!("{}sample/clip.mp4", self.server.page());
        let mut client = host.enter(&room_id).await?;
        client.ack("set_media", json!({"link": link})).await?;
        let (ws, unread) = open(&host.join(&room_id).await?.ws, &mut None).await?;
        client.close().await?;
        self.rooms.push(PartyRoom { room_id, host: self.room_of.len() });
        self.add(ws, unread, self.rooms.len() - 1)
    }

    /// Lets viewers join every room, one at a time.
    pub(crate) async fn add_viewers(&mut self, per_room: usize) -> Result<JoinTimes> {
        let mut times = JoinTimes::new()?;
        let guests = self.server.api();
        for room in 0..self.rooms.len() {
            for _ in 0..per_room {
                let viewer = guests.as_guest("Viewer").await?;
                self.add_viewer(&viewer, room, &mut times).await?;
                // No socket may fill up while others join.
                self.drain(Duration::ZERO)?;
            }
        }
        Ok(times)
    }

    async fn add_viewer(&mut self, viewer: &Api, room: usize, times: &mut JoinTimes) -> Result<()> {
        let started = Instant::now();
        let joined = viewer.join(&self.rooms[room].room_id).await?;
        let ticket = Instant::now();
        let mut upgraded = None;
        let (stream, unread) = open(&joined.ws, &mut upgraded).await?;
        let welcomed = Instant::now();
        let upgraded = upgraded.unwrap_or(welcomed);
        times.ticket.saturating_record((ticket - started).as_nanos() as u64);
        times.upgrade.saturating_record((upgraded - ticket).as_nanos() as u64);
        times.welcome.saturating_record((welcomed - upgraded).as_nanos() as u64);
        times.total.saturating_record((welcomed - started).as_nanos() as u64);
        self.add(stream, unread, room)
    }

    /// Lets more people join the first room, over connections that somebody else reads.
    pub(crate) async fn connect_others(&self, count: usize) -> Result<Reader> {
        let mut reader = Reader::new()?;
        for _ in 0..count {
            let other = self.server.api().as_guest("Other").await?;
            let joined = other.join(&self.rooms[0].room_id).await?;
            let (stream, unread) = open(&joined.ws, &mut None).await?;
            reader.add(stream, unread)?;
        }
        Ok(reader)
    }

    fn add(&mut self, stream: StdTcpStream, unread: Vec<u8>, room: usize) -> Result<()> {
        self.reader.add(stream, unread)?;
        self.room_of.push(room);
        Ok(())
    }

    /// Reads and discards frames for this long; keeps only the reasons of ended connections.
    pub(crate) fn drain(&mut self, duration: Duration) -> Result<()> {
        let until = Instant::now() + duration;
        loop {
            let ended = &mut self.ended;
            self.reader.poll(
                until.saturating_duration_since(Instant::now()),
                |_, _, incoming| {
                    if let Incoming::Closed(why) = incoming {
                        ended.push(why.to_owned());
                    }
                },
            )?;
            if Instant::now() >= until {
                return Ok(());
            }
        }
    }
}

impl JoinTimes {
    fn new() -> Result<Self> {
        Ok(Self {
            ticket: histogram()?,
            upgrade: histogram()?,
            welcome: histogram()?,
            total: histogram()?,
        })
    }
}

/// Upgrades a connection, sends `hello` and reads the welcome; also returns the bytes read after it.
/// Sets `upgraded` to the time of the upgrade.
async fn open(ws: &WsTicket, upgraded: &mut Option<Instant>) -> Result<(StdTcpStream, Vec<u8>)> {
    within(format_args!("the welcome of {}", ws.url), async {
        let failed = || Error::doing::<std::io::Error>(format!("join {}", ws.url));
        let url = Url::parse(&ws.url).map_err(Error::doing(&ws.url))?;
        let address = (url.host_str().unwrap_or_default(), url.port().unwrap_or(80));
        let mut stream = TcpStream::connect(address).await.map_err(failed())?;
        stream.set_nodelay(true).map_err(failed())?;
        let request = format!(
            "GET {}?ticket={} HTTP/1.1\r\nhost: {}:{}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: {}\r\n\r\n",
            url.path(),
            ws.ticket,
            address.0,
            address.1,
            ws.protocol,
        );
        stream.write_all(request.as_bytes()).await.map_err(failed())?;

        let mut bytes = Vec::with_capacity(4096);
        let head = loop {
            if let Some(end) = memmem::find(&bytes, b"\r\n\r\n") {
                break end + 4;
            }
            read_more(&mut stream, &mut bytes).await?;
        };
        if !bytes.starts_with(b"HTTP/1.1 101 ") {
            let refusal = String::from_utf8_lossy(&bytes);
            return Err(Error::new(format!("{} refused the upgrade: {refusal}", ws.url)));
        }
        bytes.drain(..head);
        *upgraded = Some(Instant::now());
        let hello = frame::encode_client(opcode::TEXT, HELLO);
        stream.write_all(&hello).await.map_err(failed())?;
        loop {
            let decoded = frame::decode_server(&bytes).map_err(Error::new)?;
            let Some(frame) = decoded else {
                read_more(&mut stream, &mut bytes).await?;
                continue;
            };
            let text = frame.payload;
            if memmem::find(text, br#""type":"welcome""#).is_some() {
                bytes.drain(..frame.length);
                return Ok((stream.into_std().map_err(failed())?, bytes));
            }
            let text = String::from_utf8_lossy(text);
            return Err(Error::new(format!("the answer to hello is {text}")));
        }
    })
    .await
}

async fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<()> {
    match stream.read_buf(bytes).await.map_err(Error::doing("join"))? {
        0 => {
            Err(Error::new(format!("the server closed the connection after {} bytes", bytes.len())))
        }
        _ => Ok(()),
    }
}
