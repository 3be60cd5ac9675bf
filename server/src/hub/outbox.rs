//! What waits to be written to one connection. Bounded: state is not history, so a connection
//! that reads too slowly gets the newest state instead of every step towards it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use axum::extract::ws::Utf8Bytes;
use contracts::CloseCode;
use engine::ParticipantId;
use tokio::sync::Notify;

const FRAMES_MAX: usize = 256;
const BYTES_MAX: usize = 256 * 1024;

/// A frame of the room's order, encoded once for everybody.
#[derive(Clone, Debug)]
pub struct OrderedFrame {
    /// The text.
    pub text: Utf8Bytes,
    /// Its place.
    pub position: (u64, u64),
    /// The fence it tells, if any.
    pub fence: Option<u64>,
    /// The host it tells, if any.
    pub host_id: Option<ParticipantId>,
    /// When the commit was published.
    pub published: Instant,
}

/// One thing to write.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// A frame of the room's order.
    Ordered(OrderedFrame),
    /// A frame about the moment.
    Moment(Utf8Bytes),
    /// Frames were dropped or can't be had: write the newest state.
    Resync,
    /// Close, after what came before.
    Close(CloseCode),
}

#[derive(Debug, Default)]
struct Waiting {
    ordered: VecDeque<OrderedFrame>,
    bytes: usize,
    resync: bool,
    // The newest of each replaces the one before.
    presence: Option<Utf8Bytes>,
    viewers: Option<Utf8Bytes>,
    authority: Option<Utf8Bytes>,
    spread: Option<Utf8Bytes>,
    close: Option<CloseCode>,
}

impl Waiting {
    /// The newest state in place of the room's order.
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
    /// Notified when something came in.
    pub wake: Notify,
}

impl Outbox {
    /// Adds a frame of the room's order.
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

    /// Replaces every frame of the room's order by the newest state.
    pub fn resync(&self) {
        self.change(Waiting::collapse);
    }

    /// Replaces the presence frame.
    pub fn set_presence(&self, text: &Utf8Bytes) {
        self.change(|waiting| waiting.presence = Some(text.clone()));
    }

    /// Replaces the viewer count.
    pub fn set_viewers(&self, text: &Utf8Bytes) {
        self.change(|waiting| waiting.viewers = Some(text.clone()));
    }

    /// Replaces what was to be told of the authority.
    pub fn set_authority(&self, text: &Utf8Bytes) {
        self.change(|waiting| waiting.authority = Some(text.clone()));
    }

    /// Replaces what was to be told of the room's spread.
    pub fn set_spread(&self, text: &Utf8Bytes) {
        self.change(|waiting| waiting.spread = Some(text.clone()));
    }

    /// Asks for a close, once everything else is written.
    pub fn close(&self, code: CloseCode) {
        self.change(|waiting| waiting.close = waiting.close.or(Some(code)));
    }

    /// Whether there is something to write.
    pub fn has_waiting(&self) -> bool {
        let waiting = self.lock();
        waiting.resync
            || !waiting.ordered.is_empty()
            || waiting.presence.is_some()
            || waiting.viewers.is_some()
            || waiting.authority.is_some()
            || waiting.spread.is_some()
            || waiting.close.is_some()
    }

    /// The next thing to write, the room's order first.
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
        let moment = waiting.authority.take().or_else(|| waiting.viewers.take());
        let moment = moment.or_else(|| waiting.presence.take());
        let moment = moment.or_else(|| waiting.spread.take());
        moment.map(Outgoing::Moment).or_else(|| waiting.close.take().map(Outgoing::Close))
    }

    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        change(&mut self.lock());
        self.wake.notify_one();
    }

    /// A panic in here leaves nothing that the newest state doesn't put right.
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
    fn a_reader_that_lags_gets_the_newest_state_and_a_bounded_queue() {
        let outbox = Outbox::default();
        for version in 0..10_000 {
            outbox.push(&frame(version));
        }
        assert!(matches!(outbox.pop(), Some(Outgoing::Resync)));
        assert!(outbox.pop().is_none());
        outbox.push(&frame(10_000));
        assert!(
            matches!(outbox.pop(), Some(Outgoing::Ordered(frame)) if frame.position.1 == 10_000)
        );
    }

    #[test]
    fn a_close_comes_after_what_was_to_be_said() {
        let outbox = Outbox::default();
        outbox.close(CloseCode::ROOM_CLOSED);
        outbox.set_viewers(&"v".into());
        outbox.push(&frame(1));
        assert!(matches!(outbox.pop(), Some(Outgoing::Ordered(_))));
        assert!(matches!(outbox.pop(), Some(Outgoing::Moment(_))));
        assert!(matches!(outbox.pop(), Some(Outgoing::Close(CloseCode::ROOM_CLOSED))));
    }

    fn frame(version: u64) -> OrderedFrame {
        let (position, published) = ((1, version), Instant::now());
        OrderedFrame { text: "x".into(), position, fence: None, host_id: None, published }
    }
}
