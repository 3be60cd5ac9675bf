//! How many sockets there are, in all and per address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use contracts::ErrorCode;

use crate::config::LimitConfig;
use crate::refusal::Refusal;

/// Sockets of this node.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// How many sockets there may be.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    /// In all.
    pub total: usize,
    /// Of one address; `None` is as many as in all.
    pub per_address: Option<usize>,
}

impl Most {
    /// As configured, with room for `more` beside.
    pub fn configured(limits: &LimitConfig, more: usize) -> Self {
        let per_address = limits.connections_per_address + more;
        Self {
            total: limits.connections + more,
            per_address: (limits.per_address != 0).then_some(per_address),
        }
    }
}

/// A place taken; given back when dropped.
#[derive(Debug)]
pub struct Place {
    counts: Arc<Mutex<Counts>>,
    address: IpAddr,
}

impl Connections {
    /// Takes a place, if there is one.
    pub fn take(&self, address: IpAddr, max: Most) -> Result<Place, Refusal> {
        let mut counts = self.0.lock().expect("not poisoned");
        if counts.total >= max.total {
            return Err(Refusal::new(
                ErrorCode::LimitReached,
                "this server takes no more connections",
            ));
        }
        let here = counts.by_address.entry(address).or_default();
        if max.per_address.is_some_and(|max| *here >= max) {
            return Err(Refusal::new(
                ErrorCode::LimitReached,
                "your address has too many connections",
            ));
        }
        *here += 1;
        counts.total += 1;
        Ok(Place { counts: self.0.clone(), address })
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.0.lock().expect("not poisoned").total
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().expect("not poisoned");
        counts.total -= 1;
        if let Some(here) = counts.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}
