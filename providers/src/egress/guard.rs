//! Name resolution that gives out only addresses the policy permits.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::policy::EgressPolicy;

/// The resolver hook. The connection uses exactly the addresses it returns, so a name can't be
/// re-bound between the look and the connection.
pub(super) struct Guard {
    pub(super) policy: Arc<EgressPolicy>,
    /// Names of this server's own origins need no vetting; used by their client alone.
    pub(super) own: bool,
    /// Answers that stand in for the system's resolver.
    #[cfg(test)]
    pub(super) names: std::collections::HashMap<&'static str, Vec<IpAddr>>,
}

/// A name leads to an address that the policy refuses.
#[derive(Debug, thiserror::Error)]
#[error("a resolved address is refused by the egress policy")]
pub(super) struct Refused;

impl Guard {
    /// All addresses or none: one private address among public ones is an attempt to get in.
    fn vet(&self, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let permitted = |address: &SocketAddr| self.own || self.policy.permits(address.ip());
        if addresses.iter().all(permitted) { Ok(addresses) } else { Err(Refused) }
    }

    #[cfg(test)]
    fn stand_in(&self, name: &str) -> Option<Vec<SocketAddr>> {
        let addresses = self.names.get(name)?;
        Some(addresses.iter().map(|ip| SocketAddr::new(*ip, 0)).collect())
    }

    #[cfg(not(test))]
    fn stand_in(&self, _name: &str) -> Option<Vec<SocketAddr>> {
        None
    }
}

impl Resolve for Arc<Guard> {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Self::clone(self);
        Box::pin(async move {
            let addresses = match guard.stand_in(name.as_str()) {
                Some(addresses) => addresses,
                None => tokio::net::lookup_host((name.as_str(), 0)).await?.collect(),
            };
            Ok(Box::new(guard.vet(addresses)?.into_iter()) as Addrs)
        })
    }
}

/// Whether an error came from the guard, however deep the client wrapped it.
pub(super) fn is_refusal(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<Refused>() {
            return true;
        }
        next = error.source();
    }
    false
}
