//! What links lead to. Resolving changes nothing and is limited per user.

mod choice;
mod look;
mod recent;
mod resolve;

use std::sync::Arc;
use std::time::Duration;

use providers::Registry;

pub use choice::MediaChoice;

use self::recent::Recent;

use crate::clock::RoomClock;
use crate::limit::Limiters;

/// Resolves links and sources through the providers.
pub struct Sources {
    providers: Arc<Registry>,
    limiters: Arc<Limiters>,
    clock: RoomClock,
    edge_every: Duration,
    recent: Recent,
}

/// How often the edge of a live source is read again, unless the operator sets it.
const EDGE_EVERY: Duration = Duration::from_secs(60);

impl Sources {
    /// Makes the service over a registry of providers.
    pub fn new(providers: Arc<Registry>, limiters: Arc<Limiters>, clock: RoomClock) -> Self {
        let (edge_every, recent) = (EDGE_EVERY, Recent::default());
        Self { providers, limiters, clock, edge_every, recent }
    }

    /// Has the edges of live sources read again every `ms` milliseconds.
    pub fn with_edges_every(self, ms: u64) -> Self {
        Self { edge_every: Duration::from_millis(ms), ..self }
    }

    /// Returns how often the edge of a live source is read again while a room watches it.
    pub fn edge_every(&self) -> Duration {
        self.edge_every
    }

    /// Returns the names of the providers, in the order in which they are asked.
    pub fn provider_names(&self) -> Vec<&'static str> {
        self.providers.names()
    }
}
