//! Playhead seen from outside: a server process, its HTTP API and its WebSocket, and the benches.
//!
//! Black box: it knows the wire types and the network, and nothing of the server's insides. Every
//! wait ends after [`DEADLINE`] with a sentence that says what was awaited and what came instead.

pub mod api;
pub mod bench;
pub mod checker;
pub mod dice;
pub mod error;
pub mod fake_redis;
pub mod fault_proxy;
pub mod frame;
pub mod history;
pub mod line;
pub mod port;
pub mod postgres_server;
pub mod prove;
pub mod reader;
pub mod redis_cluster;
pub mod redis_server;
pub mod resp;
pub mod server_process;
pub mod session_log;
pub mod upgrade;
pub mod ws_client;

use std::time::Duration;

pub use crate::api::{Api, Reply};
pub use crate::error::{Error, Result};
pub use crate::fake_redis::FakeRedis;
pub use crate::fault_proxy::FaultProxy;
pub use crate::history::{Fact, History, Place, Recorder};
pub use crate::postgres_server::PostgresServer;
pub use crate::redis_cluster::RedisCluster;
pub use crate::redis_server::{AppendFsync, RedisOptions, RedisServer};
pub use crate::server_process::{ServerOptions, ServerProcess};
pub use crate::session_log::SessionLog;
pub use crate::upgrade::Upgrade;
pub use crate::ws_client::{Acked, Closed, WsClient};

/// How long anything may take before it counts as not happening.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// Gives `future` until the deadline; `awaited` names it in the error.
pub(crate) async fn within<T>(
    awaited: impl std::fmt::Display,
    future: impl Future<Output = Result<T>>,
) -> Result<T> {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(result) => result,
        Err(_) => Err(Error::new(format!("waited {DEADLINE:?} for {awaited}; nothing came"))),
    }
}
