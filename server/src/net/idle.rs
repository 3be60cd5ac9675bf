//! The connections of a listener that wait for a request. When the listener is full, one of them makes room for
//! a new one: nobody keeps others out by connecting and saying nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio_util::sync::CancellationToken;

/// The connections of a listener that make room when it is full.
#[derive(Clone, Debug)]
pub struct IdleConnections {
    queue: Arc<Mutex<Queue>>,
    /// Whether connections that were answered before make room, too.
    between_requests: bool,
}

#[derive(Debug, Default)]
struct Queue {
    next: u64,
    /// By whether they were answered before, and then by how long they have waited.
    waiting: BTreeMap<Turn, CancellationToken>,
}

type Turn = (bool, u64);

/// What a listener knows of one of its connections. Dropping it forgets the connection.
#[derive(Debug)]
pub struct Idling {
    all: IdleConnections,
    turn: Mutex<Option<Turn>>,
    told_to_go: CancellationToken,
}

impl IdleConnections {
    /// For a listener whose connections make room only before their first request.
    pub fn before_requests() -> Self {
        Self { queue: Arc::default(), between_requests: false }
    }

    /// For a listener whose connections make room whenever no request is in progress.
    pub fn between_requests() -> Self {
        Self { queue: Arc::default(), between_requests: true }
    }

    /// Adds a new connection, which has sent nothing yet.
    pub fn add(&self) -> Idling {
        let told_to_go = CancellationToken::new();
        let idling = Idling { all: self.clone(), turn: Mutex::default(), told_to_go };
        idling.wait(false);
        idling
    }

    /// Tells one connection to go: one without any request, if there is one, and of those the one that has
    /// waited longest. Returns whether there was any.
    pub fn make_room(&self) -> bool {
        let first = self.lock().waiting.pop_first();
        first.map(|(_, told_to_go)| told_to_go.cancel()).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("not poisoned")
    }
}

impl Idling {
    /// Notes that a request has come.
    pub fn note_request(&self) {
        if let Some(turn) = self.turn().take() {
            self.all.lock().waiting.remove(&turn);
        }
    }

    /// Notes that no request is in progress any more.
    pub fn note_response(&self) {
        if self.all.between_requests {
            self.wait(true);
        }
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
            queue.waiting.insert(new, self.told_to_go.clone());
            *turn = Some(new);
        }
    }

    fn turn(&self) -> MutexGuard<'_, Option<Turn>> {
        self.turn.lock().expect("not poisoned")
    }
}

impl Drop for Idling {
    fn drop(&mut self) {
        self.note_request();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_never_asked_goes_first_and_then_the_one_that_has_waited_longest() {
        let all = IdleConnections::between_requests();
        let [early, served, late, gone] = [(); 4].map(|()| all.add());
        for idling in [&early, &served] {
            idling.note_request();
        }
        early.note_response();
        drop(gone);
        assert!(all.make_room() && late.is_told_to_go());
        assert!(!early.is_told_to_go());
        assert!(all.make_room() && early.is_told_to_go());
        assert!(!all.make_room() && !served.is_told_to_go());
        served.note_response();
        assert!(all.make_room() && served.is_told_to_go());
    }

    #[test]
    fn a_connection_that_was_answered_stays_where_only_silent_ones_make_room() {
        let all = IdleConnections::before_requests();
        let [asked, silent] = [(); 2].map(|()| all.add());
        asked.note_request();
        asked.note_response();
        assert!(all.make_room() && silent.is_told_to_go());
        assert!(!all.make_room() && !asked.is_told_to_go());
    }
}
