//! The services of a running node, as handlers and sockets reach them.

use std::ops::Deref;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::clock::RoomClock;
use crate::config::Config;
use crate::hub::Hub;
use crate::limit::Limiters;
use crate::members::Members;
use crate::net::{Connections, Origins, Shares};
use crate::rooms::Rooms;
use crate::sources::Sources;

/// A shared handle on the services.
#[derive(Clone)]
pub struct App(Arc<Services>);

/// The services of a running node. The store isn't among them: only services reach it.
pub struct Services {
    /// The configuration.
    pub config: Config,
    /// The room clock.
    pub clock: RoomClock,
    /// Who is asking, and what that allows.
    pub access: Arc<Access>,
    /// Rate limits per address and per user.
    pub limiters: Arc<Limiters>,
    /// Open WebSockets.
    pub connections: Connections,
    /// How many sockets each part of the server may have open.
    pub shares: Shares,
    /// Which pages may connect.
    pub origins: Origins,
    /// Connections by room.
    pub hub: Arc<Hub>,
    /// Who has joined which room.
    pub members: Arc<Members>,
    /// What links lead to.
    pub sources: Arc<Sources>,
    /// The rooms, and everything that changes them.
    pub rooms: Arc<Rooms>,
    /// Time from publish to socket, in seconds.
    pub fanout_seconds: metrics::Histogram,
    /// Cancelled when this node shuts down.
    pub draining: CancellationToken,
}

impl App {
    /// Makes an app of its services.
    pub fn new(services: Services) -> Self {
        Self(Arc::new(services))
    }
}

impl Deref for App {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}
