//! Decides what passes over one connection.

use std::fmt::Debug;
use std::sync::Arc;

use super::Shared;

/// Decides about each chunk read from a connection.
pub(crate) trait Dialogue: Debug + Send {
    /// The client sent `chunk`.
    fn on_client(&mut self, chunk: &[u8]) -> Passed;
    /// The upstream sent `chunk`.
    fn on_upstream(&mut self, chunk: &[u8]) -> Passed;
}

/// What is passed on, in order.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    pub(crate) to_upstream: Vec<u8>,
    pub(crate) to_client: Vec<Piece>,
}

/// A piece of what the client receives.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    /// These bytes, followed by endless filler.
    Endless(Vec<u8>),
    /// These bytes, and nothing more.
    Silence(Vec<u8>),
    /// The end of the connection.
    Close,
}

/// A dialogue in an unknown protocol: the bytes read after a command are its reply.
#[derive(Debug)]
pub(super) struct Bytes {
    shared: Arc<Shared>,
    swallow_next: bool,
}

impl Bytes {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, swallow_next: false }
    }
}

impl Dialogue for Bytes {
    fn on_client(&mut self, chunk: &[u8]) -> Passed {
        self.swallow_next |= self.shared.replies().takes_reply_of(chunk);
        Passed { to_upstream: chunk.to_vec(), to_client: Vec::new() }
    }

    fn on_upstream(&mut self, chunk: &[u8]) -> Passed {
        let mut replies = self.shared.replies();
        let piece = if self.swallow_next {
            replies.count_swallowed();
            Piece::Close
        } else {
            Piece::Bytes(replies.take_garbage().unwrap_or_else(|| chunk.to_vec()))
        };
        Passed { to_upstream: Vec::new(), to_client: vec![piece] }
    }
}
