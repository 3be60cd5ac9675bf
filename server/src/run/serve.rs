//! Starts a node, serves until a signal, and shuts down in order.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::announce::announce;
use super::check::Checked;
use super::open::Opened;
use super::signals::Signals;
use super::{admin, open};
use crate::app::App;
use crate::clock::WallTime;
use crate::config::Config;
use crate::net::{Capacity, Connections, Door, IdleConnections, Shares, accept, bind};
use crate::router;
use crate::store::{News, Store};

/// How long connections may take to end at shutdown. Those who have said nothing by then are left behind.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(1200);
/// How long the store may take to write what is queued and close. With the above, a stop takes 2 s at most.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(700);
/// How much of that may pass until the other nodes know that nobody is connected here.
const TELL_TIMEOUT: Duration = Duration::from_millis(200);
/// How long a client may take to send a request's headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for health checks and scrapes, which come from near.
const ADMIN_HEADER_TIMEOUT: Duration = Duration::from_secs(2);
/// How long to rest after connections whose tokens were revoked were looked for.
const REVOKED_REST: Duration = Duration::from_millis(500);
/// How often expired rate limits are dropped and metric samples are aggregated.
const UPKEEP_EVERY: Duration = Duration::from_secs(20);

/// Serves until SIGTERM or SIGINT, and then shuts down in order; at once if a second one comes. The error is a
/// sentence for the operator.
pub async fn serve(config: Config, checked: Checked) -> Result<(), String> {
    let mut signals = Signals::receive()?;
    let Checked { shares, warnings } = checked;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    tracing::debug!(?shares, "descriptors shared out");
    let metrics = admin::install_metrics()?;
    let listener = bind(config.listen).await?;
    let admin_listener = bind(config.admin_listen).await?;
    let (address, admin_address) = (local(&listener)?, local(&admin_listener)?);
    let Shares { connections: most, websockets, .. } = shares;
    let of_clients =
        Capacity::of_websockets(websockets, &config.limits).raised_by(most - websockets);
    // Clients never take what the admin listener needs.
    let of_admin = Capacity { total: shares.admin, per_address: None };
    let door = |capacity, header_timeout| Door {
        connections: Connections::default(),
        capacity,
        idle: IdleConnections::default(),
        header_timeout,
        turned_away: Connections::default(),
        turned_away_max: shares.turned_away,
        trusted_proxies: config.trusted_proxies.to_vec(),
    };
    let public_door = door(of_clients, HEADER_TIMEOUT);
    let admin_door = door(of_admin, ADMIN_HEADER_TIMEOUT);
    let started = Arc::new(OnceLock::new());
    let service = admin::router(started.clone(), metrics.clone());
    // It answers until the process ends: nothing stops it, and nobody waits for its connections.
    let mut admin = JoinSet::new();
    let (served, never) = (TaskTracker::new(), CancellationToken::new());
    admin.spawn(accept(admin_listener, service, admin_door, served, never));

    let Opened { app, store, news } = tokio::select! {
        opened = open::open(config, address, shares) => opened?,
        () = signals.next() => return Ok(()),
    };
    let _ = started.set(app.clone());
    let (connections, stop) = (TaskTracker::new(), CancellationToken::new());
    let mut tasks = start_tasks(&app, news, metrics);
    let service = router::router(app.clone());
    tasks.spawn(accept(listener, service, public_door, connections.clone(), stop.clone()));

    announce(&app.config, address, admin_address);
    let ended = tokio::select! {
        () = signals.next() => Ok(()),
        // None of them ends by itself. Without one of them the node would only seem to serve.
        _ = tasks.join_next() => Err("a task of this node ended; see the log".to_owned()),
        _ = admin.join_next() => Err("a task of this node ended; see the log".to_owned()),
    };

    tracing::info!("shutting down");
    let shut_down = async {
        drain(&app, &connections, &stop).await;
        tasks.shutdown().await;
        close(&app, &*store).await;
    };
    tokio::select! {
        () = shut_down => {}
        () = signals.next() => tracing::warn!("a second signal: ending at once"),
    }
    ended
}

