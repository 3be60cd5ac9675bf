//! Fan-out: who is connected to this node, and one commit to every connection.

mod barrier;
mod connection;
mod elsewhere;
mod outbox;
mod presence;
mod room_hub;
mod room_state;
mod spread;
mod told;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use contracts::CloseCode;
use engine::{RoomId, Timestamp};

pub use barrier::BarrierStep;
pub use connection::{Connection, NewConnection};
pub use outbox::{OrderedFrame, Outbox, Outgoing};
pub use presence::{ParticipantCursor, ParticipantPage, Presence};
pub use room_hub::{Attached, Followed, NotAttached, RoomHub};
pub use spread::Reported;
pub use told::Load;

use crate::wire;

/// Within which time connections are told to come back, at least and at most, in milliseconds. At
/// most so many a second return as there are milliseconds in one.
const DRAIN_SPREAD_MS: (u64, u64) = (200, 10_000);

type Rooms = HashMap<RoomId, Arc<RoomHub>>;

/// Every room that somebody is connected to here, or was until lately.
#[derive(Debug)]
pub struct Hub {
    // Std locks: never held across an await. Nothing under them can be left half done, so a lock
    // that a panic poisoned is as good as another.
    rooms: RwLock<Rooms>,
    /// Rooms whose presence is to be shown to those connected here …
    stirred: Mutex<HashSet<RoomId>>,
    /// … and rooms where other nodes are to be told who is connected here.
    untold: Mutex<HashSet<RoomId>>,
    /// Rooms whose players report how far they are from the room.
    reporting: Mutex<HashSet<RoomId>>,
    /// Whether commands can be stored, as the store said last.
    reachable: AtomicBool,
    drain_spread_ms: AtomicU64,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            rooms: RwLock::default(),
            stirred: Mutex::default(),
            untold: Mutex::default(),
            reporting: Mutex::default(),
            reachable: AtomicBool::new(true),
            drain_spread_ms: AtomicU64::new(DRAIN_SPREAD_MS.0),
        }
    }
}

impl Hub {
    /// A room's connections; made empty on first sight.
    pub fn room(&self, room_id: &RoomId, now: Timestamp) -> Arc<RoomHub> {
        if let Some(room) = self.find(room_id) {
            return room;
        }
        let make = || Arc::new(RoomHub::new(room_id.clone(), now));
        self.write().entry(room_id.clone()).or_insert_with(make).clone()
    }

    /// A room's connections, if this node has seen the room.
    pub fn find(&self, room_id: &RoomId) -> Option<Arc<RoomHub>> {
        self.read().get(room_id).cloned()
    }

    /// Forgets a room that nobody is connected to. Whoever still holds it can't connect to it.
    pub fn retire(&self, room: &RoomHub) {
        let mut rooms = self.write();
        if room.retire() {
            rooms.remove(&room.room_id);
        }
    }

    /// How many rooms this node knows.
    pub fn room_count(&self) -> usize {
        self.read().len()
    }

    /// Every room that this node knows.
    pub fn all(&self) -> Vec<Arc<RoomHub>> {
        self.read().values().cloned().collect()
    }

    /// Rooms that somebody is connected to here.
    pub fn attended(&self) -> Vec<RoomId> {
        let rooms = self.all();
        let attended = rooms.iter().filter(|room| room.connection_count() > 0);
        attended.map(|room| room.room_id.clone()).collect()
    }

    /// Closes every connection, because this node goes away, and spreads their return.
    pub fn drain(&self) {
        let rooms = self.all();
        let connections: usize = rooms.iter().map(|room| room.connection_count()).sum();
        let (least, most) = DRAIN_SPREAD_MS;
        let spread_ms = u64::try_from(connections).unwrap_or(most).clamp(least, most);
        self.drain_spread_ms.store(spread_ms, Ordering::Relaxed);
        for room in rooms {
            room.close_all(CloseCode::DRAINING);
        }
    }

    /// Within which time connections are to come back from a node that goes away, in milliseconds.
    pub fn drain_spread_ms(&self) -> u64 {
        self.drain_spread_ms.load(Ordering::Relaxed)
    }

    /// Takes note of whether commands can be stored, and tells everybody.
    pub fn set_reachable(&self, reachable: bool) {
        if self.reachable.swap(reachable, Ordering::Relaxed) == reachable {
            return;
        }
        let text = wire::text(&wire::authority_changed(reachable));
        for room in self.all() {
            room.set_authority(&text);
        }
    }

    /// Whether commands can be stored, as the store said last.
    pub fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    /// Notes that the presence of a room has changed, to be shown with the next beat.
    pub fn stir(&self, room_id: &RoomId) {
        self.stirred.lock().unwrap_or_else(PoisonError::into_inner).insert(room_id.clone());
    }

    /// Rooms whose presence has changed since the last call.
    pub fn take_stirred(&self) -> Vec<Arc<RoomHub>> {
        self.take(&self.stirred)
    }

    /// Notes that other nodes are to be told of this one, with the next beat.
    pub fn tell_later(&self, room_id: &RoomId) {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner).insert(room_id.clone());
    }

    /// Rooms where other nodes are to be told of this one.
    pub fn take_untold(&self) -> Vec<Arc<RoomHub>> {
        self.take(&self.untold)
    }

    /// Notes that a room's spread is to be looked at with the next beat.
    pub fn look_later(&self, room_id: &RoomId) {
        self.reporting.lock().unwrap_or_else(PoisonError::into_inner).insert(room_id.clone());
    }

    /// Rooms whose spread is to be looked at.
    pub fn take_reporting(&self) -> Vec<Arc<RoomHub>> {
        self.take(&self.reporting)
    }

    fn take(&self, rooms: &Mutex<HashSet<RoomId>>) -> Vec<Arc<RoomHub>> {
        let rooms = std::mem::take(&mut *rooms.lock().unwrap_or_else(PoisonError::into_inner));
        rooms.iter().filter_map(|room_id| self.find(room_id)).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Rooms> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Rooms> {
        self.rooms.write().unwrap_or_else(PoisonError::into_inner)
    }
}
