//! Tests the promises under faults: real processes are killed while members command rooms; what every
//! member sends and receives is recorded, and the checker checks it.

mod campaign;
mod emptied;
mod member;
mod node_killed;
mod outcome;
mod party;
mod redis_killed;
mod server_killed;
mod site;

pub use self::campaign::{Campaign, Scenario};
pub use self::emptied::emptied;
pub use self::member::{Member, Order, Person, Progress};
pub use self::node_killed::node_killed;
pub use self::outcome::{Invariant, Outcome};
pub use self::party::{Crowd, Size};
pub use self::redis_killed::{redis_always, redis_everysec};
pub use self::server_killed::server_killed;
pub use self::site::{Ground, Site};

/// After a restart, this percentage of commanders must be served within this many milliseconds.
const SERVED_MUST_MS: [(u64, u64); 2] = [(50, 1_000), (100, 5_000)];
