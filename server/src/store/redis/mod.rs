//! The store of any number of nodes. Every write is one script, which compares what the decision was
//! based on with what is stored. A change reaches all nodes by a message, the node that made it
//! included.
//!
//! Redis may lose what it holds. Epochs come from SQL, each state says which Redis process wrote it,
//! and whatever is missing or was written by another process is rebuilt.
//!
//! | files | what |
//! |---|---|
//! | `client` `script` `keys` `codec` `slots` `message` | how Redis is reached, and what it holds |
//! | `followed` `deadlines` `recovery` `outages` `damage` `clock_filter` `steady` `masters` | what a node keeps |
//! | `node` | one running server: all of the above |
//! | `commit` `put` `read` `members` `presence` `tell` `due` `listing` | operations |
//! | `follow` `take` `beat` `steer` `watch` `nodes` `sweep` | tasks |
//! | `recover` `rebuild` `mend` `adopt` `count` | recovery |
//! | `store` `open` | the traits, and the start |

mod adopt;
mod beat;
mod client;
mod clock_filter;
mod codec;
mod commit;
mod count;
mod damage;
mod deadlines;
mod due;
mod follow;
mod followed;
mod keys;
mod listing;
mod masters;
mod members;
mod mend;
mod message;
mod node;
mod nodes;
mod open;
mod outages;
mod presence;
mod put;
mod read;
mod rebuild;
mod recover;
mod recovery;
mod script;
mod slots;
mod steady;
mod steer;
mod store;
mod sweep;
mod take;
mod tell;
mod watch;

pub use open::RedisOpenError;
pub use store::RedisStore;
