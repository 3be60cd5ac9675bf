//! Recoveries in progress. A room is recovered once at a time on this node, however many callers
//! need it, so that each loss costs one epoch.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::{Room, RoomId};
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::keys;
use crate::store::StoreError;

/// Rooms of the same stripe are rebuilt one after the other.
const STRIPES: usize = 64;

/// How many rooms that nobody here is connected to are looked for at once. Anybody may ask for a room that there
/// isn't, which costs a query of the database.
const STRANGE_AT_ONCE: usize = 4;
/// How many recoveries there may be at once, those that wait included.
const RECOVERIES_MAX: usize = 1024;

/// A recovery that any number of callers wait for.
pub(super) type Recovery = Shared<BoxFuture<'static, Recovered>>;
/// The recovered room, or `None` if there is no such room.
pub(super) type Recovered = Result<Option<Arc<Room>>, Arc<StoreError>>;

/// The recoveries in progress on this node.
pub(super) struct Recoveries {
    // A std mutex: never held across an await.
    by_room: Mutex<HashMap<RoomId, Recovery>>,
    stripes: [tokio::sync::Mutex<()>; STRIPES],
    strange: Semaphore,
}

impl Recoveries {
    /// Starts without any.
    pub(super) fn new() -> Self {
        let stripes = std::array::from_fn(|_| tokio::sync::Mutex::default());
        Self { by_room: Mutex::default(), stripes, strange: Semaphore::new(STRANGE_AT_ONCE) }
    }

    /// Returns whether so many are in progress that only rooms with connections here are recovered.
    pub(super) fn is_crowded(&self) -> bool {
        self.lock().len() >= RECOVERIES_MAX
    }

    /// Waits for the turn of a room that nobody here is connected to.
    pub(super) async fn take_strange_turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.strange.acquire().await.ok()
    }

    /// Returns the recovery of a room; calls `start` if none is in progress.
    pub(super) fn find_or_start(
        &self,
        room_id: &RoomId,
        start: impl FnOnce() -> Recovery,
    ) -> Recovery {
        self.lock().entry(room_id.clone()).or_insert_with(start).clone()
    }

    /// Removes a recovery that has ended.
    pub(super) fn remove(&self, room_id: &RoomId) {
        self.lock().remove(room_id);
    }

    /// Waits until nobody else on this node rebuilds any of these rooms. Stripes are locked in
    /// ascending order, so that callers can't deadlock.
    pub(super) async fn take_turns(
        &self,
        rooms: &[RoomId],
    ) -> Vec<tokio::sync::MutexGuard<'_, ()>> {
        let stripe = |room_id| usize::from(keys::shard_of(room_id)) % STRIPES;
        let stripes: BTreeSet<usize> = rooms.iter().map(stripe).collect();
        let mut turns = Vec::with_capacity(stripes.len());
        for stripe in stripes {
            turns.push(self.stripes[stripe].lock().await);
        }
        turns
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RoomId, Recovery>> {
        self.by_room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
