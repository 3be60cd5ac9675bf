//! Shares out the requests that may be in progress at once: fairly between the addresses and the users that
//! they are made for, and between the hosts that they go to.
//!
//! While there is room, anybody may use it. Once there is none, users with fewer requests in progress come
//! before those with more, and take the place of one of theirs if the difference is two or more. Otherwise
//! a few users whose links lead to hosts that answer drop by drop would keep everybody else waiting. Nor may
//! they fill the queue: an address has a part of it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::error::{ErrorKind, Failure};

/// Requests in progress on this node.
pub(super) const REQUESTS_MAX: usize = 64;
/// Requests in progress to one host.
pub(super) const REQUESTS_PER_HOST_MAX: usize = 4;
/// Requests that wait.
const WAITING_MAX: usize = 1024;
/// Requests that wait for one address, or for one user without an address.
const WAITING_PER_ADDRESS_MAX: usize = WAITING_MAX / 4;

/// Whom a request is made for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Requester {
    /// The user; empty for the server itself.
    pub user: Arc<str>,
    /// The address that the user came from.
    pub address: Option<IpAddr>,
}

/// Who has one part of the queue, and of the lookups.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Sharer {
    /// All users at an address.
    Address(IpAddr),
    /// One user without any.
    User(Arc<str>),
}

impl Requester {
    /// Returns whose part its requests take.
    pub(super) fn sharer(&self) -> Sharer {
        self.address.map_or_else(|| Sharer::User(self.user.clone()), Sharer::Address)
    }
}

/// Admits requests.
#[derive(Default)]
pub(super) struct Gate(Mutex<State>);

#[derive(Default)]
struct State {
    /// The number of the newest request.
    last: u64,
    running: BTreeMap<u64, Running>,
    waiting: BTreeMap<u64, Waiting>,
}

struct Running {
    requester: Requester,
    host: String,
    cut_off: Arc<Notify>,
}

struct Waiting {
    requester: Requester,
    host: String,
    admitted: oneshot::Sender<Slot>,
}

/// Permission to make one request, until dropped or cut off.
pub(super) struct Slot {
    gate: Arc<Gate>,
    number: u64,
    cut_off: Arc<Notify>,
}

impl Gate {
    /// Waits until a request to `host` may be made. Fails if too many wait already, of all or of this
    /// requester's address.
    pub(super) async fn enter(
        self: &Arc<Self>,
        requester: &Requester,
        host: &str,
    ) -> Result<Slot, Failure> {
        let admission = {
            let mut state = self.lock();
            state.last += 1;
            let number = state.last;
            if state.make_room(requester, host) {
                return Ok(self.start(&mut state, number, requester.clone(), host.to_owned()));
            }
            state.waiting.retain(|_, waiting| !waiting.admitted.is_closed());
            if !state.may_wait(requester) {
                return Err(crowded());
            }
            let (admitted, admission) = oneshot::channel();
            let (requester, host) = (requester.clone(), host.to_owned());
            state.waiting.insert(number, Waiting { requester, host, admitted });
            admission
        };
        admission.await.map_err(|_| crowded())
    }

    fn start(
        self: &Arc<Self>,
        state: &mut State,
        number: u64,
        requester: Requester,
        host: String,
    ) -> Slot {
        let cut_off = Arc::<Notify>::default();
        state.running.insert(number, Running { requester, host, cut_off: cut_off.clone() });
        Slot { gate: self.clone(), number, cut_off }
    }

    /// Lets requests start that wait, as far as there is room.
    fn admit(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            state.waiting.retain(|_, waiting| !waiting.admitted.is_closed());
            let Some(number) = state.find_next() else { return };
            let Some(Waiting { requester, host, admitted }) = state.waiting.remove(&number) else {
                return;
            };
            let slot = self.start(&mut state, number, requester, host);
            // A slot that nobody takes any more is released at once, which takes the lock.
            drop(state);
            let _ = admitted.send(slot);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Makes room for one more request, if need be in place of one of somebody who has more of them.
    /// Returns whether there is room.
    fn make_room(&mut self, requester: &Requester, host: &str) -> bool {
        if self.count(|running| running.host == host) >= REQUESTS_PER_HOST_MAX
            && !self.cut_off(requester, |running| running.host == host)
        {
            return false;
        }
        self.running.len() < REQUESTS_MAX || self.cut_off(requester, |_| true)
    }

    /// Ends one of the requests that `among` selects: the oldest one of the user who has most of them,
    /// if `requester` still has fewer after it. Returns whether one was ended.
    fn cut_off(&mut self, requester: &Requester, among: impl Fn(&Running) -> bool) -> bool {
        let of_address = |who: &Requester| {
            self.count(|running| among(running) && running.requester.address == who.address)
        };
        let of_user =
            |who: &Requester| self.count(|running| among(running) && running.requester == *who);
        let has_more = |other: &Requester| {
            if other.address == requester.address {
                of_user(other) > of_user(requester) + 1
            } else {
                of_address(other) > of_address(requester) + 1
            }
        };
        let selected = self.running.iter().filter(|(_, running)| among(running));
        let ended = selected
            .filter(|(_, running)| has_more(&running.requester))
            .max_by_key(|(number, Running { requester, .. })| {
                (of_address(requester), of_user(requester), Reverse(**number))
            })
            .map(|(number, _)| *number);
        let ended = ended.and_then(|number| self.running.remove(&number));
        if let Some(running) = &ended {
            running.cut_off.notify_one();
        }
        ended.is_some()
    }

    /// Whether one more request may wait.
    fn may_wait(&self, requester: &Requester) -> bool {
        let sharer = requester.sharer();
        let sharing = self.waiting.values().filter(|one| one.requester.sharer() == sharer);
        self.waiting.len() < WAITING_MAX && sharing.count() < WAITING_PER_ADDRESS_MAX
    }

    /// Returns the waiting request that may start now: one of the user with the fewest in progress.
    fn find_next(&self) -> Option<u64> {
        if self.running.len() >= REQUESTS_MAX {
            return None;
        }
        let has_room =
            |host: &str| self.count(|running| running.host == host) < REQUESTS_PER_HOST_MAX;
        let startable = self.waiting.iter().filter(|(_, waiting)| has_room(&waiting.host));
        let next = startable.min_by_key(|(number, Waiting { requester, .. })| {
            let of_address = self.count(|running| running.requester.address == requester.address);
            (of_address, self.count(|running| running.requester == *requester), **number)
        });
        next.map(|(number, _)| *number)
    }

    fn count(&self, of: impl Fn(&Running) -> bool) -> usize {
        self.running.values().filter(|running| of(running)).count()
    }
}

impl Slot {
    /// Waits until the request has to end, because somebody else has fewer.
    pub(super) async fn cut_off(&self) {
        self.cut_off.notified().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.gate.lock().running.remove(&self.number).is_some() {
            self.gate.admit();
        }
    }
}

/// The failure of a request for which there is no room.
pub(super) fn crowded() -> Failure {
    let detail = "This server looks at too many links at the moment; try again a little later.";
    Failure::new(ErrorKind::RateLimited, detail)
}

#[cfg(test)]
mod tests;
