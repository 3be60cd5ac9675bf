//! What is said over one connection, and what of it passes.

use std::fmt::Debug;
use std::sync::Arc;

use super::Shared;

/// Decides over each piece read from a connection.
pub(crate) trait Dialogue: Debug + Send {
    /// The client said `chunk`.
    fn on_client(&mut self, chunk: &[u8]) -> Passed;
    /// The upstream said `chunk`.
    fn on_upstream(&mut self, chunk: &[u8]) -> Passed;
}

/// What goes on from here; each list in its order.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    pub(crate) to_upstream: Vec<u8>,
    pub(crate) to_client: Vec<Said>,
}

/// Something for the client.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Said {
    Bytes(Vec<u8>),
    /// These bytes, and then a filler without end.
    Endless(Vec<u8>),
    /// These bytes, and then nothing any more.
    Silence(Vec<u8>),
    /// The end of the connection.
    Close,
}

/// A dialogue in a language we don't know: whatever is read after a command is its reply.
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
        let said = if self.swallow_next {
            replies.count_swallowed();
            Said::Close
        } else {
            Said::Bytes(replies.take_garbage().unwrap_or_else(|| chunk.to_vec()))
        };
        Passed { to_upstream: Vec::new(), to_client: vec![said] }
    }
}
