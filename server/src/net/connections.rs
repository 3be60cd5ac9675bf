//! Counts sockets, in total and per address, up to a limit.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use contracts::ErrorCode;

use crate::config::LimitConfig;
use crate::refusal::Refusal;

/// Open sockets.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// How many sockets may be open.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// In total.
    pub total: usize,
    /// Per address; `None` leaves only the total.
    pub per_address: Option<usize>,
}

impl Capacity {
    /// Returns the configured limits on WebSockets, raised by `more` for other sockets.
    pub fn configured(limits: &LimitConfig, more: usize) -> Self {
        let per_address = limits.connections_per_address + more;
        Self {
            total: limits.connections + more,
            per_address: (limits.per_address != 0).then_some(per_address),
        }
    }
}

/// One counted socket. Dropping it frees the slot.
#[derive(Debug)]
pub struct Slot {
    counts: Arc<Mutex<Counts>>,
    address: IpAddr,
}

impl Connections {
    /// Takes a slot for one more socket of an address.
    pub fn take(&self, address: IpAddr, capacity: Capacity) -> Result<Slot, Refusal> {
        let mut counts = self.0.lock().expect("not poisoned");
        if counts.total >= capacity.total {
            let detail = "this server takes no more connections";
            return Err(Refusal::new(ErrorCode::LimitReached, detail));
        }
        let of_address = counts.by_address.entry(address).or_default();
        if capacity.per_address.is_some_and(|max| *of_address >= max) {
            let detail = "your address has too many connections";
            return Err(Refusal::new(ErrorCode::LimitReached, detail));
        }
        *of_address += 1;
        counts.total += 1;
        Ok(Slot { counts: self.0.clone(), address })
    }

    /// Returns the number of open sockets.
    pub fn total(&self) -> usize {
        self.0.lock().expect("not poisoned").total
    }
}

impl Slot {
    /// The address of the socket, as limits count it.
    pub fn address(&self) -> IpAddr {
        self.address
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().expect("not poisoned");
        counts.total -= 1;
        if let Some(of_address) = counts.by_address.get_mut(&self.address) {
            *of_address -= 1;
            if *of_address == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}
