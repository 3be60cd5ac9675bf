//! Fan-out: who is connected to this node, and one commit to every connection.

mod aside;
mod barrier;
mod connection;
mod exchange;
mod found;
mod knocks;
mod looks;
mod outbox;
mod presence;
mod remote_nodes;
mod room_hub;
mod room_state;
mod roster;
mod round_trips;
mod spread;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use contracts::CloseCode;
use engine::{RoomId, Timestamp};

pub use barrier::BarrierAction;
pub use connection::{Connection, NewConnection};
pub use exchange::RemoteLoad;
pub use found::Found;
pub use looks::Looks;
pub use outbox::{OrderedFrame, Outbox, Outgoing};
pub use presence::Presence;
pub use room_hub::{AttachError, FollowState, RoomHub};
pub use roster::{ParticipantCursor, ParticipantPage, Roster};
pub use spread::SyncStatus;

use crate::store::Away;
use crate::wire;

/// The shortest and the longest period over which clients of a draining node reconnect, in
/// milliseconds. In between there is one millisecond for each connection.
const DRAIN_SPREAD_MS: (u64, u64) = (200, 10_000);

type Rooms = HashMap<RoomId, Arc<RoomHub>>;

/// Every room that somebody is or recently was connected to on this node.
#[derive(Debug)]
pub struct Hub {
    // Std locks are never held across an await. Nothing under them can be left half done, so it is
    // safe to use them after a panic.
    rooms: RwLock<Rooms>,
    /// Rooms whose presence must be sent to connections on this node.
    presence_changed: Mutex<HashSet<RoomId>>,
    /// Rooms whose presence must be sent to other nodes.
    presence_unsent: Mutex<HashSet<RoomId>>,
    /// Rooms whose players report how far they are from the playhead.
    reporting: Mutex<HashSet<RoomId>>,
    /// Rooms that somebody asks to join.
    knocked: Mutex<HashSet<RoomId>>,
    /// The rooms whose commands can't be stored, as the store last said.
    away: Mutex<Away>,
    drain_spread_ms: AtomicU64,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            rooms: RwLock::default(),
            presence_changed: Mutex::default(),
            presence_unsent: Mutex::default(),
            reporting: Mutex::default(),
            knocked: Mutex::default(),
            away: Mutex::default(),
            drain_spread_ms: AtomicU64::new(DRAIN_SPREAD_MS.0),
        }
    }
}

impl Hub {
    /// Returns a room's hub, after creating it if this node has none.
    pub fn find_or_create(&self, room_id: &RoomId, now: Timestamp) -> Arc<RoomHub> {
        if let Some(room) = self.find(room_id) {
            return room;
        }
        let create = || Arc::new(RoomHub::new(room_id.clone(), now));
        self.write().entry(room_id.clone()).or_insert_with(create).clone()
    }

    /// Returns a room's hub, if this node has one.
    pub fn find(&self, room_id: &RoomId) -> Option<Arc<RoomHub>> {
        self.read().get(room_id).cloned()
    }

    /// Forgets a room that nobody is connected to. Its hub accepts no connections after that.
    pub fn retire(&self, room: &RoomHub) {
        let mut rooms = self.write();
        if room.retire() {
            rooms.remove(&room.room_id);
        }
    }

    /// Returns the number of rooms on this node.
    pub fn room_count(&self) -> usize {
        self.read().len()
    }

    /// Returns every room on this node.
    pub fn all(&self) -> Vec<Arc<RoomHub>> {
        self.read().values().cloned().collect()
    }

    /// Returns the rooms that somebody is connected to on this node.
    pub fn rooms_with_connections(&self) -> Vec<RoomId> {
        let rooms = self.all();
        let attended = rooms.iter().filter(|room| room.connection_count() > 0);
        attended.map(|room| room.room_id.clone()).collect()
    }

    /// Closes every connection because this node is shutting down, and sets the period over which
    /// the clients reconnect.
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

    /// Returns the period over which the clients of a draining node reconnect, in milliseconds.
    pub fn drain_spread_ms(&self) -> u64 {
        self.drain_spread_ms.load(Ordering::Relaxed)
    }

    /// Sets the rooms whose commands can't be stored, and sends a change to every connection that it
    /// concerns.
    pub fn set_away(&self, away: Away) {
        let before = std::mem::replace(&mut *self.lock_away(), away);
        if before == away {
            return;
        }
        let [gone, back] = [false, true].map(|there| wire::text(&wire::authority_changed(there)));
        for room in self.all() {
            let is_away = away.has(&room.room_id);
            if is_away != before.has(&room.room_id) {
                room.set_authority(if is_away { &gone } else { &back });
            }
        }
    }

    /// Returns whether commands of a room can be stored, as the store last said.
    pub fn is_reachable(&self, room_id: &RoomId) -> bool {
        !self.lock_away().has(room_id)
    }

    fn lock_away(&self) -> MutexGuard<'_, Away> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a room's presence has changed, so that it is sent to connections on this node.
    pub fn mark_presence_changed(&self, room_id: &RoomId) {
        insert(&self.presence_changed, room_id);
    }

    /// Returns the rooms whose presence has changed since the last call.
    pub fn take_presence_changed(&self) -> Vec<Arc<RoomHub>> {
        self.take(&self.presence_changed)
    }

    /// Notes that a room's presence must be sent to other nodes.
    pub fn mark_presence_unsent(&self, room_id: &RoomId) {
        insert(&self.presence_unsent, room_id);
    }

    /// Returns the rooms whose presence must be sent to other nodes since the last call. Those that are
    /// away are left for a later one.
    pub fn take_presence_unsent(&self) -> Vec<Arc<RoomHub>> {
        let away = *self.lock_away();
        let mut unsent = self.presence_unsent.lock().unwrap_or_else(PoisonError::into_inner);
        let sendable: Vec<RoomId> = unsent.extract_if(|room_id| !away.has(room_id)).collect();
        drop(unsent);
        sendable.iter().filter_map(|room_id| self.find(room_id)).collect()
    }

    /// Notes that a room's players report, so that its spread is published.
    pub fn mark_reporting(&self, room_id: &RoomId) {
        insert(&self.reporting, room_id);
    }

    /// Returns the rooms whose players have reported since the last call.
    pub fn take_reporting(&self) -> Vec<Arc<RoomHub>> {
        self.take(&self.reporting)
    }

    /// Notes that somebody asks to join a room, or doesn't any more.
    pub fn mark_knocked(&self, room_id: &RoomId) {
        insert(&self.knocked, room_id);
    }

    /// Returns the rooms that somebody has asked to join since the last call.
    pub fn take_knocked(&self) -> Vec<Arc<RoomHub>> {
        self.take(&self.knocked)
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

fn insert(rooms: &Mutex<HashSet<RoomId>>, room_id: &RoomId) {
    rooms.lock().unwrap_or_else(PoisonError::into_inner).insert(room_id.clone());
}
