//! Looks names up, with a share for each address that links are resolved for. A lookup blocks a thread for
//! as long as a name server is silent, even if the request has ended meanwhile, and threads are few.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many lookups for one address are in progress at once, those included that nobody waits for.
const LOOKUPS_PER_ADDRESS_MAX: usize = 8;

tokio::task_local! {
    /// The address that the request in this task is made for.
    static MADE_FOR: Option<IpAddr>;
}

/// The lookups in progress.
#[derive(Default)]
pub(super) struct Lookups {
    // An address without lookups is removed at the next call of `enter`.
    addresses: Mutex<HashMap<Option<IpAddr>, Weak<Semaphore>>>,
}

/// Runs a request, whose lookups count as those of `address`.
pub(super) async fn made_for<T>(address: Option<IpAddr>, request: impl Future<Output = T>) -> T {
    MADE_FOR.scope(address, request).await
}

/// Returns the address that the request in this task is made for.
pub(super) fn requester() -> Option<IpAddr> {
    MADE_FOR.try_with(|address| *address).ok().flatten()
}

impl Lookups {
    /// Looks a name up for an address.
    pub(super) async fn look_up(
        &self,
        name: String,
        address: Option<IpAddr>,
    ) -> std::io::Result<Vec<SocketAddr>> {
        let permit = self.enter(address).await;
        let look_up = move || {
            let _permit = permit;
            (name.as_str(), 0).to_socket_addrs().map(Iterator::collect)
        };
        tokio::task::spawn_blocking(look_up).await.map_err(std::io::Error::other)?
    }

    async fn enter(&self, address: Option<IpAddr>) -> OwnedSemaphorePermit {
        let semaphore = self.of(address);
        semaphore.acquire_owned().await.expect("no semaphore of lookups is ever closed")
    }

    fn of(&self, address: Option<IpAddr>) -> Arc<Semaphore> {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        addresses.retain(|_, semaphore| semaphore.strong_count() > 0);
        if let Some(semaphore) = addresses.get(&address).and_then(Weak::upgrade) {
            return semaphore;
        }
        let semaphore = Arc::new(Semaphore::new(LOOKUPS_PER_ADDRESS_MAX));
        addresses.insert(address, Arc::downgrade(&semaphore));
        semaphore
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn lookups_that_hang_keep_only_their_own_address_waiting() {
        let lookups = Lookups::default();
        let (one, other) = (Some(IpAddr::from([192, 0, 2, 1])), Some(IpAddr::from([192, 0, 2, 2])));
        let mut hanging: Vec<_> =
            (0..LOOKUPS_PER_ADDRESS_MAX).map(|_| enter_now(&lookups, one).unwrap()).collect();
        assert!(enter_now(&lookups, one).is_none());
        assert!(enter_now(&lookups, other).is_some());
        hanging.pop();
        assert!(enter_now(&lookups, one).is_some());
        drop(hanging);
        lookups.of(other);
        assert_eq!(lookups.addresses.lock().unwrap().len(), 1, "the idle one is forgotten");
    }

    #[tokio::test]
    async fn a_lookup_knows_whom_its_request_is_made_for() {
        let address = Some(IpAddr::from([192, 0, 2, 1]));
        assert_eq!(made_for(address, async { requester() }).await, address);
        assert_eq!(requester(), None);
    }

    fn enter_now(lookups: &Lookups, address: Option<IpAddr>) -> Option<OwnedSemaphorePermit> {
        let entering = pin!(lookups.enter(address));
        match entering.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(permit) => Some(permit),
            Poll::Pending => None,
        }
    }
}
