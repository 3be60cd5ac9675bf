//! Tests and benchmarks a Playhead server from outside, through its HTTP API and its WebSockets.
//!
//! The harness knows the wire types and the network, but nothing of the server's internals. Every
//! wait ends after [`DEADLINE`] with an error that says what was expected and what came instead.

pub mod api;
pub mod bench;
pub mod checker;
mod daemon;
pub mod dice;
pub mod error;
pub mod fake_redis;
pub mod fault_proxy;
pub mod frame;
pub mod history;
pub mod http;
pub mod line;
pub mod pooler;
pub mod port;
pub mod postgres_server;
mod process;
pub mod prove;
pub mod reader;
pub mod redis_cluster;
mod redis_monitor;
pub mod redis_server;
pub mod resp;
pub mod server_process;
pub mod session_log;
pub mod upgrade;
pub mod web_server;
pub mod ws_client;

use std::time::{Duration, Instant};

pub use crate::api::Api;
pub use crate::error::{Error, Result};
pub use crate::fake_redis::FakeRedis;
pub use crate::fault_proxy::FaultProxy;
pub use crate::history::{Fact, History, Place, Recorder};
pub use crate::http::Response;
pub use crate::pooler::Pooler;
pub use crate::postgres_server::PostgresServer;
pub use crate::redis_cluster::RedisCluster;
pub use crate::redis_monitor::RedisMonitor;
pub use crate::redis_server::{AppendFsync, RedisOptions, RedisServer};
pub use crate::server_process::{ServerOptions, ServerProcess};
pub use crate::session_log::SessionLog;
pub use crate::upgrade::Upgrade;
pub use crate::web_server::WebServer;
pub use crate::ws_client::{Acked, Closed, WsClient};

/// The longest wait for anything; what takes longer counts as missing.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// How often a state without notification is looked at.
const PROBE_EVERY: Duration = Duration::from_millis(10);

/// Waits for `future` until the deadline; `awaited` names it in the error.
pub(crate) async fn within<T>(
    awaited: impl std::fmt::Display,
    future: impl Future<Output = Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(result) => result,
        Err(_) => Err(Error::new(format!("waited {DEADLINE:?} for {awaited}; nothing came"))),
    }
}

/// Waits until `probe` returns something, for states without notification.
///
/// # Panics
/// Panics after `limit`, with what was awaited.
pub async fn until<T>(
    awaited: &str,
    limit: Duration,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(began.elapsed() < limit, "waited {limit:?} for {awaited}");
        tokio::time::sleep(PROBE_EVERY).await;
    }
}
