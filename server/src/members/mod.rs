//! Who has joined which room, who is connected to it, and the tickets that open its WebSocket.

mod join;
mod present;
mod ticket;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contracts::ErrorCode;
use engine::{ParticipantId, Role, RoomId};
use tokio::sync::Semaphore;

pub use ticket::IssuedTicket;

use self::present::{LOADED_AT_ONCE, Loaded};
use crate::access::Proof;
use crate::clock::RoomClock;
use crate::hub::Hub;
use crate::refusal::Refusal;
use crate::store::{Present, Store, StoreError};
use crate::turns::Turns;

/// How long after a loss of the store nobody is refused for not having joined, in milliseconds: the nodes that they
/// are connected to may not have told it yet.
const TOLD_ANEW_WITHIN_MS: u64 = 2_000;

/// The members of all rooms.
#[derive(Debug)]
pub struct Members {
    store: Arc<dyn Store>,
    hub: Arc<Hub>,
    clock: RoomClock,
    /// How many members a room may have.
    max: usize,
    /// Large rosters that were loaded a moment ago.
    loaded: Mutex<HashMap<RoomId, Loaded>>,
    /// A permit for each roster that is being loaded.
    loading: Semaphore,
    /// The turns to join rooms that have a capacity of their own.
    joining: Turns,
}

/// What is known of somebody who has joined a room.
#[derive(Clone, Debug)]
pub struct Known {
    /// The role held without a grant of the room.
    pub base: Role,
    /// The display name; empty if it isn't known.
    pub display_name: String,
}

impl Default for Known {
    /// Somebody of whom nothing else is known.
    fn default() -> Self {
        Self { base: Role::Guest, display_name: String::new() }
    }
}

impl Known {
    fn of(present: &Present) -> Self {
        Self { base: present.base, display_name: present.display_name.clone() }
    }
}

impl Members {
    /// Makes the service. A room has at most `max` members.
    pub fn new(store: Arc<dyn Store>, hub: Arc<Hub>, clock: RoomClock, max: usize) -> Self {
        let loading = Semaphore::new(LOADED_AT_ONCE);
        let (loaded, joining) = (Mutex::default(), Turns::default());
        Self { store, hub, clock, max, loaded, loading, joining }
    }

    fn loaded(&self) -> MutexGuard<'_, HashMap<RoomId, Loaded>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the membership of a participant.
    pub async fn remove(&self, room_id: &RoomId, id: &ParticipantId) -> Result<(), StoreError> {
        self.store.remove_member(room_id, id).await
    }

    /// Refuses a user who hasn't joined the room.
    pub async fn check_joined(&self, proof: &Proof) -> Result<(), Refusal> {
        if self.find(proof.room_id(), proof.participant_id()).await?.is_some() {
            Ok(())
        } else {
            Err(Refusal::new(ErrorCode::NotMember, "join the room first"))
        }
    }

    /// Finds the role that a participant holds without a grant. Refuses an id under which nobody has joined
    /// the room.
    pub async fn find_base(&self, room_id: &RoomId, id: &ParticipantId) -> Result<Role, Refusal> {
        let known = self.find(room_id, id).await?;
        known.map(|known| known.base).ok_or_else(unknown_participant)
    }

    /// Finds a participant; `None` for somebody who hasn't joined. The store may
    /// have lost who has, so a participant who is connected to any node, or named by the room itself, has joined too.
    /// Right after a loss nobody can say of a participant that they haven't.
    pub async fn find(
        &self,
        room_id: &RoomId,
        id: &ParticipantId,
    ) -> Result<Option<Known>, StoreError> {
        let member = self.store.find_member(room_id, id).await?;
        let hub = self.hub.find(room_id);
        let present = hub.as_ref().and_then(|hub| hub.find_present(id));
        if let Some(member) = member {
            // The store knows the name of the last join.
            let display_name = present.map_or(member.display_name, |present| present.display_name);
            return Ok(Some(Known { base: member.base, display_name }));
        }
        if let Some(present) = present {
            return Ok(Some(Known::of(&present)));
        }
        let room = self.store.load(room_id).await?;
        if room.as_ref().is_some_and(|room| room.names(id)) {
            return Ok(Some(Known::default()));
        }
        // Everybody who asks could be a stranger: who is connected is loaded only if it isn't known.
        if hub.is_none_or(|hub| !hub.knows_remote()) {
            let (_, roster, _) = self.load_roster(room_id).await?;
            if let Some(present) = roster.find(id) {
                return Ok(Some(Known::of(present)));
            }
        }
        let lost_at = room.and_then(|room| room.rebased).map(|rebased| rebased.lossy_at);
        if lost_at.is_some_and(|at| self.clock.now().millis_since(at) < TOLD_ANEW_WITHIN_MS) {
            return Err(StoreError { operation: "find a member", cause: None });
        }
        Ok(None)
    }
}

/// Refuses an id under which nobody has joined the room.
pub fn unknown_participant() -> Refusal {
    Refusal::new(ErrorCode::ParticipantNotFound, "nobody of this id has joined the room")
}
