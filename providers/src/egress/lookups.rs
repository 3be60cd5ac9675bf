//! Looks names up. Each address that links are resolved for has a share, and so has each room that reads its media
//! again, which has no address. All together have a bound. Anybody can create rooms cheaply, so rooms get half of it,
//! and links that people wait for come first. A lookup blocks a thread for as long as a name server is silent, even if
//! the request has ended meanwhile, and threads are few.

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::gate::{Requester, Sharer};

/// How many lookups for one sharer are in progress at once, those included that nobody waits for.
const LOOKUPS_PER_SHARER_MAX: usize = 8;
/// How many lookups for all are in progress at once: a fraction of the threads on which everything
/// else that blocks runs, too.
const LOOKUPS_MAX: usize = 128;
/// How many of those are for users without an address.
const LOOKUPS_WITHOUT_ADDRESS_MAX: usize = LOOKUPS_MAX / 2;

tokio::task_local! {
    /// Whose lookups those of the request in this task are.
    static MADE_FOR: Sharer;
}

/// The lookups in progress.
pub(super) struct Lookups {
    // A sharer without lookups is removed at the next call of `enter`.
    sharers: Mutex<HashMap<Sharer, Weak<Semaphore>>>,
    without_address: Arc<Semaphore>,
    all: Arc<Semaphore>,
}

/// What a lookup finds.
pub(super) type Found = Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>>;

/// A name isn't looked up, because too many are.
#[derive(Debug, thiserror::Error)]
#[error("too many names are looked up at the moment")]
pub(super) struct Crowded;

/// A lookup that may be made: one of its sharer's, one of those without an address if it is, and one of all.
type Permits = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>, OwnedSemaphorePermit);

impl Default for Lookups {
    fn default() -> Self {
        Self {
            sharers: Mutex::default(),
            without_address: Arc::new(Semaphore::new(LOOKUPS_WITHOUT_ADDRESS_MAX)),
            all: Arc::new(Semaphore::new(LOOKUPS_MAX)),
        }
    }
}

/// Runs a request, whose lookups count as those of `requester`.
pub(super) async fn made_for<T>(requester: &Requester, request: impl Future<Output = T>) -> T {
    MADE_FOR.scope(requester.sharer(), request).await
}

/// Returns whose lookups those of the request in this task are.
pub(super) fn sharer() -> Sharer {
    MADE_FOR.try_with(Sharer::clone).unwrap_or_else(|_| Requester::default().sharer())
}

impl Lookups {
    /// Runs a lookup for a sharer, which blocks. Fails with `Crowded` if too many names are looked up for others.
    pub(super) async fn run(
        &self,
        sharer: Sharer,
        look_up: impl FnOnce() -> Found + Send + 'static,
    ) -> Found {
        let permits = self.enter(sharer).await?;
        let look_up = move || {
            let _permits = permits;
            look_up()
        };
        tokio::task::spawn_blocking(look_up).await?
    }

    /// Waits for a lookup of the sharer's. One of all is there at once or not at all: who waited would
    /// wait for silent name servers of others.
    async fn enter(&self, sharer: Sharer) -> Result<Permits, Crowded> {
        let is_without_address = matches!(sharer, Sharer::User(_));
        let own = self.of(sharer).acquire_owned().await.map_err(|_| Crowded)?;
        let take = |of: &Arc<Semaphore>| Arc::clone(of).try_acquire_owned().map_err(|_| Crowded);
        let without_address =
            is_without_address.then(|| take(&self.without_address)).transpose()?;
        Ok((own, without_address, take(&self.all)?))
    }

    /// Takes all permits, as lookups that hang do.
    #[cfg(test)]
    pub(super) fn fill(&self) -> OwnedSemaphorePermit {
        let all = Arc::clone(&self.all).try_acquire_many_owned(LOOKUPS_MAX.try_into().unwrap());
        all.unwrap()
    }

