//! One connection through the proxy: two readers, two bounded queues, two writers, one task.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

use super::dialogue::{Dialogue, Passed, Said};
use super::{Link, Shared};

const CHUNK_BYTES: usize = 4 * 1024;
/// Beyond these the reader waits, and TCP slows the sender down.
const PARCELS_MAX: usize = 64;
/// Small, so that a slow client is felt upstream.
const RECEIVE_BUFFER_BYTES: u32 = 64 * 1024;
const DRIP_INTERVAL: Duration = Duration::from_millis(20);
/// An endless reply fills a careless client's memory, but not at once the machine's.
const FILLER: [u8; CHUNK_BYTES] = [b'x'; CHUNK_BYTES];
const FILLER_INTERVAL: Duration = Duration::from_millis(1);

/// Something on its way, not to arrive before `due`.
struct Parcel {
    due: Instant,
    content: Content,
}

enum Content {
    Said(Said),
    /// The sender says no more.
    End,
}

struct Relay {
    link: watch::Receiver<Link>,
    dialogue: Mutex<Box<dyn Dialogue>>,
    /// Told when a black hole took something of this connection.
    torn: Notify,
}

pub(super) async fn run(client: TcpStream, shared: Arc<Shared>) {
    let relay = Relay {
        link: shared.link.subscribe(),
        dialogue: Mutex::new((shared.dialogue)(&shared)),
        torn: Notify::new(),
    };
    if relay.link.borrow().black_hole {
        // Accepted and not heard of again.
        return relay.until_out_of_black_hole().await;
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
        // The writers decide when it is over.
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
        () = relay.torn_and_out() => {}
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
            let Passed { to_upstream: bytes, to_client: said } = self.dialogue().on_client(&chunk);
            if !bytes.is_empty() {
                let due = Instant::now() + self.link.borrow().delay_to_upstream;
                let content = Content::Said(Said::Bytes(bytes));
                let _ = to_upstream.send(Parcel { due, content }).await;
            }
            self.pass(&to_client, said).await;
        }
        let due = Instant::now() + self.link.borrow().delay_to_upstream;
        let _ = to_upstream.send(Parcel { due, content: Content::End }).await;
    }

    async fn read_upstream(&self, mut reader: OwnedReadHalf, to_client: mpsc::Sender<Parcel>) {
        while let Some(chunk) = self.read(&mut reader).await {
            let passed = self.dialogue().on_upstream(&chunk);
            self.pass(&to_client, passed.to_client).await;
        }
        let due = Instant::now() + self.link.borrow().delay_to_client;
        let _ = to_client.send(Parcel { due, content: Content::End }).await;
    }

    /// The next piece that no black hole took; `None` at the end, or if the connection broke.
    async fn read(&self, reader: &mut OwnedReadHalf) -> Option<Vec<u8>> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let length = reader.read(&mut chunk).await.unwrap_or(0);
            if self.link.borrow().black_hole {
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

    async fn pass(&self, to_client: &mpsc::Sender<Parcel>, said: Vec<Said>) {
        for said in said {
            let due = Instant::now() + self.link.borrow().delay_to_client;
            let _ = to_client.send(Parcel { due, content: Content::Said(said) }).await;
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
            // A broken upstream shows itself to its reader.
            let _ = match parcel.content {
                Content::Said(Said::Bytes(bytes)) => writer.write_all(&bytes).await,
                Content::Said(_) => Ok(()),
                Content::End => writer.shutdown().await,
            };
        }
    }

    /// Returns when the connection is over for the client.
    async fn write_client(&self, mut writer: OwnedWriteHalf, mut parcels: mpsc::Receiver<Parcel>) {
        let mut silent = false;
        while let Some(parcel) = parcels.recv().await {
            tokio::time::sleep_until(parcel.due).await;
            // Fails only if the proxy is gone, and this task with it.
            let _ = self.link.clone().wait_for(|link| !link.hold_replies).await;
            if self.is_lost() {
                continue;
            }
            let said = match parcel.content {
                Content::Said(Said::Close) | Content::End => return,
                Content::Said(_) if silent => continue,
                Content::Said(said) => said,
            };
            let written = match said {
                Said::Bytes(bytes) => self.write_paced(&mut writer, &bytes).await,
                Said::Silence(bytes) => {
                    silent = true;
                    self.write_paced(&mut writer, &bytes).await
                }
                Said::Endless(bytes) => endless(&mut writer, &bytes).await,
                Said::Close => return,
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
            let Some(rate) = self.link.borrow().drip else { return writer.write_all(bytes).await };
            // One byte at least, and then for as long as one byte takes.
            let piece = (DRIP_INTERVAL.as_secs_f64() * f64::from(rate)).max(1.0);
            let (now, later) = bytes.split_at(bytes.len().min(piece as usize));
            writer.write_all(now).await?;
            bytes = later;
            tokio::time::sleep(Duration::from_secs_f64(now.len() as f64 / f64::from(rate))).await;
        }
        Ok(())
    }

    /// Whether a parcel that is due now falls into a black hole.
    fn is_lost(&self) -> bool {
        let lost = self.link.borrow().black_hole;
        if lost {
            self.torn.notify_one();
        }
        lost
    }

    /// Returns once a black hole that took something of this connection is over.
    async fn torn_and_out(&self) {
        self.torn.notified().await;
        self.until_out_of_black_hole().await;
    }

    async fn until_out_of_black_hole(&self) {
        let _ = self.link.clone().wait_for(|link| !link.black_hole).await;
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