/// Starts what runs beside the listeners for as long as the node serves.
fn start_tasks(app: &App, news: mpsc::Receiver<News>, metrics: PrometheusHandle) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(app.rooms.clone().dispatch(news));
    tasks.spawn(app.rooms.clone().watch_deadlines());
    tasks.spawn(app.rooms.clone().watch_presence());
    tasks.spawn(app.rooms.clone().watch_spread());
    tasks.spawn(app.rooms.clone().watch_knocks());
    tasks.spawn(app.rooms.clone().watch_attendance());
    tasks.spawn(app.rooms.clone().watch_media());
    tasks.spawn(app.rooms.clone().sweep());
    tasks.spawn(keep_up(app.clone(), metrics));
    let kept = app.clone();
    tasks.spawn(async move { kept.access.keep().await });
    tasks.spawn(close_revoked(app.clone()));
    tasks.spawn(close_banned(app.clone()));
    tasks.spawn(close_ended(app.clone()));
    tasks
}

/// Sends everybody away, and waits for their connections to end.
async fn drain(app: &App, connections: &TaskTracker, stop: &CancellationToken) {
    app.draining.cancel();
    app.hub.drain();
    stop.cancel();
    connections.close();
    let gone = async {
        connections.wait().await;
        // WebSockets outlive the connection task that upgraded them; they are counted on their own.
        while app.connections.total() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    if timeout(DRAIN_TIMEOUT, gone).await.is_err() {
        tracing::warn!("some connections didn't end in time");
    }
}

async fn close(app: &App, store: &dyn Store) {
    let stored = timeout(CLOSE_TIMEOUT, app.access.catch_up());
    let closed = async {
        // Otherwise starts would wait for those who have just been sent away.
        let _ = timeout(TELL_TIMEOUT, app.rooms.clone().tell()).await;
        store.close().await;
    };
    let (stored, closed) = tokio::join!(stored, timeout(CLOSE_TIMEOUT, closed));
    if stored.is_err() {
        tracing::warn!(
            "SQL doesn't answer: guests who came while it was away become new ones when their access tokens expire"
        );
    }
    if closed.is_err() {
        tracing::warn!("the store wasn't closed in time; no acknowledged commit is lost");
    }
}

fn local(listener: &TcpListener) -> Result<SocketAddr, String> {
    listener.local_addr().map_err(|error| error.to_string())
}

/// Closes the connections of those whose tokens were revoked.
async fn close_revoked(app: App) {
    loop {
        app.access.revocations().await;
        for room in app.hub.all() {
            room.close_revoked(|family_id| app.access.is_revoked(family_id));
        }
        // So that people who have their own tokens revoked don't keep the node busy.
        sleep(REVOKED_REST).await;
    }
}

/// Closes the connections of those whom other nodes have banned, even if this node wasn't told.
async fn close_banned(app: App) {
    loop {
        for (room_id, participant_id) in app.access.bans().news().await {
            let bans = app.access.bans();
            if bans.check(&room_id, &participant_id, WallTime::now()).is_err() {
                app.rooms.shut_out(&room_id, &participant_id);
            }
        }
    }
}

/// Closes the connections of those whose grants have ended or changed, at any node.
async fn close_ended(app: App) {
    loop {
        for (room_id, participant_id) in app.access.grants().news().await {
            app.rooms.close_ended(&room_id, &participant_id);
        }
    }
}

/// Drops expired rate limits and aggregates metric samples, which nobody may ever scrape.
async fn keep_up(app: App, metrics: PrometheusHandle) {
    loop {
        sleep(UPKEEP_EVERY).await;
        app.limiters.sweep();
        metrics.run_upkeep();
    }
}