    fn of(&self, sharer: Sharer) -> Arc<Semaphore> {
        let mut sharers = self.sharers.lock().unwrap_or_else(PoisonError::into_inner);
        sharers.retain(|_, semaphore| semaphore.strong_count() > 0);
        if let Some(semaphore) = sharers.get(&sharer).and_then(Weak::upgrade) {
            return semaphore;
        }
        let semaphore = Arc::new(Semaphore::new(LOOKUPS_PER_SHARER_MAX));
        sharers.insert(sharer, Arc::downgrade(&semaphore));
        semaphore
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn lookups_that_hang_keep_only_their_own_address_or_their_own_room_waiting() {
        for sharer in [at, room] {
            let lookups = Lookups::default();
            let mut hanging: Vec<_> = (0..LOOKUPS_PER_SHARER_MAX)
                .map(|_| enter_now(&lookups, sharer(1)).unwrap().unwrap())
                .collect();
            assert!(enter_now(&lookups, sharer(1)).is_none());
            assert!(enter_now(&lookups, sharer(2)).unwrap().is_ok());
            hanging.pop();
            assert!(enter_now(&lookups, sharer(1)).unwrap().is_ok());
            drop(hanging);
            lookups.of(sharer(2));
            assert_eq!(lookups.sharers.lock().unwrap().len(), 1, "the idle one is forgotten");
        }
    }

    #[test]
    fn lookups_for_many_addresses_that_hang_are_bounded_and_one_more_is_refused_at_once() {
        let lookups = Lookups::default();
        let mut hanging = hang(&lookups, at, LOOKUPS_MAX);
        assert!(enter_now(&lookups, at(200)).unwrap().is_err());
        assert!(enter_now(&lookups, room(200)).unwrap().is_err());
        hanging.pop();
        assert!(enter_now(&lookups, at(200)).unwrap().is_ok());
    }

    #[test]
    fn lookups_for_many_rooms_that_hang_leave_some_to_the_links_that_people_wait_for() {
        let lookups = Lookups::default();
        let _hanging = hang(&lookups, room, LOOKUPS_WITHOUT_ADDRESS_MAX);
        assert!(enter_now(&lookups, room(200)).unwrap().is_err());
        let _hanging = hang(&lookups, at, LOOKUPS_MAX - LOOKUPS_WITHOUT_ADDRESS_MAX);
        assert!(enter_now(&lookups, at(200)).unwrap().is_err());
    }

    #[tokio::test]
    async fn a_lookup_knows_whom_its_request_is_made_for() {
        let requester = |address| Requester { user: "room".into(), address };
        for (address, made) in
            [(Some(IpAddr::from([192, 0, 2, 1])), at(1)), (None, room_of("room"))]
        {
            assert_eq!(made_for(&requester(address), async { sharer() }).await, made);
        }
        assert_eq!(sharer(), room_of(""));
    }

    fn at(number: usize) -> Sharer {
        Sharer::Address(IpAddr::from([192, 0, 2, u8::try_from(number).unwrap()]))
    }

    fn room(number: usize) -> Sharer {
        room_of(&number.to_string())
    }

    fn room_of(id: &str) -> Sharer {
        Sharer::User(id.into())
    }

    /// Begins this many lookups, as many for each sharer as it may have.
    fn hang(lookups: &Lookups, sharer: fn(usize) -> Sharer, count: usize) -> Vec<Permits> {
        let sharers = (0..count).map(|number| sharer(number / LOOKUPS_PER_SHARER_MAX));
        sharers.map(|sharer| enter_now(lookups, sharer).unwrap().unwrap()).collect()
    }

    /// Returns `None` if it would have to wait.
    fn enter_now(lookups: &Lookups, sharer: Sharer) -> Option<Result<Permits, Crowded>> {
        let entering = pin!(lookups.enter(sharer));
        match entering.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(entered) => Some(entered),
            Poll::Pending => None,
        }
    }
}
