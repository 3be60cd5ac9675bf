//! Tickets: each opens the WebSocket of one room once, for one user, because a browser can't send an
//! `Authorization` header there.

use contracts::ErrorCode;
use engine::RoomId;

use super::Members;
use crate::access::{Caller, Validity};
use crate::clock::WallTime;
use crate::id;
use crate::refusal::Refusal;
use crate::store::{TICKET_MS, Ticket};

/// A ticket, as its holder gets it.
#[derive(Clone, Debug)]
pub struct IssuedTicket {
    /// The secret that redeems it.
    pub secret: String,
    /// How long it is valid, in milliseconds.
    pub expires_in_ms: u64,
}

impl Members {
    /// Issues a ticket for a room to a caller.
    pub async fn issue_ticket(
        &self,
        caller: Caller,
        room_id: RoomId,
    ) -> Result<IssuedTicket, Refusal> {
        let ticket = Ticket::new(
            room_id,
            caller.user_id,
            caller.display_name,
            caller.guest,
            caller.family_id,
            (caller.validity.issued_at.as_millis(), caller.validity.expires_at.as_millis()),
            self.clock.now(),
        );
        let secret = id::secret();
        self.store.keep_ticket(&secret, ticket).await?;
        Ok(IssuedTicket { secret, expires_in_ms: TICKET_MS })
    }

    /// Uses a ticket up, and returns its caller. Refuses one that is unknown, used, expired or another
    /// room's.
    pub async fn redeem_ticket(
        &self,
        secret: Option<&str>,
        room_id: &RoomId,
    ) -> Result<Caller, Refusal> {
        let ticket = match secret {
            Some(secret) => self.store.redeem_ticket(room_id, secret).await?,
            None => None,
        };
        let ticket = ticket.ok_or_else(|| {
            let detail = "the ticket is missing, used, expired or another room's";
            Refusal::new(ErrorCode::TicketInvalid, detail)
        })?;
        let validity = Validity {
            issued_at: WallTime::from_millis(ticket.token_issued_at_ms),
            expires_at: WallTime::from_millis(ticket.token_expires_at_ms),
        };
        let Ticket { user_id, display_name, guest, family_id, .. } = ticket;
        Ok(Caller { user_id, display_name, guest, family_id, validity })
    }
}
