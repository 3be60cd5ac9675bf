//! Tickets: one use of one room's WebSocket by one user, because browsers can't send headers there.

use std::collections::HashMap;
use std::sync::Mutex;

use engine::{RoomId, Timestamp};

use crate::auth::Caller;
use crate::id;
use crate::refusal::Refusal;

/// How long a ticket is good, in milliseconds.
const TICKET_MS: u64 = 30_000;
/// How many tickets wait for their use at once.
const TICKETS_MAX: usize = 100_000;

/// A place that a ticket opens.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// The room.
    pub room_id: RoomId,
    /// The user.
    pub caller: Caller,
    /// When it runs out. Room clock.
    pub expires_at: Timestamp,
}

/// Tickets that wait for their use.
#[derive(Debug, Default)]
pub struct Tickets {
    // A std mutex: never held across an await.
    waiting: Mutex<HashMap<String, Ticket>>,
}

impl Tickets {
    /// A new ticket and when it runs out.
    pub fn issue(
        &self,
        room_id: RoomId,
        caller: Caller,
        now: Timestamp,
    ) -> Result<(String, Timestamp), Refusal> {
        let mut waiting = self.waiting.lock().expect("not poisoned");
        if waiting.len() >= TICKETS_MAX {
            waiting.retain(|_, ticket| ticket.expires_at > now);
        }
        if waiting.len() >= TICKETS_MAX {
            return Err(Refusal::new("limit_reached", "too many joins are under way"));
        }
        let secret = id::secret();
        let expires_at = now.plus_millis(TICKET_MS);
        waiting.insert(secret.clone(), Ticket { room_id, caller, expires_at });
        Ok((secret, expires_at))
    }

    /// Uses a ticket up.
    pub fn redeem(&self, secret: &str, now: Timestamp) -> Option<Ticket> {
        let ticket = self.waiting.lock().expect("not poisoned").remove(secret)?;
        (ticket.expires_at > now).then_some(ticket)
    }

    /// Forgets tickets that ran out.
    pub fn sweep(&self, now: Timestamp) {
        self.waiting.lock().expect("not poisoned").retain(|_, ticket| ticket.expires_at > now);
    }
}
