//! Resolves names to addresses that the policy permits.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::gate::Sharer;
use super::lookups::{self, Crowded, Lookups};
use super::policy::EgressPolicy;

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
    /// Returns all addresses or none: one private address among public ones is an attack.
    fn vet(&self, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let permitted = |address: &SocketAddr| self.policy.permits(address.ip());
        if addresses.iter().all(permitted) { Ok(addresses) } else { Err(Refused) }
    }

    async fn look_up(
        &self,
        name: &str,
        made_for: Sharer,
    ) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        #[cfg(test)]
        if let Some(addresses) = self.names.get(name) {
            return Ok(addresses.iter().map(|ip| SocketAddr::new(*ip, 0)).collect());
        }
        self.lookups.look_up(name.to_owned(), made_for).await
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        // Asked here, in the task of the request; what follows may run in another.
        let (guard, made_for) = (self.clone(), lookups::sharer());
        Box::pin(async move {
            let addresses = guard.look_up(name.as_str(), made_for).await?;
            Ok(Box::new(guard.vet(addresses)?.into_iter()) as Addrs)
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
