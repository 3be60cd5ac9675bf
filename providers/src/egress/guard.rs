//! Resolves names to addresses that the policy permits.

use std::error::Error;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::lookups::{self, Crowded, Found, Lookups};
use super::own::OwnAddresses;
use super::policy::EgressPolicy;

/// Of a name's addresses, so many count. The others are neither asked about nor connected to.
const ADDRESSES_MAX: usize = 32;

/// The client's resolver. Connections use exactly the addresses it returns, so a name can't be
/// rebound between the check and the connection.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) policy: Arc<EgressPolicy>,
    pub(super) lookups: Arc<Lookups>,
    /// Replaces the system's resolver for these names.
    #[cfg(test)]
    pub(super) names: std::collections::HashMap<&'static str, Vec<std::net::IpAddr>>,
}

/// A name resolves to an address that the policy refuses.
#[derive(Debug, thiserror::Error)]
#[error("a resolved address is refused by the egress policy")]
pub(super) struct Refused;

impl Guard {
    /// Looks a name up, which blocks. Returns all addresses that count or none: one private address among public
    /// ones is an attack.
    fn look_up(&self, name: &str) -> Found {
        let mut addresses = self.find_addresses(name)?;
        addresses.truncate(ADDRESSES_MAX);
        let own = OwnAddresses::default();
        if addresses.iter().all(|address| self.policy.permits(address.ip(), &own)) {
            Ok(addresses)
        } else {
            Err(Refused.into())
        }
    }

    fn find_addresses(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        #[cfg(test)]
        if let Some(addresses) = self.names.get(name) {
            return Ok(addresses.iter().map(|ip| SocketAddr::new(*ip, 0)).collect());
        }
        (name, 0).to_socket_addrs().map(Iterator::collect)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        // Asked here, in the task of the request; what follows may run in another.
        let (guard, sharer) = (self.clone(), lookups::sharer());
        Box::pin(async move {
            let lookups = Arc::clone(&guard.lookups);
            let addresses = lookups.run(sharer, move || guard.look_up(name.as_str())).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Whether the error, or any error below it, is the guard's refusal.
pub(super) fn is_refusal(error: &(dyn Error + 'static)) -> bool {
    is_because_of::<Refused>(error)
}

/// Whether the error, or any error below it, is that too many names are looked up.
pub(super) fn is_crowded(error: &(dyn Error + 'static)) -> bool {
    is_because_of::<Crowded>(error)
}

fn is_because_of<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::own::tests::READS;
    use std::net::IpAddr;

    #[test]
    fn of_a_name_with_many_addresses_few_count_and_the_kernel_is_asked_once_about_all_of_them() {
        let many = (0..2000_u16).map(|n| IpAddr::from([0x2a00, 0, 0, 0, 0, 0, 0, n])).collect();
        let names = [("many.test", many)].into();
        let guard = Guard { policy: Arc::default(), lookups: Arc::default(), names };
        assert_eq!(guard.look_up("many.test").unwrap().len(), ADDRESSES_MAX);
        assert_eq!(READS.get(), 1);
    }
}
