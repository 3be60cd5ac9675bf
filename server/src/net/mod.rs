//! TCP: accepting connections, counting them, knowing both ends, and closing without losing the last
//! response. And who is at the other end: through which proxies, and from which page.

mod connections;
mod descriptors;
mod forwarded;
mod idle;
mod linger;
mod listener;
mod origin;
mod peer;
mod tracked_body;
mod turn_away;

pub use connections::{Capacity, Connections, Slot};
pub use descriptors::{Shares, raise_limit, share_out};
pub use forwarded::parse_authority;
pub use idle::IdleConnections;
pub use linger::LastRead;
pub use listener::{Door, accept, bind};
pub use origin::Origins;
pub use peer::{BaseUrl, Client, Ends, Peer};
