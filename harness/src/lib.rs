//! Playhead seen from outside: a server process, its HTTP API and its WebSocket, and the benches.
//!
//! Black box: it knows the wire types and the network, and nothing of the server's insides. Every
//! wait ends after [`DEADLINE`] with a sentence that says what was awaited and what came instead.

pub mod api;
pub mod bench;
pub mod error;
pub mod frame;
pub mod reader;
pub mod server_process;
pub mod upgrade;
pub mod ws_client;

use std::time::Duration;

pub use crate::api::{Api, Reply};
pub use crate::error::{Error, Result};
pub use crate::server_process::{ServerOptions, ServerProcess};
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
