//! Accepts TCP connections and serves HTTP/1 on them until it is stopped. It does what `axum::serve`
//! can't be told to do: no send delay, a time limit for headers, a connection limit per address, and
//! both ends of the connection for the handlers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{ServiceExt, service_fn};

use super::connections::{Capacity, Connections, Full, Slot};
use super::idle::{IdleConnections, Idling};
use super::linger::Lingering;
use super::peer::Ends;
use super::tracked_body::TrackedBody;
use super::turn_away::{turn_away, turn_away_at_once};
use crate::refusal::Refusal;

/// How long data written to a client may stay unacknowledged.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The buffer of an HTTP/1 connection, in bytes: the least that hyper takes.
const HTTP_BUFFER_BYTES: usize = 16 * 1024;
/// How long a connection that is asked to make room may take to close.
const ROOM_TIMEOUT: Duration = Duration::from_secs(1);
/// How many turns others get to go before a connection of their network is turned away.
const TURNS_TO_GO: u32 = 64;
/// How long to wait before accepting again after a failure.
const ACCEPT_BACK_OFF: Duration = Duration::from_millis(50);

/// Binds a listener. The error says which setting chooses another address.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| {
        format!("can't listen on {address}: {error}; choose another with PLAYHEAD_LISTEN or PLAYHEAD_ADMIN_LISTEN")
    })
}

/// Decides who may open one more TCP connection.
#[derive(Debug)]
pub struct Door {
    /// Open TCP connections of this listener.
    pub connections: Connections,
    /// How many there may be.
    pub capacity: Capacity,
    /// Those of them that make room for others.
    pub idle: IdleConnections,
    /// How long a client may take to send a request's headers, and be silent between requests.
    pub header_timeout: Duration,
    /// Connections that are being turned away.
    pub turned_away: Connections,
    /// How many may be turned away at once with time to receive the reason.
    pub turned_away_max: usize,
    /// Networks whose connections aren't counted per address: a proxy opens as many as it needs.
    pub trusted_proxies: Vec<IpNet>,
}

impl Door {
    /// Lets a connection in, which keeps the slot until it is closed. If there is no room, an idle one is closed: of
    /// its own network, if that has all that it may have.
    async fn let_in(&self, remote: SocketAddr) -> Result<Slot, Refusal> {
        let full = match self.take(remote) {
            Ok(slot) => return Ok(slot),
            Err(full) => full,
        };
        let within = match full {
            Full::OfNetwork(network) => Some(network),
            Full::Altogether => None,
        };
        if !self.idle.make_room(within) {
            return Err(full.into());
        }
        // Nobody waits for one of the same network to be gone, unless the server is full: others would, too. But after
        // many newcomers at once, those that are going may not have had their turn yet.
        let capacity = self.capacity_for(remote, within.is_some());
        let mut turns = TURNS_TO_GO;
        loop {
            match self.connections.take(remote.ip(), capacity) {
                Ok(slot) => return Ok(slot),
                Err(Full::OfNetwork(_)) if within.is_some() && turns > 0 => {
                    turns -= 1;
                    yield_now().await;
                }
                Err(Full::OfNetwork(_)) if within.is_some() => return Err(full.into()),
                Err(_) => break,
            }
        }
        // Nobody else takes the slot meanwhile.
        let freed = async {
            loop {
                self.connections.freed().await;
                if let Ok(slot) = self.connections.take(remote.ip(), capacity) {
                    return slot;
                }
            }
        };
        timeout(ROOM_TIMEOUT, freed).await.map_err(|_| full.into())
    }

    fn take(&self, remote: SocketAddr) -> Result<Slot, Full> {
        self.connections.take(remote.ip(), self.capacity_for(remote, false))
    }

    /// How many connections there may be for this one to be let in; a quarter more of its address while others of it
    /// are going.
    fn capacity_for(&self, remote: SocketAddr, others_go: bool) -> Capacity {
        let address = remote.ip().to_canonical();
        let is_trusted = self.trusted_proxies.iter().any(|network| network.contains(&address));
        let per_address = self.capacity.per_address.filter(|_| !is_trusted);
        let more = |max: usize| if others_go { max / 4 + 1 } else { 0 };
        let per_address = per_address.map(|max| max.saturating_add(more(max)));
        Capacity { per_address, ..self.capacity }
    }

    /// Takes a slot for telling a connection why it isn't let in.
    fn let_hear(&self, remote: SocketAddr) -> Option<Slot> {
        let capacity = Capacity { total: self.turned_away_max, per_address: None };
        self.turned_away.take(remote.ip(), capacity).ok()
    }
}

/// Accepts connections until `stop` is cancelled. Each one is served in a task of `tasks`.
pub async fn accept(
    listener: TcpListener,
    service: Router,
    door: Door,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, remote)) => match door.let_in(remote).await {
                Ok(slot) => {
                    let idling = Arc::new(door.idle.add(remote.ip()));
                    let stream = Lingering::new(stream, slot).making_room(idling.clone());
                    let served = Served { stream, remote, idling };
                    let (service, stop) = (service.clone(), stop.clone());
                    tasks.spawn(serve_connection(served, service, door.header_timeout, stop));
                }
                Err(refusal) => match door.let_hear(remote) {
                    Some(slot) => {
                        tasks.spawn(turn_away(Lingering::new(stream, slot), refusal));
                    }
                    None => turn_away_at_once(stream, refusal).await,
                },
            },
            Err(error) => {
                // Usually out of file descriptors: other connections must end first.
                tracing::warn!(error = &error as &dyn std::error::Error, "not accepted");
                sleep(ACCEPT_BACK_OFF).await;
            }
        }
    }
}

/// A connection that was let in.
struct Served {
    stream: Lingering,
    remote: SocketAddr,
    idling: Arc<Idling>,
}

async fn serve_connection(
    Served { stream, remote, idling }: Served,
    service: Router,
    header_timeout: Duration,
    stop: CancellationToken,
) {
    let Ok(local) = stream.tcp().local_addr() else { return };
    let _ = stream.tcp().set_nodelay(true);
    // A client that acknowledges nothing of what is written to it is gone.
    let _ = SockRef::from(stream.tcp()).set_tcp_user_timeout(Some(UNREAD_TIMEOUT));
    let ends = Ends { remote, local, last_read: stream.last_read() };
    let asked = idling.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        asked.note_request();
        request.extensions_mut().insert(ends.clone());
        let (response, asked) = (service.clone().oneshot(request), asked.clone());
        async move { response.await.map(|response| TrackedBody::of(response, asked)) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(HTTP_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = idling.told_to_go() => {
            if !idling.was_asked() {
                return;
            }
            // A request may just have come. It is answered first.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(error = &error as &dyn std::error::Error, "connection ended");
    }
}
