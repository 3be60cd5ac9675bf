//! Looks names up, with a share for each address that links are resolved for, and a bound for all of them. A
//! lookup blocks a thread for as long as a name server is silent, even if the request has ended meanwhile, and
//! threads are few.

use std::collections::HashMap;
use std::error::Error;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many lookups for one address are in progress at once, those included that nobody waits for.
const LOOKUPS_PER_ADDRESS_MAX: usize = 8;
/// How many lookups for all addresses are in progress at once: a fraction of the threads on which everything
/// else that blocks runs, too.
const LOOKUPS_MAX: usize = 128;

tokio::task_local! {
    /// The address that the request in this task is made for.
    static MADE_FOR: Option<IpAddr>;
}

/// The lookups in progress.
pub(super) struct Lookups {
    // An address without lookups is removed at the next call of `enter`.
    addresses: Mutex<HashMap<Option<IpAddr>, Weak<Semaphore>>>,
    all: Arc<Semaphore>,
}

/// A name isn't looked up, because too many are.
#[derive(Debug, thiserror::Error)]
#[error("too many names are looked up at the moment")]
pub(super) struct Crowded;

/// A lookup that may be made: one of its address' share, and one of all.
type Permits = (OwnedSemaphorePermit, OwnedSemaphorePermit);

impl Default for Lookups {
    fn default() -> Self {
        Self { addresses: Mutex::default(), all: Arc::new(Semaphore::new(LOOKUPS_MAX)) }
    }
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
    /// Looks a name up for an address. Fails with `Crowded` if too many names are looked up for others.
    pub(super) async fn look_up(
        &self,
        name: String,
        address: Option<IpAddr>,
    ) -> Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>> {
        let permits = self.enter(address).await?;
        let look_up = move || {
            let _permits = permits;
            (name.as_str(), 0).to_socket_addrs().map(Iterator::collect)
        };
        Ok(tokio::task::spawn_blocking(look_up).await??)
    }

    /// Waits for a lookup of the address' share. One of all is there at once or not at all: who waited would
    /// wait for silent name servers of others.
    async fn enter(&self, address: Option<IpAddr>) -> Result<Permits, Crowded> {
        let share = self.of(address).acquire_owned().await.map_err(|_| Crowded)?;
        let one = Arc::clone(&self.all).try_acquire_owned().map_err(|_| Crowded)?;
        Ok((share, one))
    }

    /// Takes all permits, as lookups that hang do.
    #[cfg(test)]
    pub(super) fn fill(&self) -> OwnedSemaphorePermit {
        let all = Arc::clone(&self.all).try_acquire_many_owned(LOOKUPS_MAX.try_into().unwrap());
        all.unwrap()
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
        let mut hanging: Vec<_> = (0..LOOKUPS_PER_ADDRESS_MAX)
            .map(|_| enter_now(&lookups, one).unwrap().unwrap())
            .collect();
        assert!(enter_now(&lookups, one).is_none());
        assert!(enter_now(&lookups, other).unwrap().is_ok());
        hanging.pop();
        assert!(enter_now(&lookups, one).unwrap().is_ok());
        drop(hanging);
        lookups.of(other);
        assert_eq!(lookups.addresses.lock().unwrap().len(), 1, "the idle one is forgotten");
    }

    #[test]
    fn lookups_for_many_addresses_that_hang_are_bounded_and_one_more_is_refused_at_once() {
        let lookups = Lookups::default();
        let address =
            |number: usize| Some(IpAddr::from([192, 0, 2, u8::try_from(number).unwrap()]));
        let mut hanging: Vec<_> = (0..LOOKUPS_MAX)
            .map(|number| address(number / LOOKUPS_PER_ADDRESS_MAX))
            .map(|address| enter_now(&lookups, address).unwrap().unwrap())
            .collect();
        assert!(enter_now(&lookups, address(200)).unwrap().is_err());
        hanging.pop();
        assert!(enter_now(&lookups, address(200)).unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_lookup_knows_whom_its_request_is_made_for() {
        let address = Some(IpAddr::from([192, 0, 2, 1]));
        assert_eq!(made_for(address, async { requester() }).await, address);
        assert_eq!(requester(), None);
    }

    /// Returns `None` if it would have to wait.
    fn enter_now(lookups: &Lookups, address: Option<IpAddr>) -> Option<Result<Permits, Crowded>> {
        let entering = pin!(lookups.enter(address));
        match entering.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(entered) => Some(entered),
            Poll::Pending => None,
        }
    }
}
