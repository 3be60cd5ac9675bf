//! What this node knows about the rooms that it follows: the newest state of each, and the state
//! that its subscribers were told.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use engine::{Commit, Room, RoomId};

/// How many commits may wait for the first state. The state is newer than any further ones.
const PENDING_MAX: usize = 256;

/// A room that this node follows.
#[derive(Debug)]
pub(super) struct FollowedRoom {
    pub(super) room_id: RoomId,
    /// Held while the room is read to catch up, so that only one caller does.
    pub(super) catching_up: tokio::sync::Mutex<()>,
    // A std mutex: never held across an await.
    progress: Mutex<Progress>,
}

/// How far a node has come with a followed room.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The newest state known, on which decisions are made. Never behind `told`.
    pub(super) newest: Option<Arc<Room>>,
    /// The state that the subscribers were told. `None` before the first one, and after a subscriber
    /// missed something.
    pub(super) told: Option<Arc<Room>>,
    /// Commits received before the first state, or while what was told is in doubt.
    pub(super) pending: VecDeque<Commit>,
    /// The epoch in which Redis has gone on from an older state than `told`, so that the room is being rebuilt.
    pub(super) doubted: Option<u64>,
}

impl FollowedRoom {
    fn new(room_id: RoomId) -> Self {
        Self { room_id, catching_up: tokio::sync::Mutex::new(()), progress: Mutex::default() }
    }

    /// Returns the newest state that this node knows.
    pub(super) fn newest(&self) -> Option<Arc<Room>> {
        self.lock().newest.clone()
    }

    /// Returns the state that the subscribers were told.
    pub(super) fn told(&self) -> Option<Arc<Room>> {
        self.lock().told.clone()
    }

    /// Locks the progress, so that nobody else's news come between.
    pub(super) fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// Replaces the newest state if `room` is later in the order.
    pub(super) fn raise_newest(&mut self, room: &Arc<Room>) {
        if self.newest.as_ref().is_none_or(|newest| newest.place() < room.place()) {
            self.newest = Some(room.clone());
        }
    }

    /// Keeps a commit until the first state is known.
    pub(super) fn keep_pending(&mut self, commit: Commit) {
        if self.pending.len() < PENDING_MAX {
            self.pending.push_back(commit);
        }
    }
}

/// The rooms that this node follows.
#[derive(Debug, Default)]
pub(super) struct FollowedRooms(RwLock<HashMap<RoomId, Arc<FollowedRoom>>>);

impl FollowedRooms {
    /// Returns a room, which is followed from now on.
    pub(super) fn find_or_add(&self, room_id: &RoomId) -> Arc<FollowedRoom> {
        let mut rooms = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(FollowedRoom::new(room_id.clone()));
        rooms.entry(room_id.clone()).or_insert_with(new).clone()
    }

    /// Returns a room if it is followed.
    pub(super) fn find(&self, room_id: &RoomId) -> Option<Arc<FollowedRoom>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(room_id).cloned()
    }

    /// Whether Redis has gone on, in this epoch, from an older state of a room than its subscribers were told.
    pub(super) fn is_doubted(&self, room_id: &RoomId, epoch: u64) -> bool {
        self.find(room_id).is_some_and(|followed| followed.lock().doubted == Some(epoch))
    }

    /// Returns all rooms.
    pub(super) fn all(&self) -> Vec<Arc<FollowedRoom>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Removes a room.
    pub(super) fn remove(&self, room_id: &RoomId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(room_id);
    }

    /// Calls `run` with whether a room is followed, which doesn't change meanwhile.
    pub(super) fn while_locked<T>(&self, room_id: &RoomId, run: impl FnOnce(bool) -> T) -> T {
        let rooms = self.0.read().unwrap_or_else(PoisonError::into_inner);
        run(rooms.contains_key(room_id))
    }
}
