//! Starts a node, serves, and goes away in order.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use metrics_exporter_prometheus::PrometheusHandle;
use providers::{Egress, EgressPolicy, OwnOrigin, Registry};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::auth::Tokens;
use crate::clock::RoomClock;
use crate::config::{AppendFsync, Config, Secret, StoreKind};
use crate::connections::{Connections, Most, Place};
use crate::hub::Hub;
use crate::limit::Limiters;
use crate::linger::Lingering;
use crate::peer::{Ends, counted};
use crate::rooms::Rooms;
use crate::sql::Sql;
use crate::store::{MemoryStore, News, RedisStore, RoomStore};
use crate::{App, Parts, admin, page, router};

/// How long a client may take to send a request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How many sockets there may be for HTTP beside those that become WebSockets.
const HTTP_SOCKETS: usize = 250;
/// How long what is written to a client may stay untaken.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long connections may take to end when the node goes away.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(9);
/// How long the store may take to write what waits, and to end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// HTTP/1 needs a buffer for each connection; this is the least that hyper takes.
const HTTP_BUFFER_BYTES: usize = 16 * 1024;
/// How often limits that ran out and samples that were counted are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(20);

/// Serves until SIGTERM or SIGINT.
pub async fn serve(config: Config) -> Result<(), String> {
    let metrics = admin::install_metrics()?;
    let listener = listen(config.listen).await?;
    let admin_listener = listen(config.admin_listen).await?;
    let (address, admin_address) = (local(&listener)?, local(&admin_listener)?);
    let (app, news) = open(config, address).await?;

    let mut tasks = JoinSet::new();
    tasks.spawn(app.rooms.clone().dispatch(news));
    tasks.spawn(app.rooms.clone().watch_deadlines());
    tasks.spawn(app.rooms.clone().watch_presence());
    tasks.spawn(app.rooms.clone().watch_spread());
    tasks.spawn(app.rooms.clone().attend());
    tasks.spawn(app.rooms.clone().sweep());
    tasks.spawn(forget(app.clone(), metrics.clone()));

    let connections = TaskTracker::new();
    let stop = CancellationToken::new();
    for (listener, service) in [
        (listener, router::router(app.clone())),
        (admin_listener, admin::router(app.clone(), metrics)),
    ] {
        let door = Door { app: app.clone(), sockets: Connections::default() };
        tasks.spawn(accept(listener, service, door, connections.clone(), stop.clone()));
    }

    announce(&app, address, admin_address);
    let ended = tokio::select! {
        terminated = terminated() => terminated,
        // None of them ends by itself. Without one the node would serve, but not truly.
        _ = tasks.join_next() => Err("a task of this node ended; see the log".to_owned()),
    };

    tracing::info!("going away");
    app.draining.cancel();
    app.hub.drain();
    stop.cancel();
    connections.close();
    if timeout(DRAIN_TIMEOUT, connections.wait()).await.is_err() {
        tracing::warn!("some connections didn't end in time");
    }
    // WebSockets live on after their upgrade; they count themselves.
    let gone = async {
        while app.connections.total() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let _ = timeout(DRAIN_TIMEOUT, gone).await;
    tasks.shutdown().await;
    if timeout(CLOSE_TIMEOUT, app.store.close()).await.is_err() {
        tracing::warn!("the store wasn't closed in time; nothing that was acknowledged is lost");
    }
    ended
}

/// Opens everything that a node stands on.
async fn open(config: Config, address: SocketAddr) -> Result<(App, mpsc::Receiver<News>), String> {
    let sql = match config.database_url.as_ref() {
        Some(url) => Sql::open(url.expose()).await,
        None => Sql::open_file(&config.data_dir.join("playhead.db")).await,
    };
    let sql = sql.map_err(|error| in_words(&error))?;
    let sql = Arc::new(sql);
    let (store, clock) = open_store(&config, sql.clone()).await?;
    let tokens = Tokens::open(config.token_key_file.as_deref(), &sql, clock.now()).await?;

    let policy = EgressPolicy {
        allow: config.egress_allow.to_vec(),
        own_origins: own_origins(&config, address),
    };
    let egress = Egress::new(policy).map_err(|failure| failure.detail)?;
    let providers = Arc::new(Registry::standard(Arc::new(egress)));
    let hub = Arc::new(Hub::default());
    let news = store.subscribe();
    let rooms = Rooms::new(
        store.clone(),
        sql,
        hub.clone(),
        clock.clone(),
        providers.clone(),
        config.limits.clone(),
    );
    let app = App::new(Parts {
        limiters: Limiters::new(&config.limits),
        config,
        clock,
        tokens,
        connections: Connections::default(),
        hub,
        store,
        rooms: Arc::new(rooms),
        providers,
        fanout_seconds: metrics::histogram!("playhead_fanout_seconds"),
        draining: CancellationToken::new(),
    });
    Ok((app, news))
}

/// Opens the store with the room clock that belongs to it.
async fn open_store(
    config: &Config,
    sql: Arc<Sql>,
) -> Result<(Arc<dyn RoomStore>, RoomClock), String> {
    let claimed = sql.claim_for(match config.store {
        StoreKind::Memory => "memory",
        StoreKind::Redis => "redis",
    });
    claimed.await.map_err(|error| in_words(&error))?;
    match config.store {
        StoreKind::Memory => {
            let opened = MemoryStore::open(&config.data_dir, sql).await;
            opened.map(|(store, clock)| (store as _, clock)).map_err(|error| in_words(&error))
        }
        StoreKind::Redis => {
            let url = config.redis_url()?;
            let url = url.as_ref().map(Secret::expose).unwrap_or_default();
            let durable = config.redis_appendfsync == AppendFsync::Always;
            let opened = RedisStore::open(url, durable, sql).await;
            opened.map(|(store, clock)| (store as _, clock)).map_err(|error| in_words(&error))
        }
    }
}

/// Where this server's own sample clip may be fetched: by loopback names, by the addresses it
/// listens on, and by its public URL.
fn own_origins(config: &Config, address: SocketAddr) -> Vec<OwnOrigin> {
    let path_prefix = page::SAMPLE_PATH.to_owned();
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()];
    if address.ip().is_unspecified() {
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        hosts.extend(interfaces.iter().map(|interface| host(interface.ip())));
    } else {
        hosts.push(host(address.ip()));
    }
    let own = |host| OwnOrigin { host, port: address.port(), path_prefix: path_prefix.clone() };
    let mut origins: Vec<OwnOrigin> = hosts.into_iter().map(own).collect();
    if let Some(public) = config.public_url.as_ref()
        && let (Some(host), Some(port)) = (public.host_str(), public.port_or_known_default())
    {
        origins.push(OwnOrigin { host: host.to_owned(), port, path_prefix });
    }
    origins
}

