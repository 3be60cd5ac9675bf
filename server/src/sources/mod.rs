//! What links lead to. Resolving changes nothing and is limited per user.

mod choice;
mod look;
mod resolve;

use std::sync::Arc;

use providers::Registry;

pub use choice::MediaChoice;

use crate::clock::RoomClock;
use crate::limit::Limiters;

/// Resolves links and sources through the providers.
pub struct Sources {
    providers: Arc<Registry>,
    limiters: Arc<Limiters>,
    clock: RoomClock,
}

impl Sources {
    /// Makes the service over a registry of providers.
    pub fn new(providers: Arc<Registry>, limiters: Arc<Limiters>, clock: RoomClock) -> Self {
        Self { providers, limiters, clock }
    }

    /// Returns the names of the providers, in the order in which they are asked.
    pub fn provider_names(&self) -> Vec<&'static str> {
        self.providers.names()
    }
}
