//! Accepts TCP connections and serves HTTP/1 on them until it is stopped. It does what `axum::serve`
//! can't be told to do: no send delay, a time limit for headers, a connection limit per address, and
//! both ends of the connection for the handlers.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::connections::{Capacity, Connections, Slot};
use super::linger::Lingering;
use super::peer::{Ends, counted};

/// How long a client may take to send a request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long data written to a client may stay unacknowledged.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);
/// The buffer of an HTTP/1 connection, in bytes: the least that hyper takes.
const HTTP_BUFFER_BYTES: usize = 16 * 1024;
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
    /// Networks whose connections aren't counted: a proxy opens as many as it needs.
    pub trusted_proxies: Vec<IpNet>,
}

impl Door {
    /// Lets a connection in: with a slot, or uncounted from a trusted proxy. `None` turns it away.
    fn let_in(&self, remote: SocketAddr) -> Option<Option<Slot>> {
        let address = remote.ip().to_canonical();
        if self.trusted_proxies.iter().any(|network| network.contains(&address)) {
            return Some(None);
        }
        self.connections.take(counted(address), self.capacity).ok().map(Some)
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
            Ok((stream, remote)) => {
                // An address with too many connections is closed unheard, so that others get in.
                let Some(slot) = door.let_in(remote) else { continue };
                let served = serve_connection(stream, remote, service.clone(), stop.clone());
                tasks.spawn(async move {
                    served.await;
                    drop(slot);
                });
            }
            Err(error) => {
                // Usually out of file descriptors: other connections must end first.
                tracing::warn!(error = &error as &dyn std::error::Error, "not accepted");
                sleep(ACCEPT_BACK_OFF).await;
            }
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    remote: SocketAddr,
    service: Router,
    stop: CancellationToken,
) {
    let Ok(local) = stream.local_addr() else { return };
    let _ = stream.set_nodelay(true);
    // A client that acknowledges nothing of what is written to it is gone.
    let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(UNREAD_TIMEOUT));
    let stream = Lingering::new(stream);
    let ends = Ends { remote, local, last_read: stream.last_read() };
    let service = service.map_request(move |mut request: hyper::Request<_>| {
        request.extensions_mut().insert(ends.clone());
        request
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(HTTP_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(error = &error as &dyn std::error::Error, "connection ended");
    }
}
