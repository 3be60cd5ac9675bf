//! Relays one connection: two readers, two bounded queues and two writers in one task.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

use super::dialogue::{Dialogue, Passed, Piece};
use super::{Faults, Shared};

const CHUNK_BYTES: usize = 4 * 1024;
/// The longest queue; when it is full the reader waits and TCP slows the sender down.
const PARCELS_MAX: usize = 64;
/// Small, so that a slow client slows the upstream down.
const RECEIVE_BUFFER_BYTES: u32 = 64 * 1024;
const DRIP_INTERVAL: Duration = Duration::from_millis(20);
/// The filler of an endless reply, sent slowly: it may exhaust the client's limit, but not at once
/// the machine's memory.
const FILLER: [u8; CHUNK_BYTES] = [b'x'; CHUNK_BYTES];
const FILLER_INTERVAL: Duration = Duration::from_millis(1);

/// Content that must not be delivered before `due`.
struct Parcel {
    due: Instant,
    content: Content,
}

enum Content {
    Piece(Piece),
    /// The sender has closed its side.
    End,
}

struct Relay {
    faults: watch::Receiver<Faults>,
    dialogue: Mutex<Box<dyn Dialogue>>,
    /// Notified when a black hole has swallowed something of this connection.
    torn: Notify,
}

pub(super) async fn run(client: TcpStream, shared: Arc<Shared>) {
    let relay = Relay {
        faults: shared.faults.subscribe(),
        dialogue: Mutex::new((shared.make_dialogue.0)(&shared)),
        torn: Notify::new(),
    };
    if relay.faults.borrow().black_hole {
        // Accepted, but never connected.
        return relay.until_restored().await;
    }
    let Ok(upstream) = connect(&shared).await else { return };
    let _ = client.set_nodelay(true);
    let (client_reader, client_writer) = client.into_split();
    let (upstream_reader, upstream_writer) = upstream.into_split();
    let (to_upstream, upstream_parcels) = mpsc::channel(PARCELS_MAX);
    let (to_client, client_parcels) = mpsc::channel(PARCELS_MAX);

    let readers = async {
        tokio::join!(
            relay.read_client(client_reader, to_upstream, to_client.clone()),
            relay.read_upstream(upstream_reader, to_client),
        );
        // The writers decide when the connection ends.
        std::future::pending::<()>().await;
    };
    let upstream_writes = async {
        relay.write_upstream(upstream_writer, upstream_parcels).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = readers => {}
        () = upstream_writes => {}
        () = relay.write_client(client_writer, client_parcels) => {}
        () = relay.torn_then_restored() => {}
    }
}

async fn connect(shared: &Shared) -> std::io::Result<TcpStream> {
    let socket = if shared.upstream.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    socket.set_nodelay(true)?;
    socket.connect(shared.upstream).await
}

impl Relay {
    async fn read_client(
        &self,
        mut reader: OwnedReadHalf,
        to_upstream: mpsc::Sender<Parcel>,
        to_client: mpsc::Sender<Parcel>,
    ) {
        while let Some(chunk) = self.read(&mut reader).await {
            let Passed { to_upstream: bytes, to_client: pieces } =
                self.dialogue().on_client(&chunk);
            if !bytes.is_empty() {
                let due = Instant::now() + self.faults.borrow().delay_to_upstream;
                let content = Content::Piece(Piece::Bytes(bytes));
                let _ = to_upstream.send(Parcel { due, content }).await;
            }
            self.pass(&to_client, pieces).await;
        }
        let due = Instant::now() + self.faults.borrow().delay_to_upstream;
        let _ = to_upstream.send(Parcel { due, content: Content::End }).await;
    }

    async fn read_upstream(&self, mut reader: OwnedReadHalf, to_client: mpsc::Sender<Parcel>) {
        while let Some(chunk) = self.read(&mut reader).await {
            let passed = self.dialogue().on_upstream(&chunk);
            self.pass(&to_client, passed.to_client).await;
        }
        let due = Instant::now() + self.faults.borrow().delay_to_client;
        let _ = to_client.send(Parcel { due, content: Content::End }).await;
    }

