//! The connections of a listener that wait for a request. When the listener is full, one of them makes room for
//! a new one: nobody keeps others out by connecting and saying nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio_util::sync::CancellationToken;

use crate::limit::network::{Network, networks};

/// The connections of a listener that make room when it is full: those without a request in progress. One that
/// became a WebSocket never does.
#[derive(Clone, Debug, Default)]
pub struct IdleConnections(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    next: u64,
    /// By whether they were answered before, and then by how long they have waited.
    waiting: BTreeMap<Turn, Waiting>,
}

type Turn = (bool, u64);

#[derive(Debug)]
struct Waiting {
    address: IpAddr,
    told_to_go: CancellationToken,
}

/// What a listener knows of one of its connections. Dropping it forgets the connection.
#[derive(Debug)]
pub struct Idling {
    all: IdleConnections,
    address: IpAddr,
    turn: Mutex<Option<Turn>>,
    /// Whether any request has come.
    was_asked: AtomicBool,
    /// Whether the response is complete and only remains to be written.
    is_answered: AtomicBool,
    told_to_go: CancellationToken,
}

impl IdleConnections {
    /// Adds a new connection of an address, which has sent nothing yet.
    pub fn add(&self, address: IpAddr) -> Idling {
        let (was_asked, is_answered) = Default::default();
        let (all, turn) = (self.clone(), Mutex::default());
        let told_to_go = CancellationToken::new();
        let idling = Idling { all, address, turn, was_asked, is_answered, told_to_go };
        idling.wait(false);
        idling
    }

    /// Tells one connection to go, of that network if one is named: one without any request, if there is one, and
    /// of those the one that has waited longest. Returns whether there was any.
    pub fn make_room(&self, within: Option<Network>) -> bool {
        let mut queue = self.lock();
        let is_within = |waiting: &Waiting| {
            within.is_none_or(|within| networks(waiting.address).any(|network| network == within))
        };
        let first = queue.waiting.iter().find(|(_, waiting)| is_within(waiting));
        let Some(turn) = first.map(|(turn, _)| *turn) else { return false };
        if let Some(waiting) = queue.waiting.remove(&turn) {
            waiting.told_to_go.cancel();
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().expect("not poisoned")
    }
}

impl Idling {
    /// Notes that a request has come.
    pub fn note_request(&self) {
        self.was_asked.store(true, Ordering::Relaxed);
        self.is_answered.store(false, Ordering::Relaxed);
        self.forget();
    }

    /// Notes that the connection has the whole response. It may still have to write much of it.
    pub fn note_response(&self) {
        self.is_answered.store(true, Ordering::Relaxed);
    }

    /// Notes that everything was written that the connection had to write.
    pub fn note_written(&self) {
        if self.is_answered.load(Ordering::Relaxed) {
            self.is_answered.store(false, Ordering::Relaxed);
            self.wait(true);
        }
    }

    /// Notes that the connection is being closed.
    pub fn note_end(&self) {
        self.wait(true);
    }

    /// Whether any request has come.
    pub fn was_asked(&self) -> bool {
        self.was_asked.load(Ordering::Relaxed)
    }

    /// Waits until the connection has to go.
    pub async fn told_to_go(&self) {
        self.told_to_go.cancelled().await;
    }

    /// Whether the connection has to go.
    pub fn is_told_to_go(&self) -> bool {
        self.told_to_go.is_cancelled()
    }

    fn wait(&self, was_answered: bool) {
        let mut turn = self.turn();
        let mut queue = self.all.lock();
        if turn.is_none() {
            let new = (was_answered, queue.next);
            queue.next += 1;
            let (address, told_to_go) = (self.address, self.told_to_go.clone());
            queue.waiting.insert(new, Waiting { address, told_to_go });
            *turn = Some(new);
        }
    }

    fn forget(&self) {
        if let Some(turn) = self.turn().take() {
            self.all.lock().waiting.remove(&turn);
        }
    }

    fn turn(&self) -> MutexGuard<'_, Option<Turn>> {
        self.turn.lock().expect("not poisoned")
    }
}

impl Drop for Idling {
    fn drop(&mut self) {
        self.forget();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SOMEBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn room_for_a_network_is_made_by_its_own_connections() {
        let all = IdleConnections::default();
        let other = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
        let [earlier, later] = [other, SOMEBODY].map(|address| all.add(address));
        let network = networks(SOMEBODY).next();
        assert!(all.make_room(network) && later.is_told_to_go());
        assert!(!all.make_room(network) && !earlier.is_told_to_go());
    }

    #[test]
    fn a_connection_that_never_asked_goes_first_and_then_the_one_that_has_waited_longest() {
        let all = IdleConnections::default();
        let [early, served, late, gone] = [(); 4].map(|()| all.add(SOMEBODY));
        for idling in [&early, &served] {
            idling.note_request();
        }
        early.note_response();
        early.note_written();
        drop(gone);
        assert!(all.make_room(None) && late.is_told_to_go());
        assert!(!early.is_told_to_go());
        assert!(all.make_room(None) && early.is_told_to_go());
        assert!(!all.make_room(None) && !served.is_told_to_go());
        served.note_response();
        served.note_written();
        assert!(all.make_room(None) && served.is_told_to_go());
    }

    #[test]
    fn a_connection_that_still_writes_its_response_or_became_a_websocket_never_goes() {
        let all = IdleConnections::default();
        let [busy, upgraded] = [(); 2].map(|()| all.add(SOMEBODY));
        for idling in [&busy, &upgraded] {
            idling.note_request();
            // As for `100 Continue`, or while frames are written.
            idling.note_written();
        }
        assert!(!all.make_room(None));
        busy.note_response();
        assert!(!all.make_room(None), "it isn't written yet");
        busy.note_request();
        busy.note_written();
        assert!(!all.make_room(None), "the next request is in progress");
        upgraded.note_end();
        assert!(all.make_room(None) && upgraded.is_told_to_go() && !busy.is_told_to_go());
    }
}
