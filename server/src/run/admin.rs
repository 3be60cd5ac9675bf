//! What operators ask for: metrics, health and version, on a listener of their own.

use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::patience::with_causes;
use crate::app::App;
use crate::store::StoreError;

/// Buckets of durations, in seconds.
const BUCKETS: [f64; 14] =
    [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0];

/// Buckets of what clients report about their players, in seconds.
const SYNC_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];

#[derive(Clone)]
struct Admin {
    app: Arc<OnceLock<App>>,
    metrics: PrometheusHandle,
}

/// Starts to collect metrics.
pub fn install_metrics() -> Result<PrometheusHandle, String> {
    let mut builder = PrometheusBuilder::new();
    for (metric, buckets) in [
        (Matcher::Suffix("_seconds".to_owned()), &BUCKETS),
        (Matcher::Full("playhead_sync_drift_seconds".to_owned()), &SYNC_BUCKETS),
        (Matcher::Full("playhead_clock_uncertainty_seconds".to_owned()), &SYNC_BUCKETS),
    ] {
        builder = builder.set_buckets_for_metric(metric, buckets).map_err(to_text)?;
    }
    let handle = builder.install_recorder().map_err(to_text)?;
    metrics::describe_gauge!("playhead_connections", "WebSocket connections that said hello");
    metrics::describe_gauge!(
        "playhead_rooms",
        "Rooms that somebody is connected to here, or was until lately"
    );
    metrics::describe_counter!("playhead_commands_total", "Commands by type and answer");
    metrics::describe_counter!(
        "playhead_closes_total",
        "Connections closed by the server, by code"
    );
    metrics::describe_counter!(
        "playhead_resyncs_total",
        "Slow connections that got the newest state"
    );
    metrics::describe_counter!("playhead_room_panics_total", "Panics over one room");
    metrics::describe_histogram!("playhead_commit_seconds", "From command to durable commit");
    metrics::describe_histogram!(
        "playhead_fanout_seconds",
        "From publish to a connection's socket"
    );
    metrics::describe_histogram!(
        "playhead_sync_drift_seconds",
        "How far players are from their room, ahead or behind, as they report it"
    );
    metrics::describe_histogram!(
        "playhead_clock_uncertainty_seconds",
        "How far clients' idea of the room clock may be off, as they report it"
    );
    metrics::gauge!("playhead_connections").set(0.0);
    Ok(handle)
}

fn to_text(error: BuildError) -> String {
    format!("metrics: {error}")
}

/// Returns the routes of the admin listener. It answers already while the node waits for what it stands on:
/// `app` is set once it has started.
pub fn router(app: Arc<OnceLock<App>>, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/metrics", get(render))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/version", get(version))
        .with_state(Admin { app, metrics })
}

#[expect(clippy::cast_precision_loss, reason = "a count of rooms")]
async fn render(State(admin): State<Admin>) -> String {
    if let Some(app) = admin.app.get() {
        metrics::gauge!("playhead_rooms").set(app.hub.room_count() as f64);
    }
    admin.metrics.run_upkeep();
    admin.metrics.render()
}

/// Whether the node takes connections: it has started, commits can be stored, and it isn't shutting down. Names
/// each part that it stands on. Without the database it stays ready: rooms go on, and no other node would have
/// a better one.
async fn readyz(State(admin): State<Admin>) -> (StatusCode, String) {
    let not_ready = |words: &str| (StatusCode::SERVICE_UNAVAILABLE, words.to_owned());
    let Some(app) = admin.app.get() else { return not_ready("starting\n") };
    if app.draining.is_cancelled() {
        return not_ready("draining\n");
    }
    let (store, database) = tokio::join!(app.rooms.check_writable(), app.rooms.check_database());
    let keeps_tokens = app.access.reach().keeps_tokens();
    let (status, word) = match (&store, &database) {
        (Err(_), _) => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
        (Ok(()), Ok(())) if keeps_tokens => (StatusCode::OK, "ready"),
        (Ok(()), _) => (StatusCode::OK, "degraded"),
    };
    let store = match store {
        Ok(()) => "ok".to_owned(),
        Err(StoreError { cause: Some(cause), .. }) => format!("commits can't be stored: {cause}"),
        Err(_) => "commits can't be stored".to_owned(),
    };
    let database = match database {
        Ok(()) if keeps_tokens => "ok".to_owned(),
        Ok(()) => "refresh tokens can't be read or stored, or couldn't lately".to_owned(),
        Err(error) => {
            let cause = with_causes(&error);
            format!("{cause}; rooms go on, but new ones and refreshed tokens are refused")
        }
    };
    (status, format!("{word}\nstore: {store}\ndatabase: {database}\n"))
}

async fn version() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "name": "playhead", "version": env!("CARGO_PKG_VERSION") }))
}
