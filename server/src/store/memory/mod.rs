//! The store of a single node: rooms in memory, with a write-ahead journal, so that what is
//! acknowledged survives a crash.
//!
//! A commit is decided on durable state alone. It holds the turn of its room, so that a room has one
//! commit in progress at a time, and passes through one writer: the journal, then the tables, then
//! the subscribers, then the caller.
//!
//! | files | what |
//! |---|---|
//! | `members` `tickets` `batch` `job` `error` | data |
//! | `journal` `checksum` `replay` `shrink` | the file: writing, reading and shrinking it |
//! | `restore` `salvage` | what is done at a start about rooms that the file lacks, and about a damaged file |
//! | `alive` | the sign of life, by which the next start knows how long no server was running |
//! | `freeze` `give_back` | notices that the process stood still, and gives the time back |
//! | `tables` | the durable state in memory |
//! | `writer` `delete` | the only task that writes, and what it leaves to SQL |
//! | `store` `open` | the traits, and the start |

mod alive;
mod batch;
mod checksum;
mod damage;
mod delete;
mod error;
mod freeze;
mod give_back;
mod job;
mod journal;
mod members;
mod open;
mod replay;
mod restore;
mod salvage;
mod schema;
mod shrink;
mod store;
mod tables;
mod tickets;
mod writer;

pub use error::OpenError;
pub use journal::FILE as JOURNAL_FILE;
pub use store::MemoryStore;

#[cfg(test)]
mod tests;
