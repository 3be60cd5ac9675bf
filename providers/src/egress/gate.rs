//! Limits how many requests are in progress at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests in progress on this node.
pub(super) const REQUESTS_MAX: usize = 64;
/// Requests in progress to one host.
pub(super) const REQUESTS_PER_HOST_MAX: usize = 4;

/// Counts requests, in total and per host.
pub(super) struct Gate {
    all: Arc<Semaphore>,
    // A host without requests is removed at the next call of `enter`.
    hosts: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// Permission to make one request, until dropped.
pub(super) struct Slot {
    _host: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(REQUESTS_MAX)), hosts: Mutex::default() }
    }

    /// Waits until a request to `host` may be made.
    ///
    /// The host's permit is taken first, so that a queue for one slow host delays no other host.
    pub(super) async fn enter(&self, host: &str) -> Slot {
        let host = acquire(self.host(host)).await;
        Slot { _host: host, _all: acquire(Arc::clone(&self.all)).await }
    }

    fn host(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        hosts.retain(|_, semaphore| semaphore.strong_count() > 0);
        if let Some(semaphore) = hosts.get(host).and_then(Weak::upgrade) {
            return semaphore;
        }
        let semaphore = Arc::new(Semaphore::new(REQUESTS_PER_HOST_MAX));
        hosts.insert(host.to_owned(), Arc::downgrade(&semaphore));
        semaphore
    }
}

async fn acquire(semaphore: Arc<Semaphore>) -> OwnedSemaphorePermit {
    semaphore.acquire_owned().await.expect("no semaphore of the gate is ever closed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn a_fifth_request_to_a_host_waits_for_one_of_four() {
        let gate = Gate::new();
        let mut slots: Vec<Slot> = (0..4).map(|_| enter_now(&gate, "a.test").unwrap()).collect();
        assert!(enter_now(&gate, "a.test").is_none());
        assert!(enter_now(&gate, "b.test").is_some());
        slots.pop();
        assert!(enter_now(&gate, "a.test").is_some());
    }

    #[test]
    fn all_hosts_together_stay_within_the_total_limit() {
        let gate = Gate::new();
        let name = |n: usize| format!("{n}.test");
        let slots: Vec<Slot> =
            (0..REQUESTS_MAX).map(|n| enter_now(&gate, &name(n)).unwrap()).collect();
        assert!(enter_now(&gate, "one-more.test").is_none());
        drop(slots);
        assert!(enter_now(&gate, "one-more.test").is_some());
    }

    #[test]
    fn idle_hosts_are_forgotten() {
        let gate = Gate::new();
        for n in 0..100 {
            enter_now(&gate, &format!("{n}.test")).unwrap();
        }
        assert_eq!(gate.hosts.lock().unwrap().len(), 1);
    }

    fn enter_now(gate: &Gate, host: &str) -> Option<Slot> {
        let entering = pin!(gate.enter(host));
        match entering.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(slot) => Some(slot),
            Poll::Pending => None,
        }
    }
}
