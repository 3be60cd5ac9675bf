//! A TCP proxy that spoils a connection on demand: for Redis, PostgreSQL and WebSockets alike.

pub(crate) mod dialogue;
mod relay;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use self::dialogue::{Bytes, Dialogue};
use crate::port::ReservedPort;
use crate::{Error, Result};

/// A running proxy; dropping it ends it and every connection through it. Nothing is spoiled at
/// first, and every fault lasts until it is lifted.
#[derive(Debug)]
pub struct FaultProxy {
    port: ReservedPort,
    shared: Arc<Shared>,
    acceptor: tokio::sync::Mutex<Option<Acceptor>>,
}

/// What a connection looks at, again and again.
#[derive(Debug)]
pub(crate) struct Shared {
    upstream: SocketAddr,
    link: watch::Sender<Link>,
    replies: Mutex<Replies>,
    dialogue: fn(&Arc<Shared>) -> Box<dyn Dialogue>,
}

/// The state of the line.
#[derive(Clone, Debug, Default)]
struct Link {
    delay_to_upstream: Duration,
    delay_to_client: Duration,
    black_hole: bool,
    hold_replies: bool,
    drip: Option<u32>,
}

/// What is to be done to replies.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    /// Commands that contain the first, so many times, lose their reply.
    swallow: Option<(Vec<u8>, usize)>,
    swallowed: usize,
    /// Comes instead of the next reply.
    garbage: Option<Vec<u8>>,
    /// Only where replies are understood.
    pub(crate) redis: crate::fake_redis::Rules,
}

#[derive(Debug)]
struct Acceptor {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl FaultProxy {
    /// Listens on a free port of the loopback for connections to `upstream`. It knows bytes, not
    /// messages: a reply is what one read brings. [`crate::FakeRedis`] knows better.
    pub async fn start(upstream: SocketAddr) -> Result<Self> {
        Self::start_with(upstream, |shared| Box::new(Bytes::new(Arc::clone(shared)))).await
    }

    pub(crate) async fn start_with(
        upstream: SocketAddr,
        dialogue: fn(&Arc<Shared>) -> Box<dyn Dialogue>,
    ) -> Result<Self> {
        let shared = Shared {
            upstream,
            link: watch::Sender::new(Link::default()),
            replies: Mutex::default(),
            dialogue,
        };
        let proxy = Self {
            port: ReservedPort::take()?,
            shared: Arc::new(shared),
            acceptor: tokio::sync::Mutex::default(),
        };
        proxy.heal().await?;
        Ok(proxy)
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Closes every connection and refuses new ones; both are so when it returns.
    pub async fn cut(&self) {
        if let Some(acceptor) = self.acceptor.lock().await.take() {
            let _ = acceptor.stop.send(());
            let _ = acceptor.task.await;
        }
    }

    /// Lets connections in again after [`FaultProxy::cut`].
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

    /// Whatever comes from now on arrives so much later, in its order.
    pub fn delay(&self, to_upstream: Duration, to_client: Duration) {
        self.set(|link| (link.delay_to_upstream, link.delay_to_client) = (to_upstream, to_client));
    }

    /// While on, connections stay and are accepted, and nothing passes either way, not even
    /// their ends; what is sent is lost. Once off, the connections that lost something close.
    pub fn black_hole(&self, on: bool) {
        self.set(|link| link.black_hole = on);
    }

    /// While on, commands pass and replies wait, to be delivered once off.
    pub fn stop_replies(&self, on: bool) {
        self.set(|link| link.hold_replies = on);
    }

    /// Lets so many bytes pass to each client per second, and what was sent wait; `None` lifts it.
    pub fn drip(&self, bytes_per_second: Option<u32>) {
        self.set(|link| link.drip = bytes_per_second.map(|rate| rate.max(1)));
    }

    /// The next `times` commands that contain `matching` are carried out; instead of the reply
    /// the connection closes. Replaces what was asked for before.
    pub fn swallow_replies(&self, matching: &str, times: usize) {
        self.shared.replies().swallow = Some((matching.as_bytes().to_vec(), times));
    }

    /// How many replies were swallowed so far.
    pub fn swallowed(&self) -> usize {
        self.shared.replies().swallowed
    }

    /// Puts `bytes` in the place of the next reply.
    pub fn garble(&self, bytes: &[u8]) {
        self.shared.replies().garbage = Some(bytes.to_vec());
    }

    pub(crate) fn replies(&self) -> MutexGuard<'_, Replies> {
        self.shared.replies()
    }

    fn set(&self, change: impl FnOnce(&mut Link)) {
        self.shared.link.send_modify(change);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        if let Some(acceptor) = self.acceptor.get_mut().take() {
            acceptor.task.abort();
        }
    }
}

impl Shared {
    pub(crate) fn replies(&self) -> MutexGuard<'_, Replies> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Replies {
    /// Whether this command is to lose its reply; counts it.
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

    /// What stands in for the next reply.
    pub(crate) fn take_garbage(&mut self) -> Option<Vec<u8>> {
        self.garbage.take()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    // Its connections end with it, and so if the task is aborted.
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
