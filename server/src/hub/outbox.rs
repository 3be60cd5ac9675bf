//! What waits to be written to one connection. It is bounded: a connection that reads too slowly
//! gets the newest state instead of every event that led to it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use contracts::CloseCode;
use engine::{ParticipantId, Place};
use tokio::sync::Notify;
use tungstenite::Utf8Bytes;

const FRAMES_MAX: usize = 256;
const BYTES_MAX: usize = 256 * 1024;

/// A frame with a place in the room's order, encoded once for all connections.
#[derive(Clone, Debug)]
pub struct OrderedFrame {
    /// The frame's text.
    pub text: Utf8Bytes,
    /// The place of its commit.
    pub place: Place,
    /// The new fence, if it carries one.
    pub fence: Option<u64>,
    /// The new host, if it carries one.
    pub host_id: Option<ParticipantId>,
    /// When the store published the commit.
    pub published: Instant,
}

/// The next thing to write to a connection.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// A frame with a place in the room's order.
    Ordered(OrderedFrame),
    /// A frame without a place: only the newest of its kind counts.
    Ephemeral(Utf8Bytes),
    /// The newest state of the room, because ordered frames were dropped or are missing.
    Resync,
    /// A close frame.
    Close(CloseCode),
}

#[derive(Debug, Default)]
struct Waiting {
    ordered: VecDeque<OrderedFrame>,
    bytes: usize,
    resync: bool,
    // A newer frame replaces the one that waits.
    presence: Option<Utf8Bytes>,
    viewers: Option<Utf8Bytes>,
    authority: Option<Utf8Bytes>,
    spread: Option<Utf8Bytes>,
    knocks: Option<Utf8Bytes>,
    close: Option<CloseCode>,
}

impl Waiting {
    /// Replaces all ordered frames by the newest state.
    fn collapse(&mut self) {
        self.ordered = VecDeque::new();
        self.bytes = 0;
        self.resync = true;
    }
}

/// What waits to be written to one connection.
#[derive(Debug, Default)]
pub struct Outbox {
    // A std mutex: never held across an await.
    waiting: Mutex<Waiting>,
    /// Notified when something was added.
    pub wake: Notify,
}

impl Outbox {
    /// Adds an ordered frame.
    pub fn push(&self, frame: &OrderedFrame) {
        self.change(|waiting| {
            let bytes = waiting.bytes + frame.text.len();
            if waiting.resync {
                return;
            }
            if waiting.ordered.len() >= FRAMES_MAX || bytes > BYTES_MAX {
                waiting.collapse();
                return;
            }
            waiting.bytes = bytes;
            waiting.ordered.push_back(frame.clone());
        });
    }

    /// Replaces all ordered frames by the newest state.
    pub fn resync(&self) {
        self.change(Waiting::collapse);
    }

    /// Sets the presence frame.
    pub fn set_presence(&self, text: &Utf8Bytes) {
        self.change(|waiting| waiting.presence = Some(text.clone()));
    }

    /// Sets the viewer count frame.
    pub fn set_viewers(&self, text: &Utf8Bytes) {
        self.change(|waiting| waiting.viewers = Some(text.clone()));
    }

    /// Sets the frame that says whether the authority can be reached.
    pub fn set_authority(&self, text: &Utf8Bytes) {
        self.change(|waiting| waiting.authority = Some(text.clone()));
    }

    /// Sets the frame that carries the room's spread.
    pub fn set_spread(&self, text: &Utf8Bytes) {
        self.change(|waiting| waiting.spread = Some(text.clone()));
    }

    /// Sets the frame that says who asks to join.
    pub fn set_knocks(&self, text: &Utf8Bytes) {
        self.change(|waiting| waiting.knocks = Some(text.clone()));
    }

    /// Closes the connection once everything else is written. The first code counts.
    pub fn close(&self, code: CloseCode) {
        self.change(|waiting| waiting.close = waiting.close.or(Some(code)));
    }

    /// Returns whether there is anything to write.
    pub fn has_waiting(&self) -> bool {
        let waiting = self.lock();
        waiting.resync
            || !waiting.ordered.is_empty()
            || waiting.presence.is_some()
            || waiting.viewers.is_some()
            || waiting.authority.is_some()
            || waiting.spread.is_some()
            || waiting.knocks.is_some()
            || waiting.close.is_some()
    }

    /// Takes the next thing to write, ordered frames first.
    pub fn pop(&self) -> Option<Outgoing> {
        let mut waiting = self.lock();
        if waiting.resync {
            waiting.resync = false;
            return Some(Outgoing::Resync);
        }
        if let Some(frame) = waiting.ordered.pop_front() {
            waiting.bytes -= frame.text.len();
            if waiting.ordered.is_empty() {
                // An idle connection keeps no buffer.
                waiting.ordered = VecDeque::new();
            }
            return Some(Outgoing::Ordered(frame));
        }
        let ephemeral = waiting.authority.take().or_else(|| waiting.viewers.take());
        let ephemeral = ephemeral.or_else(|| waiting.presence.take());
        let ephemeral = ephemeral.or_else(|| waiting.spread.take());
        let ephemeral = ephemeral.or_else(|| waiting.knocks.take());
        ephemeral.map(Outgoing::Ephemeral).or_else(|| waiting.close.take().map(Outgoing::Close))
    }

    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        change(&mut self.lock());
        self.wake.notify_one();
    }

    /// Recovers from a panic under the lock: the newest state makes up for whatever is half done.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(|poisoned| {
            self.waiting.clear_poison();
            let mut waiting = poisoned.into_inner();
            waiting.collapse();
            waiting
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_reader_gets_the_newest_state_and_its_queue_stays_bounded() {
        let outbox = Outbox::default();
        for version in 0..10_000 {
            outbox.push(&frame(version));
        }
        assert!(matches!(outbox.pop(), Some(Outgoing::Resync)));
        assert!(outbox.pop().is_none());
        outbox.push(&frame(10_000));
        assert!(
            matches!(outbox.pop(), Some(Outgoing::Ordered(frame)) if frame.place.version == 10_000)
        );
    }

    #[test]
    fn a_close_is_written_after_everything_else() {
        let outbox = Outbox::default();
        outbox.close(CloseCode::ROOM_CLOSED);
        outbox.set_viewers(&"v".into());
        outbox.push(&frame(1));
        assert!(matches!(outbox.pop(), Some(Outgoing::Ordered(_))));
        assert!(matches!(outbox.pop(), Some(Outgoing::Ephemeral(_))));
        assert!(matches!(outbox.pop(), Some(Outgoing::Close(CloseCode::ROOM_CLOSED))));
    }

    fn frame(version: u64) -> OrderedFrame {
        let (place, published) = (Place { epoch: 1, version }, Instant::now());
        OrderedFrame { text: "x".into(), place, fence: None, host_id: None, published }
    }
}
