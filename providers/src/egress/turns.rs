//! Gives the bodies that are being read their turns, one at a time and a slice each.
//!
//! A few kilobytes can expand to megabytes, all of them ready at once. Reading them on a worker without a
//! pause would hold up everything else that the worker has to do, such as commands of rooms.

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::yield_now;

/// How much of a body is read in one turn, in bytes. That takes well below a millisecond.
pub(super) const SLICE_BYTES: usize = 32 * 1024;

/// The turns of all bodies that an egress reads.
#[derive(Debug)]
pub(super) struct Turns(Semaphore);

/// Permission to read a slice.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    /// `None` never occurs: the semaphore is never closed.
    _permit: Option<SemaphorePermit<'a>>,
    left: usize,
}

impl Default for Turns {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

impl Turns {
    /// Waits until it is this body's turn. They come in the order of asking.
    pub(super) async fn take(&self) -> Turn<'_> {
        Turn { turns: self, _permit: self.0.acquire().await.ok(), left: SLICE_BYTES }
    }
}

impl<'a> Turn<'a> {
    /// Counts bytes that were read. After a slice, everything else that can run does so, and then the other
    /// bodies have their turns.
    pub(super) async fn spend(self, bytes: usize) -> Turn<'a> {
        let left = self.left.saturating_sub(bytes);
        if left > 0 {
            return Turn { left, ..self };
        }
        // With the turn kept: the next body would otherwise run at once.
        yield_now().await;
        let turns = self.turns;
        drop(self);
        turns.take().await
    }
}
