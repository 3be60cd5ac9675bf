//! Tickets: one use of one room's WebSocket by one user, because browsers can't send headers there.

use engine::{RoomId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::auth::Caller;

/// How long a ticket is good, in milliseconds.
const TICKET_MS: u64 = 30_000;

/// A place that a ticket opens. Its secret is known to the store and to whoever asked for it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ticket {
    /// The room.
    pub room_id: RoomId,
    /// The user.
    pub caller: Caller,
    /// When it runs out. Room clock.
    pub expires_at: Timestamp,
}

impl Ticket {
    /// A ticket that is good from now on.
    pub fn new(room_id: RoomId, caller: Caller, now: Timestamp) -> Self {
        Self { room_id, caller, expires_at: now.plus_millis(TICKET_MS) }
    }
}
