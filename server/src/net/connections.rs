//! Counts sockets, in total and per address, up to a limit.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use contracts::ErrorCode;
use tokio::sync::Notify;

use crate::config::LimitConfig;
use crate::limit::network::{Network, counted, networks, share};
use crate::refusal::Refusal;

/// Open sockets.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    counts: Mutex<Counts>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_network: HashMap<Network, usize>,
}

/// Why there is no slot for one more socket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Full {
    /// The address, or a wider network that it is in, has as many as it may have.
    OfNetwork(Network),
    /// There are as many as there may be.
    Altogether,
}

impl From<Full> for Refusal {
    fn from(full: Full) -> Self {
        let detail = match full {
            Full::OfNetwork(_) => "your address has too many connections",
            Full::Altogether => "this server takes no more connections",
        };
        Self::new(ErrorCode::LimitReached, detail)
    }
}

/// How many sockets may be open.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// In total.
    pub total: usize,
    /// Per address, and a multiple of it per wider network, but half of the total at most; `None` leaves only the
    /// total.
    pub per_address: Option<usize>,
}

impl Capacity {
    /// Returns the configured limits on WebSockets, of which there may be `total`.
    pub fn of_websockets(total: usize, limits: &LimitConfig) -> Self {
        let per_address = (limits.per_address != 0).then_some(limits.connections_per_address);
        Self { total, per_address }
    }

    /// Returns the same limits, raised by `more` for other sockets.
    pub fn raised_by(self, more: usize) -> Self {
        let per_address = self.per_address.map(|max| max.saturating_add(more));
        Self { total: self.total.saturating_add(more), per_address }
    }

    /// Returns how many a network of this level may have. Whatever it is, it leaves half to all others.
    fn of_network(&self, level: usize) -> Option<usize> {
        let share = usize::try_from(share(level)).unwrap_or(1);
        let half = (self.total / 2).max(1);
        self.per_address.map(|max| max.saturating_mul(share).min(half))
    }
}

/// One counted socket. Dropping it frees the slot.
#[derive(Debug)]
pub struct Slot {
    shared: Arc<Shared>,
    address: IpAddr,
}

impl Connections {
    /// Takes a slot for one more socket of an address.
    pub fn take(&self, address: IpAddr, capacity: Capacity) -> Result<Slot, Full> {
        let mut counts = self.0.counts.lock().expect("not poisoned");
        let is_full = |network: Network| {
            let open = counts.by_network.get(&network).copied().unwrap_or_default();
            capacity.of_network(network.level()).is_some_and(|max| open >= max)
        };
        if let Some(network) = networks(address).find(|network| is_full(*network)) {
            return Err(Full::OfNetwork(network));
        }
        if counts.total >= capacity.total {
            return Err(Full::Altogether);
        }
        for network in networks(address) {
            *counts.by_network.entry(network).or_default() += 1;
        }
        counts.total += 1;
        Ok(Slot { shared: self.0.clone(), address: counted(address) })
    }

    /// Waits until a slot was freed since this was last called.
    pub async fn freed(&self) {
        self.0.freed.notified().await;
    }

    /// Returns the number of open sockets.
    pub fn total(&self) -> usize {
        self.0.counts.lock().expect("not poisoned").total
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.shared.counts.lock().expect("not poisoned");
        counts.total -= 1;
        for network in networks(self.address) {
            if let Some(open) = counts.by_network.get_mut(&network) {
                *open -= 1;
                if *open == 0 {
                    counts.by_network.remove(&network);
                }
            }
        }
        drop(counts);
        self.shared.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_one_ipv6_network_count_as_one() {
        let (connections, capacity) =
            (Connections::default(), Capacity { total: 9, per_address: Some(1) });
        let take = |address: &str| connections.take(address.parse().expect("an address"), capacity);
        let _first = take("2001:db8:1:2::a").expect("the first");
        let full = take("2001:db8:1:2:ffff::b").expect_err("of the same network");
        assert!(matches!(full, Full::OfNetwork(_)), "{full:?}");
        let _of_another = take("2001:db8:1:3::a").expect("another network");
        let _v4 = take("192.0.2.1").expect("an IPv4 address");
        take("::ffff:192.0.2.1").expect_err("the same one, written as IPv6");
        take("192.0.2.2").expect("another IPv4 address");
    }

    #[test]
    fn a_wider_ipv6_network_has_more_sockets_and_gets_them_back_when_they_close() {
        let (connections, capacity) =
            (Connections::default(), Capacity { total: 99, per_address: Some(2) });
        let take = |network: u32| {
            let address = format!("2001:db8:1:2{network:02x}::1");
            connections.take(address.parse().expect("an address"), capacity).ok()
        };
        for _ in 0..3 {
            let held: Vec<_> = (0..32).filter_map(take).collect();
            assert_eq!(held.len(), 8, "four times those of one address");
        }
        assert_eq!(connections.0.counts.lock().unwrap().by_network.len(), 0);
    }

    #[test]
    fn no_network_takes_more_than_half_of_all_sockets_unless_nothing_limits_addresses() {
        let limited = |per_address| Capacity { total: 21, per_address };
        for (capacity, of_a_customer) in
            [(limited(Some(4)), 10), (limited(Some(usize::MAX)), 10), (limited(None), 21)]
        {
            let connections = Connections::default();
            let take =
                |address: String| connections.take(address.parse().expect("an address"), capacity);
            let of_one = |net: u32| take(format!("2001:db8:1:{net:x}00::1")).ok();
            let held: Vec<_> = (0..64).filter_map(of_one).collect();
            assert_eq!(held.len(), of_a_customer, "{capacity:?}");
            let full = take("2001:db8:1:ff00::1".to_owned()).expect_err("it has its half");
            let is_network = matches!(full, Full::OfNetwork(_));
            assert_eq!(is_network, capacity.per_address.is_some());
            let other = take("192.0.2.1".to_owned()).is_ok();
            assert_eq!(other, capacity.per_address.is_some(), "others come in: {capacity:?}");
        }
        assert_eq!(Capacity { total: 1, per_address: Some(8) }.of_network(0), Some(1));
    }
}
