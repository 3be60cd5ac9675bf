//! A TCP proxy that injects faults on demand, for Redis, PostgreSQL and WebSockets alike.

pub(crate) mod dialogue;
mod relay;

use std::fmt::{Debug, Formatter};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use self::dialogue::{Bytes, Dialogue};
use crate::port::ReservedPort;
use crate::{Error, Result};

/// A running proxy; dropping it ends it and every connection through it. It starts without faults,
/// and each fault lasts until it is lifted.
#[derive(Debug)]
pub struct FaultProxy {
    port: ReservedPort,
    shared: Arc<Shared>,
    acceptor: tokio::sync::Mutex<Option<Acceptor>>,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    upstream: SocketAddr,
    faults: watch::Sender<Faults>,
    replies: Mutex<Replies>,
    make_dialogue: MakeDialogue,
}

/// Makes the dialogue of a new connection.
pub(crate) struct MakeDialogue(Box<NewDialogue>);

type NewDialogue = dyn Fn(&Arc<Shared>) -> Box<dyn Dialogue> + Send + Sync;

/// The faults of all connections that concern bytes rather than replies.
#[derive(Clone, Debug, Default)]
struct Faults {
    delay_to_upstream: Duration,
    delay_to_client: Duration,
    black_hole: bool,
    hold_replies: bool,
    drip: Option<u32>,
}

/// The faults that concern single replies.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    /// Commands that contain these bytes lose their reply, this many times.
    swallow: Option<(Vec<u8>, usize)>,
    swallowed: usize,
    /// Replaces the next reply.
    garbage: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Acceptor {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl FaultProxy {
    /// Listens on a free loopback port for connections to `upstream`. The proxy takes the bytes of
    /// one read for one reply; a [`crate::FakeRedis`] tells replies apart exactly.
    pub async fn start(upstream: SocketAddr) -> Result<Self> {
        Self::start_with(upstream, |shared| Box::new(Bytes::new(Arc::clone(shared)))).await
    }

    /// Listens as [`start`](Self::start) does; `make_dialogue` makes the dialogue of each connection.
    pub(crate) async fn start_with(
        upstream: SocketAddr,
        make_dialogue: impl Fn(&Arc<Shared>) -> Box<dyn Dialogue> + Send + Sync + 'static,
    ) -> Result<Self> {
        let shared = Shared {
            upstream,
            faults: watch::Sender::new(Faults::default()),
            replies: Mutex::default(),
            make_dialogue: MakeDialogue(Box::new(make_dialogue)),
        };
        let proxy = Self {
            port: ReservedPort::take()?,
            shared: Arc::new(shared),
            acceptor: tokio::sync::Mutex::default(),
        };
        proxy.heal().await?;
        Ok(proxy)
    }

    /// The address that clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Closes every connection and refuses new ones, both before it returns.
    pub async fn cut(&self) {
        if let Some(acceptor) = self.acceptor.lock().await.take() {
            let _ = acceptor.stop.send(());
            let _ = acceptor.task.await;
        }
    }

    /// Accepts connections again after [`cut`](Self::cut).
    pub async fn heal(&self) -> Result<()> {
        let mut acceptor = self.acceptor.lock().await;
        if acceptor.is_none() {
            let listener = self.port.listen()?;
            let (stop, stopped) = oneshot::channel();
            let task = tokio::spawn(accept(listener, Arc::clone(&self.shared), stopped));
            *acceptor = Some(Acceptor { stop, task });
        }
        Ok(())
    }

    /// Delays everything that arrives from now on, and keeps its order.
    pub fn delay(&self, to_upstream: Duration, to_client: Duration) {
        self.set(|it| (it.delay_to_upstream, it.delay_to_client) = (to_upstream, to_client));
    }

    /// While on, connections stay open and new ones are accepted, but nothing passes either way, not
    /// even the end of a connection; everything sent is lost. When turned off, the connections that
    /// lost something close.
    pub fn black_hole(&self, on: bool) {
        self.set(|faults| faults.black_hole = on);
    }

    /// While on, commands pass and replies wait; they are delivered when it is turned off.
    pub fn stop_replies(&self, on: bool) {
        self.set(|faults| faults.hold_replies = on);
    }

    /// Limits the bytes per second to each client; the rest waits. `None` lifts the limit.
    pub fn drip(&self, bytes_per_second: Option<u32>) {
        self.set(|faults| faults.drip = bytes_per_second.map(|rate| rate.max(1)));
    }

    /// Lets the next `times` commands that contain `matching` be carried out, but closes the
    /// connection instead of delivering the reply. Replaces an earlier call.
    pub fn swallow_replies(&self, matching: &str, times: usize) {
        self.shared.replies().swallow = Some((matching.as_bytes().to_vec(), times));
    }

    /// The number of replies swallowed so far.
    pub fn swallowed(&self) -> usize {
        self.shared.replies().swallowed
    }

    /// Replaces the next reply by `bytes`.
    pub fn garble(&self, bytes: &[u8]) {
        self.shared.replies().garbage = Some(bytes.to_vec());
    }

    fn set(&self, change: impl FnOnce(&mut Faults)) {
        self.shared.faults.send_modify(change);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(acceptor) = self.acceptor.get_mut().take() {
            acceptor.task.abort();
        }
    }
}

impl Debug for MakeDialogue {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("MakeDialogue")
    }
}

impl Shared {
    pub(crate) fn replies(&self) -> MutexGuard<'_, Replies> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Replies {
    /// Whether this command must lose its reply; counts down.
    pub(crate) fn takes_reply_of(&mut self, command: &[u8]) -> bool {
        let Some((matching, times)) = &mut self.swallow else { return false };
        if *times == 0 || memchr::memmem::find(command, matching).is_none() {
            return false;
        }
        *times -= 1;
        true
    }

    /// Counts a reply that never arrived.
    pub(crate) fn count_swallowed(&mut self) {
        self.swallowed += 1;
    }

    /// Takes the bytes that replace the next reply, if there are any.
    pub(crate) fn take_garbage(&mut self) -> Option<Vec<u8>> {
        self.garbage.take()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    // Dropping the set ends the connections, also if this task is aborted.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => {
                    connections.spawn(relay::run(client, Arc::clone(&shared)));
                }
                Err(error) => {
                    eprintln!("{}", Error::doing("accept a connection")(error));
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}
