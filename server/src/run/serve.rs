//! Starts a node, serves until a signal, and shuts down in order.

use std::net::SocketAddr;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::announce::announce;
use super::open::Opened;
use super::{admin, open};
use crate::app::App;
use crate::config::Config;
use crate::net::{Capacity, Connections, Door, Shares, accept, bind, raise_limit, share_out};
use crate::router;
use crate::store::Store;

/// How long connections may take to end at shutdown.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(9);
/// How long the store may take to write what is queued and close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How often expired rate limits are dropped and metric samples are aggregated.
const UPKEEP_EVERY: Duration = Duration::from_secs(20);

/// Serves until SIGTERM or SIGINT. The error is a sentence for the operator.
pub async fn serve(config: Config) -> Result<(), String> {
    let shares = share_descriptors(&config)?;
    let metrics = admin::install_metrics()?;
    let listener = bind(config.listen).await?;
    let admin_listener = bind(config.admin_listen).await?;
    let (address, admin_address) = (local(&listener)?, local(&admin_listener)?);
    let Opened { app, store, news } = open::open(config, address, shares).await?;

    let mut tasks = JoinSet::new();
    tasks.spawn(app.rooms.clone().dispatch(news));
    tasks.spawn(app.rooms.clone().watch_deadlines());
    tasks.spawn(app.rooms.clone().watch_presence());
    tasks.spawn(app.rooms.clone().watch_spread());
    tasks.spawn(app.rooms.clone().watch_attendance());
    tasks.spawn(app.rooms.clone().sweep());
    tasks.spawn(keep_up(app.clone(), metrics.clone()));
    let kept = app.clone();
    tasks.spawn(async move { kept.access.keep().await });

    let connections = TaskTracker::new();
    let stop = CancellationToken::new();
    let Shares { connections: most, websockets, .. } = shares;
    let capacity = Capacity::of_websockets(websockets, &app.config.limits);
    // Clients never take what the admin listener needs.
    let of_admin = Capacity { total: shares.admin, per_address: None };
    for (listener, service, capacity) in [
        (listener, router::router(app.clone()), capacity.raised_by(most - websockets)),
        (admin_listener, admin::router(app.clone(), metrics), of_admin),
    ] {
        let door = Door {
            connections: Connections::default(),
            capacity,
            turned_away: Connections::default(),
            turned_away_max: shares.turned_away,
            trusted_proxies: app.config.trusted_proxies.to_vec(),
        };
        tasks.spawn(accept(listener, service, door, connections.clone(), stop.clone()));
    }

    announce(&app.config, address, admin_address);
    let ended = tokio::select! {
        signalled = signalled() => signalled,
        // None of them ends by itself. Without one of them the node would only seem to serve.
        _ = tasks.join_next() => Err("a task of this node ended; see the log".to_owned()),
    };

    tracing::info!("shutting down");
    drain(&app, &connections, &stop).await;
    tasks.shutdown().await;
    close(&*store).await;
    ended
}

/// Raises the limit of open files, and shares out what there is.
fn share_descriptors(config: &Config) -> Result<Shares, String> {
    let shares = share_out(raise_limit(), &config.limits)?;
    let Shares { descriptors, connections, websockets, .. } = shares;
    if websockets < config.limits.connections {
        tracing::warn!(
            descriptors,
            websockets,
            wanted = config.limits.connections,
            "fewer connections than configured: this process may not open enough files; raise its \
             limit (ulimit -n, LimitNOFILE in systemd)"
        );
    } else {
        tracing::debug!(descriptors, connections, websockets, "descriptors shared out");
    }
    Ok(shares)
}

/// Sends everybody away, and waits for their connections to end.
async fn drain(app: &App, connections: &TaskTracker, stop: &CancellationToken) {
    app.draining.cancel();
    app.hub.drain();
    stop.cancel();
    connections.close();
    if timeout(DRAIN_TIMEOUT, connections.wait()).await.is_err() {
        tracing::warn!("some connections didn't end in time");
    }
    // WebSockets outlive the connection task that upgraded them; they are counted on their own.
    let gone = async {
        while app.connections.total() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    let _ = timeout(DRAIN_TIMEOUT, gone).await;
}

async fn close(store: &dyn Store) {
    if timeout(CLOSE_TIMEOUT, store.close()).await.is_err() {
        tracing::warn!("the store wasn't closed in time; no acknowledged commit is lost");
    }
}

fn local(listener: &TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|error| error.to_string())
}

/// Drops expired rate limits and aggregates metric samples, which nobody may ever scrape.
async fn keep_up(app: App, metrics: PrometheusHandle) {
    loop {
        sleep(UPKEEP_EVERY).await;
        app.limiters.sweep();
        metrics.run_upkeep();
    }
}

async fn signalled() -> Result<(), String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
