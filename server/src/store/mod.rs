//! Where rooms are kept. A store knows no playback rule: it stores what `engine` decided.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{Commit, ParticipantId, Role, Room, RoomId, Timestamp};
use tokio::sync::mpsc;

pub mod conformance;
mod memory;

pub use memory::{MemoryStore, OpenError};

/// What became of a commit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CommitOutcome {
    /// Stored, durable, and published to every subscriber in the order of versions.
    Committed,
    /// The room has moved on; load it and decide again.
    Conflict,
    /// There is no such room.
    Gone,
}

/// A stored commit with the room it made.
#[derive(Clone, Debug)]
pub struct Published {
    /// The room after the commit.
    pub room: Arc<Room>,
    /// The commit.
    pub commit: Arc<Commit>,
}

/// Somebody who joined a room.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// Who.
    pub participant_id: ParticipantId,
    /// The user behind the participant.
    pub user_id: String,
    /// What the user is called.
    pub display_name: String,
    /// The role held without any grant of the room.
    pub base: Role,
}

/// The state can't be reached.
#[derive(Debug, thiserror::Error)]
#[error("store: {operation}")]
pub struct StoreError {
    /// Which operation.
    pub operation: &'static str,
    /// What went wrong, for the log.
    #[source]
    pub cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Keeps rooms, members, leases and deadlines.
#[async_trait]
pub trait RoomStore: std::fmt::Debug + Send + Sync + 'static {
    /// Stores a new room.
    ///
    /// # Behavior
    /// - The room is durable when this returns.
    /// - A `room_id` or `code` that is taken is an error.
    async fn create(&self, room: Room) -> Result<(), StoreError>;

    /// The newest durable state of a room, or `None` if there is none.
    async fn load(&self, room_id: &RoomId) -> Result<Option<Arc<Room>>, StoreError>;

    /// The room of a code.
    async fn find_code(&self, code: &str) -> Result<Option<RoomId>, StoreError>;

    /// Makes a commit so, if the room is at the version before.
    ///
    /// # Behavior
    /// - `Committed` only when durable; published after that, before this returns.
    /// - `Conflict` unless `commit.version` is the room's next.
    /// - A failure or a dropped call may or may not have stored it; it is never half stored.
    /// - A commit that deletes the room leaves nothing of it behind.
    async fn commit(
        &self,
        room_id: &RoomId,
        commit: Arc<Commit>,
    ) -> Result<CommitOutcome, StoreError>;

    /// Remembers a member.
    ///
    /// # Behavior
    /// - The same participant again replaces the entry.
    /// - Beyond `max` the oldest entries that `is_present` denies make room; `false` if none does.
    /// - Not durable at once: after a crash somebody may have to join again.
    async fn add_member(
        &self,
        room_id: &RoomId,
        member: Member,
        max: usize,
        is_present: &(dyn for<'a> Fn(&'a ParticipantId) -> bool + Send + Sync),
    ) -> Result<bool, StoreError>;

    /// A member of a room.
    async fn find_member(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<Option<Member>, StoreError>;

    /// Says that the host is alive until `until`; zero ends the lease. No commit.
    async fn renew_lease(&self, room_id: &RoomId, until: Timestamp) -> Result<(), StoreError>;

    /// When the host's lease ends; `None` if it has none.
    async fn lease(&self, room_id: &RoomId) -> Result<Option<Timestamp>, StoreError>;

    /// Rooms with a committed deadline or a lease that is over at `now`, at most `max`.
    async fn list_due(&self, now: Timestamp, max: usize) -> Result<Vec<RoomId>, StoreError>;

    /// Fails while commits can't be stored.
    async fn check_writable(&self) -> Result<(), StoreError>;

    /// Open rooms that are listed.
    async fn list_public(&self) -> Result<Vec<Arc<Room>>, StoreError>;

    /// The ids of all rooms, for the sweeper.
    async fn list_rooms(&self) -> Result<Vec<RoomId>, StoreError>;

    /// Every commit from now on, in order for each room. A subscriber that lags holds up commits,
    /// so it must not block.
    fn subscribe(&self) -> mpsc::Receiver<Published>;
}
