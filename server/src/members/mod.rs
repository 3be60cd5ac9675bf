//! Who has joined which room, who is connected to it, and the tickets that open its WebSocket.

mod join;
mod present;
mod ticket;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contracts::ErrorCode;
use engine::{ParticipantId, RoomId};

pub use ticket::IssuedTicket;

use self::present::Loaded;
use crate::access::Proof;
use crate::clock::RoomClock;
use crate::hub::Hub;
use crate::refusal::Refusal;
use crate::store::{Member, Store};

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
}

impl Members {
    /// Makes the service. A room has at most `max` members.
    pub fn new(store: Arc<dyn Store>, hub: Arc<Hub>, clock: RoomClock, max: usize) -> Self {
        Self { store, hub, clock, max, loaded: Mutex::default() }
    }

    fn loaded(&self) -> MutexGuard<'_, HashMap<RoomId, Loaded>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a user who hasn't joined the room.
    pub async fn check_joined(&self, proof: &Proof) -> Result<(), Refusal> {
        match self.store.find_member(proof.room_id(), proof.participant_id()).await? {
            Some(_) => Ok(()),
            None => Err(Refusal::new(ErrorCode::NotMember, "join the room first")),
        }
    }

    /// Finds the member of a participant id. Refuses one under which nobody has joined the room.
    pub async fn find_member(
        &self,
        room_id: &RoomId,
        participant_id: &ParticipantId,
    ) -> Result<Member, Refusal> {
        let member = self.store.find_member(room_id, participant_id).await?;
        member.ok_or_else(|| {
            let detail = "nobody of this id has joined the room";
            Refusal::new(ErrorCode::ParticipantNotFound, detail)
        })
    }
}
