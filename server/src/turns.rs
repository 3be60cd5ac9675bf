//! Lets what this node does about one room come one after the other, where no hub holds the room.

use tokio::sync::{Mutex, MutexGuard};

/// What falls into the same stripe waits for its turn, too.
const STRIPES: usize = 64;

/// Turns by name: of a room, or of the request to create one.
#[derive(Debug)]
pub struct Turns([Mutex<()>; STRIPES]);

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Turns {
    /// Waits for a turn, which lasts until the guard is dropped.
    pub async fn take(&self, name: &str) -> MutexGuard<'_, ()> {
        let sum = name.bytes().map(usize::from).sum::<usize>();
        self.0[sum % STRIPES].lock().await
    }
}
