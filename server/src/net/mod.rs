//! TCP: accepting connections, counting them, knowing both ends, and closing without losing the last
//! response.

mod connections;
mod descriptors;
mod linger;
mod listener;
mod peer;
mod turn_away;

pub use connections::{Capacity, Connections, Slot};
pub use descriptors::{Shares, raise_limit, share_out};
pub use linger::LastRead;
pub use listener::{Door, accept, bind};
pub use peer::{Ends, Peer};
