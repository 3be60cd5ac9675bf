//! TCP: accepting connections, counting them, knowing both ends, and closing without losing the last
//! response.

mod connections;
mod linger;
mod listener;
mod peer;

pub use connections::{Capacity, Connections, Slot};
pub use linger::LastRead;
pub use listener::{Door, accept, bind};
pub use peer::{Ends, Peer};
