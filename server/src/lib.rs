//! The shell around `engine`: HTTP, WebSocket, fan-out, stores. Data goes one way:
//! `ws::session` → `wire::decode` → `rooms` → `engine` → `store` → `rooms::dispatch` → `hub` →
//! `ws::session`.

pub mod admin;
pub mod auth;
pub mod clock;
pub mod config;
pub mod connections;
pub mod extract;
mod http;
pub mod hub;
pub mod id;
pub mod limit;
pub mod linger;
pub mod membership;
pub mod openapi;
pub mod page;
pub mod peer;
pub mod refusal;
pub mod rooms;
pub mod router;
pub mod serve;
pub mod sql;
pub mod store;
pub mod telemetry;
pub mod wire;
pub mod ws;

use std::ops::Deref;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

/// What handlers may reach.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of a running node.
pub struct Parts {
    /// The configuration.
    pub config: config::Config,
    /// The room clock.
    pub clock: clock::RoomClock,
    /// Access tokens.
    pub tokens: auth::Tokens,
    /// Limits per address and user.
    pub limiters: limit::Limiters,
    /// Sockets of this node.
    pub connections: connections::Connections,
    /// Connections by room.
    pub hub: Arc<hub::Hub>,
    /// Where rooms are kept.
    pub store: Arc<dyn store::RoomStore>,
    /// Everything that changes rooms.
    pub rooms: Arc<rooms::Rooms>,
    /// Names of the providers.
    pub providers: Arc<providers::Registry>,
    /// From publish to the socket, in seconds.
    pub fanout_seconds: metrics::Histogram,
    /// Cancelled when this node goes away.
    pub draining: CancellationToken,
}

impl App {
    /// Makes an app of its parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}
