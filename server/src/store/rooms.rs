//! Rooms: their durable state, and the signs of life that keep them going.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{Commit, Room, RoomId, Timestamp};

use super::StoreError;

/// How far apart the clocks of a node and its store may be, in milliseconds. A commit whose time is further
/// from the store's is decided again.
pub const CLOCKS_APART_MS: u64 = 250;

/// The outcome of a commit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CommitOutcome {
    /// Stored, durable, and published to every subscriber in the order of versions.
    Committed,
    /// The room has moved on. Load it and decide again.
    Conflict,
    /// The room doesn't exist.
    Gone,
}

/// What keeps a room going. Not part of its state.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LifeSigns {
    /// When the host's lease ends, if there is one.
    pub lease: Option<Timestamp>,
    /// When a node last recorded that the room has connections. Initially when the room was created.
    pub attended: Option<Timestamp>,
}

/// A room in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The room.
    pub room: Arc<Room>,
    /// How many participants are connected to all nodes; `None` if the store doesn't know.
    pub viewer_count: Option<u64>,
}

/// Stores rooms.
#[async_trait]
pub trait RoomStore: std::fmt::Debug + Send + Sync + 'static {
    /// Stores a new room.
    ///
    /// # Behavior
    /// - The room is durable when this returns.
    /// - A `room_id` or `code` that is taken is an error.
    async fn create(&self, room: Room) -> Result<(), StoreError>;

    /// Loads a room as this node knows it, or `None` if it doesn't exist. Costs nothing for a room that
    /// the node follows, and may lag behind by what is on its way.
    async fn load(&self, room_id: &RoomId) -> Result<Option<Arc<Room>>, StoreError>;

    /// Loads the newest durable state of a room, or `None` if it doesn't exist.
    async fn load_newest(&self, room_id: &RoomId) -> Result<Option<Arc<Room>>, StoreError>;

    /// Finds the room of a code.
    async fn find_code(&self, code: &str) -> Result<Option<RoomId>, StoreError>;

    /// Stores a commit, if the room is still as it was when `commit` was decided. Nothing else writes
    /// leases, deadlines and deletions with it, or publishes it.
    ///
    /// # Behavior
    /// - `room` is the room before the commit, as `load` or `load_newest` returned it.
    /// - `Committed` means durable. Only then is the commit published.
    /// - `Conflict` unless the room is still at the place of `room`.
    /// - A failure or a dropped call may or may not have stored it; it is never half stored.
    /// - A commit that deletes the room leaves nothing of it behind.
    async fn commit(
        &self,
        room: &Arc<Room>,
        commit: Arc<Commit>,
    ) -> Result<CommitOutcome, StoreError>;

    /// Renews the host's lease until `until`; zero ends it. Not a commit.
    async fn renew_lease(&self, room_id: &RoomId, until: Timestamp) -> Result<(), StoreError>;

    /// Records that each of these rooms has connections to this node now. Not a commit.
    async fn attend(&self, rooms: &[RoomId], now: Timestamp) -> Result<(), StoreError>;

    /// Loads what keeps a room going.
    async fn life_signs(&self, room_id: &RoomId) -> Result<LifeSigns, StoreError>;

    /// Lists up to `max` rooms that are due at `now`: by a committed deadline, an expired lease, or
    /// because they are idle.
    async fn list_due(&self, now: Timestamp, max: usize) -> Result<Vec<RoomId>, StoreError>;

    /// Fails while no commit can be stored, of any room.
    async fn check_writable(&self) -> Result<(), StoreError>;

    /// Lists the open rooms that are public.
    async fn list_public(&self) -> Result<Vec<Listed>, StoreError>;

    /// Takes no more writes, finishes those under way, and releases what the store holds.
    async fn close(&self);
}