/// An address as a link has it.
fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| {
        format!("can't listen on {address}: {error}; choose another with PLAYHEAD_LISTEN or PLAYHEAD_ADMIN_LISTEN")
    })
}

fn local(listener: &TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|error| error.to_string())
}

/// Tells people and programs where the page is.
fn announce(app: &App, address: SocketAddr, admin_address: SocketAddr) {
    let page = app.config.public_url.as_ref().map_or_else(
        || {
            let reachable = if address.ip().is_unspecified() {
                SocketAddr::from(([127, 0, 0, 1], address.port()))
            } else {
                address
            };
            format!("http://{reachable}/")
        },
        ToString::to_string,
    );
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "playhead: page {page}");
    let _ = writeln!(out, "playhead: admin http://{admin_address}/");
    let _ = out.flush();
}

/// Who may open one more TCP connection.
struct Door {
    app: App,
    sockets: Connections,
}

impl Door {
    /// A place, if the address has one left. A trusted proxy has as many as it needs.
    fn admit(&self, remote: SocketAddr) -> Option<Option<Place>> {
        let address = remote.ip().to_canonical();
        if self.app.config.trusted_proxies.iter().any(|net| net.contains(&address)) {
            return Some(None);
        }
        let max = Most::configured(&self.app.config.limits, HTTP_SOCKETS);
        self.sockets.take(counted(address), max).ok().map(Some)
    }
}

/// Accepts until told to stop. Own loop, for what `axum::serve` doesn't set: no delay, a limit on
/// how long headers may take, and both ends of the connection for the handlers.
async fn accept(
    listener: TcpListener,
    service: Router,
    door: Door,
    connections: TaskTracker,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, remote)) => {
                // Too many of one address: closed unheard, so that others find a place.
                let Some(place) = door.admit(remote) else { continue };
                let served = serve_connection(stream, remote, service.clone(), stop.clone());
                connections.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of descriptors, mostly: others must end first.
                tracing::warn!(error = &error as &dyn std::error::Error, "not accepted");
                sleep(Duration::from_millis(50)).await;
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
    // A client that takes nothing of what is written to it is gone.
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

/// Forgets limits that ran out, and single samples of metrics, which nobody may ever ask for.
async fn forget(app: App, metrics: PrometheusHandle) {
    loop {
        sleep(FORGET_EVERY).await;
        app.limiters.sweep();
        metrics.run_upkeep();
    }
}

async fn terminated() -> Result<(), String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// An error with its causes, for people.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words.push_str(": ");
        words.push_str(&inner.to_string());
        cause = inner.source();
    }
    words
}
