//! State that nodes share, behind one trait for each part of it. A store has no rules of its own: it
//! stores what `engine` decides.
//!
//! | where | what |
//! |---|---|
//! | `rooms`, `members`, `bus` | the traits, with the plain data that they exchange |
//! | `away` | the rooms whose commands can't be stored now |
//! | `error` | why a store couldn't do an operation |
//! | `laws` | the behavior that every store must show |
//! | `backlog`, `snapshots` | snapshots of rooms, written to SQL behind the commits |
//! | `memory` | the store of a single node: memory and a journal |
//! | `redis` | the store of any number of nodes |

mod away;
mod backlog;
mod bus;
mod error;
pub mod laws;
mod members;
mod memory;
mod redis;
mod rooms;
mod snapshots;

pub use away::Away;
pub use bus::{
    Bus, Elsewhere, News, NodeId, NodePresence, NodeSpread, Notice, PresenceUpdate, Present,
    Published,
};
pub use error::StoreError;
pub use members::{Member, MemberStore, TICKET_MS, Ticket};
pub use memory::{JOURNAL_FILE, MemoryStore, OpenError};
pub use redis::{RedisOpenError, RedisStore};
pub use rooms::{CLOCKS_APART_MS, CommitOutcome, LifeSigns, Listed, RoomStore};

/// Everything that a node needs of a store.
pub trait Store: RoomStore + MemberStore + Bus {}

impl<T: RoomStore + MemberStore + Bus> Store for T {}