    /// The next chunk that no black hole swallows; `None` when the connection has ended.
    async fn read(&self, reader: &mut OwnedReadHalf) -> Option<Vec<u8>> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let length = reader.read(&mut chunk).await.unwrap_or(0);
            if self.faults.borrow().black_hole {
                self.torn.notify_one();
                if length == 0 {
                    std::future::pending::<()>().await;
                }
                continue;
            }
            chunk.truncate(length);
            return (length > 0).then_some(chunk);
        }
    }

    async fn pass(&self, to_client: &mpsc::Sender<Parcel>, pieces: Vec<Piece>) {
        for piece in pieces {
            let due = Instant::now() + self.faults.borrow().delay_to_client;
            let _ = to_client.send(Parcel { due, content: Content::Piece(piece) }).await;
        }
    }

    async fn write_upstream(
        &self,
        mut writer: OwnedWriteHalf,
        mut parcels: mpsc::Receiver<Parcel>,
    ) {
        while let Some(parcel) = parcels.recv().await {
            tokio::time::sleep_until(parcel.due).await;
            if self.is_lost() {
                continue;
            }
            // If the upstream is broken, its reader notices.
            let _ = match parcel.content {
                Content::Piece(Piece::Bytes(bytes)) => writer.write_all(&bytes).await,
                Content::Piece(_) => Ok(()),
                Content::End => writer.shutdown().await,
            };
        }
    }

    /// Returns when the connection ends for the client.
    async fn write_client(&self, mut writer: OwnedWriteHalf, mut parcels: mpsc::Receiver<Parcel>) {
        let mut silent = false;
        while let Some(parcel) = parcels.recv().await {
            tokio::time::sleep_until(parcel.due).await;
            // Fails only if the proxy is dropped, which ends this task too.
            let _ = self.faults.clone().wait_for(|faults| !faults.hold_replies).await;
            if self.is_lost() {
                continue;
            }
            let piece = match parcel.content {
                Content::Piece(Piece::Close) | Content::End => return,
                Content::Piece(_) if silent => continue,
                Content::Piece(piece) => piece,
            };
            let written = match piece {
                Piece::Bytes(bytes) => self.write_paced(&mut writer, &bytes).await,
                Piece::Silence(bytes) => {
                    silent = true;
                    self.write_paced(&mut writer, &bytes).await
                }
                Piece::Endless(bytes) => endless(&mut writer, &bytes).await,
                Piece::Close => return,
            };
            if written.is_err() {
                return;
            }
        }
    }

    async fn write_paced(
        &self,
        writer: &mut OwnedWriteHalf,
        mut bytes: &[u8],
    ) -> std::io::Result<()> {
        while !bytes.is_empty() {
            let Some(rate) = self.faults.borrow().drip else {
                return writer.write_all(bytes).await;
            };
            // At least one byte; then the pause is as long as that byte takes.
            let length = (DRIP_INTERVAL.as_secs_f64() * f64::from(rate)).max(1.0);
            let (now, later) = bytes.split_at(bytes.len().min(length as usize));
            writer.write_all(now).await?;
            bytes = later;
            tokio::time::sleep(Duration::from_secs_f64(now.len() as f64 / f64::from(rate))).await;
        }
        Ok(())
    }

    /// Whether a black hole swallows what is due now.
    fn is_lost(&self) -> bool {
        let lost = self.faults.borrow().black_hole;
        if lost {
            self.torn.notify_one();
        }
        lost
    }

    /// Returns when a black hole that has swallowed something of this connection is turned off.
    async fn torn_then_restored(&self) {
        self.torn.notified().await;
        self.until_restored().await;
    }

    async fn until_restored(&self) {
        let _ = self.faults.clone().wait_for(|faults| !faults.black_hole).await;
    }

    fn dialogue(&self) -> MutexGuard<'_, Box<dyn Dialogue>> {
        self.dialogue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn endless(writer: &mut OwnedWriteHalf, beginning: &[u8]) -> std::io::Result<()> {
    writer.write_all(beginning).await?;
    loop {
        writer.write_all(&FILLER).await?;
        tokio::time::sleep(FILLER_INTERVAL).await;
    }
}
