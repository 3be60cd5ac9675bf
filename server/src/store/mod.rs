//! Where state is kept that nodes share. A store knows no playback rule: it stores what `engine`
//! decided.

mod bus;
pub mod laws;
mod members;
mod memory;
mod redis;
mod rooms;

pub use bus::{
    Bus, Elsewhere, News, NodeId, NodePresence, NodeSpread, Notice, PresenceUpdate, Present,
    Published,
};
pub use members::{Member, MemberStore, Ticket};
pub use memory::{MemoryStore, OpenError};
pub use redis::{RedisOpenError, RedisStore};
pub use rooms::{CommitOutcome, LifeSigns, Listed, RoomStore};

/// Everything that a node needs of a store.
pub trait Store: RoomStore + MemberStore + Bus {}

impl<T: RoomStore + MemberStore + Bus> Store for T {}

/// The store couldn't do an operation, or its answer was lost.
#[derive(Debug, thiserror::Error)]
#[error("store: {operation}")]
pub struct StoreError {
    /// The operation.
    pub operation: &'static str,
    /// The cause, for the log.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}
